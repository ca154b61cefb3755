//! The sessions of a user; what needs the password again.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use certsession_axum::{AuthMethod, CertSession, Elevated, Error, FlashLevel, Page, SignedIn};
use serde::Deserialize;
use std::fmt::Write;
use std::time::Duration;

use crate::page::{back_to, escape, form, page};
use crate::shop::Confirmed;

const ELEVATED_FOR: Duration = Duration::from_secs(300);

#[derive(Deserialize)]
pub(crate) struct Password {
    csrf: String,
    password: String,
}

pub(crate) async fn show(name: SignedIn, session: CertSession) -> Result<Response, Error> {
    let mut body = format!("<h1>{}</h1><ul>", escape(name.as_str()));
    let own = session.handle();
    // The first hundred; the page says where the next begins.
    let listed = session.sessions(&Page::default()).await?;
    for one in listed.sessions() {
        let agent = one.device().and_then(|device| device.agent());
        let agent = escape(agent.unwrap_or("an unknown device"));
        let (handle, seen) = (one.handle(), one.last_seen_at());
        let mark = if Some(handle) == own {
            " (this one)"
        } else {
            ""
        };
        let end = form(&session, &format!("/account/end/{handle}"), "").await?;
        // Writing to a string cannot fail.
        let _ = write!(body, "<li>{agent}, last used {seen}{mark}{end}</li>");
    }
    body.push_str("</ul>");
    body += &form(&session, "/account/end-others", "").await?;
    body += &form(
        &session,
        "/account/confirm",
        "<input type=\"password\" name=\"password\">",
    )
    .await?;
    page(&session, &body).await
}

/// The password again, for what needs more than a sign-in.
pub(crate) async fn confirm(
    name: SignedIn,
    session: CertSession,
    State(state): State<crate::State>,
    Form(form): Form<Password>,
) -> Result<Response, Error> {
    session.check_csrf(&form.csrf)?;
    match state.users.is_password(name.as_str(), &form.password) {
        true => session.elevate(AuthMethod::PASSWORD, ELEVATED_FOR)?,
        false => session.flash(FlashLevel::Error, "That is not your password.")?,
    }
    Ok(back_to("/account"))
}

/// Ends the other sessions too: a thief who knew the old password is out.
pub(crate) async fn change_password(
    user: Elevated,
    session: CertSession,
    State(state): State<crate::State>,
    Form(form): Form<Password>,
) -> Result<Response, Error> {
    session.check_csrf(&form.csrf)?;
    state
        .users
        .set_password(user.principal().as_str(), form.password);
    let ended = session.revoke_others().await?;
    session.flash(
        FlashLevel::Success,
        format!("Changed; {ended} other sessions ended."),
    )?;
    Ok(back_to("/account"))
}

pub(crate) async fn end(
    session: CertSession,
    Path(handle): Path<String>,
    Form(Confirmed { csrf }): Form<Confirmed>,
) -> Result<Response, Error> {
    session.check_csrf(&csrf)?;
    let ended = match handle.parse() {
        Ok(handle) => session.revoke(handle).await?,
        Err(_) => false,
    };
    if !ended {
        session.flash(FlashLevel::Info, "There is no such session.")?;
    }
    Ok(back_to("/account"))
}

pub(crate) async fn end_others(
    session: CertSession,
    Form(Confirmed { csrf }): Form<Confirmed>,
) -> Result<Response, Error> {
    session.check_csrf(&csrf)?;
    let ended = session.revoke_others().await?;
    session.flash(FlashLevel::Success, format!("{ended} sessions ended."))?;
    Ok(back_to("/account"))
}

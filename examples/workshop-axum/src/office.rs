//! What only a mechanic may do: see and end everyone's sessions.

use axum::Form;
use axum::extract::State;
use axum::response::Response;
use certsession_axum::{CertSession, Error, FlashLevel, HasRole, Page, RoleName};
use std::fmt::Write;

use crate::page::{back_to, escape, form, page};
use crate::shop::Confirmed;

pub(crate) struct Mechanic;

impl RoleName for Mechanic {
    const ROLE: &'static str = "mechanic";
}

pub(crate) async fn show(
    _: HasRole<Mechanic>,
    session: CertSession,
    State(state): State<crate::State>,
) -> Result<Response, Error> {
    let mut body = format!("<h1>{} sessions</h1>", state.admin.count_sessions().await?);
    let everyones = state.admin.all_sessions(&Page::default()).await?;
    for one in everyones.sessions() {
        let who = one.principal().map_or("no one", |name| name.as_str());
        // Writing to a string cannot fail.
        let _ = write!(body, "<p>{} {}</p>", one.handle(), escape(who));
    }
    body += &form(&session, "/office/end-all", "").await?;
    page(&session, &body).await
}

pub(crate) async fn end_all(
    mechanic: HasRole<Mechanic>,
    session: CertSession,
    State(state): State<crate::State>,
    Form(Confirmed { csrf }): Form<Confirmed>,
) -> Result<Response, Error> {
    session.check_csrf(&csrf)?;
    let admin = state.admin.acting_as(mechanic.principal().as_str());
    let ended = match session.handle() {
        Some(own) => admin.revoke_everyone_but(own).await?,
        None => 0,
    };
    session.flash(FlashLevel::Success, format!("{ended} sessions ended."))?;
    Ok(back_to("/office"))
}

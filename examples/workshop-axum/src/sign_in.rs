//! The password beside the certificate; sign-out. By hand: a limit on attempts.

use axum::Form;
use axum::extract::{Query, State};
use axum::response::Response;
use certsession_axum::{AuthMethod, CertSession, Error, FlashLevel, ReturnTo, SignIn};
use serde::Deserialize;

use crate::page::{back_to, escape, page};
use crate::shop::{CART, Confirmed};

#[derive(Deserialize)]
pub(crate) struct Next {
    next: Option<String>,
}

#[derive(Deserialize)]
pub(crate) struct Credentials {
    password: String,
    next: Option<String>,
}

pub(crate) async fn ask(
    session: CertSession,
    Query(query): Query<Next>,
) -> Result<Response, Error> {
    let next = query.next.unwrap_or_default();
    let body = format!(
        "<form method=\"post\" action=\"/sign-in\"><input type=\"password\" name=\"password\">\
         <input type=\"hidden\" name=\"next\" value=\"{}\"><button>Sign in</button></form>",
        escape(&next)
    );
    page(&session, &body).await
}

/// The certificate says who it is; the password is the second factor.
pub(crate) async fn submit(
    session: CertSession,
    State(state): State<crate::State>,
    Form(form): Form<Credentials>,
) -> Result<Response, Error> {
    let name = session.peer().and_then(|peer| user_of(peer.subject()));
    let Some(name) = name.filter(|name| state.users.is_password(name, &form.password)) else {
        session.flash(
            FlashLevel::Error,
            "That is not the password of your certificate.",
        )?;
        return Ok(back_to("/sign-in"));
    };
    let mut sign_in = SignIn::principal(&name)
        .method(AuthMethod::PASSWORD)
        .carry(&CART);
    if state.users.is_mechanic(&name) {
        sign_in = sign_in.role("mechanic");
    }
    session.sign_in(sign_in)?;
    session.flash(FlashLevel::Success, format!("Welcome, {name}."))?;
    let next = form.next.as_deref().and_then(ReturnTo::parse);
    Ok(back_to(next.as_ref().map_or("/", ReturnTo::as_str)))
}

pub(crate) async fn sign_out(
    session: CertSession,
    Form(Confirmed { csrf }): Form<Confirmed>,
) -> Result<Response, Error> {
    session.check_csrf(&csrf)?;
    session.sign_out()?;
    Ok(back_to("/"))
}

/// By hand: which user a certificate is of.
fn user_of(subject: &str) -> Option<String> {
    subject.strip_prefix("CN=").map(str::to_owned)
}

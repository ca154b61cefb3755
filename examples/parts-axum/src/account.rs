//! Signing in and out. The certificate says who it is.

use axum::Router;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use certsession_axum::{AuthMethod, CertSession, Error, SignIn, SignedIn};

use crate::cart::CART;
use crate::people;

pub(crate) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/sign-in", post(sign_in))
        .route("/whoami", get(whoami))
        .route("/sign-out", post(sign_out))
}

async fn sign_in(session: CertSession) -> Result<Response, Error> {
    let certificate = session.peer();
    let Some(person) = certificate.as_deref().and_then(people::owner_of) else {
        let refused = (StatusCode::FORBIDDEN, "this certificate is no employee's\n");
        return Ok(refused.into_response());
    };
    let sign_in = SignIn::principal(person.name)
        .carry(&CART)
        .method(AuthMethod::SOFTWARE_KEY);
    let sign_in = person.roles.iter().fold(sign_in, |it, role| it.role(*role));
    session.sign_in(sign_in)?;
    Ok(format!("welcome, {}\n", person.name).into_response())
}

async fn whoami(person: SignedIn) -> String {
    format!("you are {person}\n")
}

async fn sign_out(session: CertSession) -> Result<StatusCode, Error> {
    session.sign_out()?;
    Ok(StatusCode::NO_CONTENT)
}

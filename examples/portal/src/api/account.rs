//! Signing in and out.

use actix_web::error::ErrorInternalServerError;
use actix_web::{HttpResponse, web};
use certsession_actix::{CertSession, Error, Key, Principal, SignIn};
use serde::Deserialize;
use serde_json::{Value, json};

/// The body of `POST /sign-in`.
#[derive(Deserialize)]
pub(crate) struct SignInBody {
    principal: String,
    #[serde(default)]
    carry: Vec<String>,
}

/// `POST /sign-in`.
pub(crate) async fn sign_in(
    session: CertSession,
    body: web::Json<SignInBody>,
) -> Result<HttpResponse, Error> {
    let SignInBody { principal, carry } = body.into_inner();
    let sign_in = carry
        .into_iter()
        .map(Key::<Value>::named)
        .fold(SignIn::principal(principal), |sign_in, key| {
            sign_in.carry(&key)
        });
    session.sign_in(sign_in)?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /sign-out`.
pub(crate) async fn sign_out(session: CertSession) -> Result<HttpResponse, Error> {
    session.sign_out()?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /sign-out-fail`: the end holds although the handler fails afterwards.
pub(crate) async fn sign_out_fail(session: CertSession) -> actix_web::Result<HttpResponse> {
    session.end()?;
    Err(ErrorInternalServerError("the handler failed\n"))
}

/// `POST /rotate`.
pub(crate) async fn rotate(session: CertSession) -> Result<HttpResponse, Error> {
    session.rotate()?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /me`: who is signed in, or 401.
pub(crate) async fn me(principal: Principal) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "principal": principal.as_str() }))
}

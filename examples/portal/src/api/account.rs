//! Signing in and out.

use actix_web::error::{ErrorBadRequest, ErrorForbidden};
use actix_web::web::Bytes;
use actix_web::{HttpRequest, HttpResponse};
use certsession_actix::{CertSession, Error, Key, SignIn, SignedIn};
use serde::Deserialize;
use serde_json::{Value, json};

/// The body of `POST /sign-in`.
#[derive(Deserialize)]
pub(crate) struct SignInBody {
    principal: String,
    #[serde(default)]
    carry: Vec<String>,
}

/// `POST /sign-in`. No credentials are checked: this is a demonstration. A real application checks
/// a second factor, or the name in the certificate, before it signs a user in.
pub(crate) async fn sign_in(
    session: CertSession,
    request: HttpRequest,
    body: Bytes,
) -> actix_web::Result<HttpResponse> {
    // A browser also sends its certificate with a form from another site, and reports the origin.
    if request
        .headers()
        .get("sec-fetch-site")
        .is_some_and(|site| site == "cross-site")
    {
        return Err(ErrorForbidden("sign in on this site\n"));
    }
    let SignInBody { principal, carry } = serde_json::from_slice(&body)
        .map_err(|_| ErrorBadRequest("the body is not a sign-in\n"))?;
    let sign_in = carry
        .into_iter()
        .map(Key::<Value>::named)
        .fold(SignIn::principal(principal), |sign_in, key| {
            sign_in.carry(&key)
        });
    session.sign_in(sign_in)?;
    Ok(HttpResponse::NoContent().finish())
}

// The next two handlers read and ignore their bodies: a response before the body was read resets
// the HTTP/2 stream, and some clients treat that as a failure.

/// `POST /sign-out`.
pub(crate) async fn sign_out(session: CertSession, _: Bytes) -> Result<HttpResponse, Error> {
    session.sign_out()?;
    Ok(HttpResponse::NoContent().finish())
}

/// `POST /rotate`.
pub(crate) async fn rotate(session: CertSession, _: Bytes) -> Result<HttpResponse, Error> {
    session.rotate()?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /me`: the signed-in principal, or 401.
pub(crate) async fn me(principal: SignedIn) -> HttpResponse {
    HttpResponse::Ok().json(json!({ "principal": principal.as_str() }))
}

//! The session's data, key by key.

use actix_web::web::{Bytes, Path};
use actix_web::{HttpResponse, error::ErrorBadRequest};
use certsession_actix::{CertSession, Error, Key};
use serde_json::value::RawValue;

/// Any JSON text, unchanged.
type Json = Box<RawValue>;

/// `GET /session/data/{key}`.
pub(crate) async fn read(session: CertSession, key: Path<String>) -> Result<HttpResponse, Error> {
    Ok(match session.get::<Json>(&named(key))? {
        Some(json) => HttpResponse::Ok().json(json),
        None => HttpResponse::NotFound().finish(),
    })
}

/// `PUT /session/data/{key}`.
pub(crate) async fn write(
    session: CertSession,
    key: Path<String>,
    body: Bytes,
) -> actix_web::Result<HttpResponse> {
    let json: Json = serde_json::from_slice(&body)
        // The parser's own message quotes the input, so it is not shown.
        .map_err(|_| ErrorBadRequest("the body is not JSON\n"))?;
    session.insert(&named(key), &json)?;
    Ok(HttpResponse::NoContent().finish())
}

/// `DELETE /session/data/{key}`.
pub(crate) async fn remove(session: CertSession, key: Path<String>) -> Result<HttpResponse, Error> {
    session.remove::<Json>(&named(key))?;
    Ok(HttpResponse::NoContent().finish())
}

fn named(key: Path<String>) -> Key<Json> {
    Key::named(key.into_inner())
}

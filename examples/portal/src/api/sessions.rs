//! The sessions of the signed-in principal.

use actix_web::HttpResponse;
use actix_web::web::Path;
use certsession_actix::{CertSession, Error, Handle};

use super::Listed;

/// `GET /sessions`.
pub(crate) async fn list(session: CertSession) -> Result<HttpResponse, Error> {
    let records = session.sessions().await?;
    let listed: Vec<_> = records
        .iter()
        .map(|record| Listed::of(record, &session))
        .collect();
    Ok(HttpResponse::Ok().json(listed))
}

/// `DELETE /sessions/{handle}`: ends one of them.
pub(crate) async fn revoke(
    session: CertSession,
    handle: Path<String>,
) -> Result<HttpResponse, Error> {
    let revoked = match handle.parse::<Handle>() {
        Ok(handle) => session.revoke(handle).await?,
        Err(_) => false,
    };
    Ok(match revoked {
        true => HttpResponse::NoContent().finish(),
        false => HttpResponse::NotFound().finish(),
    })
}

/// `DELETE /sessions`: ends all of them, including this one.
pub(crate) async fn revoke_all(session: CertSession) -> Result<HttpResponse, Error> {
    session.revoke_all().await?;
    Ok(HttpResponse::NoContent().finish())
}

//! The portal's interface.

use actix_web::HttpResponse;
use actix_web::error::ErrorInternalServerError;
use actix_web::http::header::{CONTENT_SECURITY_POLICY, ContentType, LINK};
use actix_web::web::{
    Bytes, Path, PayloadConfig, Query, ServiceConfig, delete, get, post, put, resource,
};
use certsession_actix::{CertSession, Error};
use portal_common::{ListQuery, MAX_BODY, SlowQuery};

use crate::failed::Failed;
use crate::live;

/// Puts every route in its place.
pub fn routes(config: &mut ServiceConfig) {
    config
        .app_data(PayloadConfig::new(MAX_BODY))
        .route("/", get().to(page))
        .route("/session", get().to(session))
        .service(
            resource("/session/data/{key}")
                .route(get().to(read))
                .route(put().to(write))
                .route(delete().to(remove)),
        )
        .route("/sign-in", post().to(sign_in))
        .route("/sign-out", post().to(sign_out))
        .route("/rotate", post().to(rotate))
        .route("/me", get().to(me))
        .service(
            resource("/sessions")
                .route(get().to(sessions))
                .route(delete().to(revoke_all)),
        )
        .route("/sessions/{handle}", delete().to(revoke))
        .route("/live", get().to(live::follow))
        .route("/live/sessions", get().to(live::follow_list));
}

/// Puts the routes in place that only tests need: `--lab`.
pub fn lab_routes(config: &mut ServiceConfig) {
    config
        .route("/slow", get().to(slow))
        .route("/slow/waiting", get().to(async || portal_common::waiting()))
        .route("/slow/release", post().to(release))
        .route("/sign-out-fail", post().to(sign_out_fail));
}

async fn page(session: CertSession) -> Result<HttpResponse, Error> {
    let page = portal_common::render(&session.into_inner()).await?;
    Ok(HttpResponse::Ok()
        .content_type(ContentType::html())
        .insert_header((CONTENT_SECURITY_POLICY, portal_common::policy()))
        .body(page))
}

async fn session(session: CertSession) -> Result<HttpResponse, Failed> {
    let described = portal_common::session(&session.into_inner())?;
    Ok(HttpResponse::Ok().json(described))
}

async fn read(session: CertSession, key: Path<String>) -> Result<HttpResponse, Error> {
    let value = portal_common::read(&session.into_inner(), key.into_inner())?;
    Ok(match value {
        Some(json) => HttpResponse::Ok().json(json),
        None => HttpResponse::NotFound().finish(),
    })
}

async fn write(
    session: CertSession,
    key: Path<String>,
    body: Bytes,
) -> Result<HttpResponse, Failed> {
    portal_common::write(&session.into_inner(), key.into_inner(), &body)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn remove(session: CertSession, key: Path<String>) -> Result<HttpResponse, Error> {
    portal_common::remove(&session.into_inner(), key.into_inner())?;
    Ok(HttpResponse::NoContent().finish())
}

async fn sign_in(session: CertSession, body: Bytes) -> Result<HttpResponse, Failed> {
    portal_common::sign_in(&session.into_inner(), &body)?;
    Ok(HttpResponse::NoContent().finish())
}

// The bodies of those that need none are read and left alone: a response ahead of a body resets
// the stream of HTTP/2, and some clients take that for a failure.

async fn sign_out(session: CertSession, _: Bytes) -> Result<HttpResponse, Error> {
    session.sign_out()?;
    Ok(HttpResponse::NoContent().finish())
}

async fn rotate(session: CertSession, _: Bytes) -> Result<HttpResponse, Error> {
    session.rotate()?;
    Ok(HttpResponse::NoContent().finish())
}

async fn me(session: CertSession) -> Result<HttpResponse, Error> {
    let me = portal_common::me(&session.into_inner())?;
    Ok(HttpResponse::Ok().json(me))
}

async fn sessions(session: CertSession, query: Query<ListQuery>) -> Result<HttpResponse, Failed> {
    let listing = portal_common::sessions(&session.into_inner(), &query).await?;
    let mut response = HttpResponse::Ok();
    if let Some(link) = listing.link {
        response.insert_header((LINK, link));
    }
    Ok(response.json(listing.sessions))
}

async fn revoke(session: CertSession, handle: Path<String>) -> Result<HttpResponse, Error> {
    let revoked = portal_common::revoke(&session.into_inner(), &handle).await?;
    Ok(match revoked {
        true => HttpResponse::NoContent().finish(),
        false => HttpResponse::NotFound().finish(),
    })
}

async fn revoke_all(session: CertSession) -> Result<HttpResponse, Error> {
    session.revoke_all().await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn slow(session: CertSession, query: Query<SlowQuery>) -> Result<HttpResponse, Error> {
    portal_common::slow(&session.into_inner(), query.into_inner()).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn release(_: Bytes) -> HttpResponse {
    portal_common::release();
    HttpResponse::NoContent().finish()
}

async fn sign_out_fail(session: CertSession, _: Bytes) -> actix_web::Result<HttpResponse> {
    session.end()?;
    Err(ErrorInternalServerError(portal_common::HANDLER_FAILED))
}

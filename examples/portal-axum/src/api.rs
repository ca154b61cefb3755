//! The portal's interface.

use axum::body::Bytes;
use axum::extract::{DefaultBodyLimit, Path, Query, Request};
use axum::http::header::{CONTENT_SECURITY_POLICY, LINK};
use axum::http::{Method, StatusCode, Uri};
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Json, Router};
use certsession_axum::{CertSession, Error};
use portal_common::{HANDLER_FAILED, ListQuery, MAX_BODY, SlowQuery};

use crate::failed::Failed;
use crate::live;

const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

/// Every route.
pub fn routes() -> Router {
    Router::new()
        .route("/", get(page))
        .route("/session", get(session))
        .route("/session/data/{key}", get(read).put(write).delete(remove))
        .route("/sign-in", post(sign_in))
        .route("/sign-out", post(sign_out))
        .route("/rotate", post(rotate))
        .route("/me", get(me))
        .route("/sessions", get(sessions).delete(revoke_all))
        .route("/sessions/{handle}", delete(revoke))
        .route("/live", get(live::follow).connect(live::follow))
        .route(
            "/live/sessions",
            get(live::follow_list).connect(live::follow_list),
        )
        .method_not_allowed_fallback(async |uri: Uri| not_allowed(&uri))
        .layer(from_fn(without_head))
        .layer(DefaultBodyLimit::max(MAX_BODY))
}

/// The routes that only tests need: `--lab`.
pub fn lab_routes() -> Router {
    Router::new()
        .route("/slow", get(slow))
        .route("/slow/waiting", get(async || portal_common::waiting()))
        .route("/slow/release", post(release))
        .route("/sign-out-fail", post(sign_out_fail))
}

/// As the portal on actix-web has it: GET does not serve HEAD.
async fn without_head(request: Request, next: Next) -> Response {
    match *request.method() {
        Method::HEAD => not_allowed(request.uri()).into_response(),
        _ => next.run(request).await,
    }
}

/// A path that has one method is nowhere by another, again as on actix-web.
fn not_allowed(uri: &Uri) -> StatusCode {
    match uri.path() == "/sessions" || uri.path().starts_with("/session/data/") {
        true => StatusCode::METHOD_NOT_ALLOWED,
        false => StatusCode::NOT_FOUND,
    }
}

async fn page(session: CertSession) -> Result<Response, Failed> {
    let page = portal_common::render(&session.into_inner()).await?;
    let policy = [(CONTENT_SECURITY_POLICY, portal_common::policy())];
    Ok((policy, Html(page)).into_response())
}

async fn session(session: CertSession) -> Result<Response, Failed> {
    let described = portal_common::session(&session.into_inner())?;
    Ok(Json(described).into_response())
}

async fn read(session: CertSession, Path(key): Path<String>) -> Result<Response, Failed> {
    let value = portal_common::read(&session.into_inner(), key)?;
    Ok(match value {
        Some(json) => Json(json).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    })
}

async fn write(
    session: CertSession,
    Path(key): Path<String>,
    body: Bytes,
) -> Result<StatusCode, Failed> {
    portal_common::write(&session.into_inner(), key, &body)?;
    Ok(NO_CONTENT)
}

async fn remove(session: CertSession, Path(key): Path<String>) -> Result<StatusCode, Failed> {
    portal_common::remove(&session.into_inner(), key)?;
    Ok(NO_CONTENT)
}

async fn sign_in(session: CertSession, body: Bytes) -> Result<StatusCode, Failed> {
    portal_common::sign_in(&session.into_inner(), &body)?;
    Ok(NO_CONTENT)
}

// The bodies of those that need none are read and left alone: a response ahead of a body resets
// the stream of HTTP/2, and some clients take that for a failure.

async fn sign_out(session: CertSession, _: Bytes) -> Result<StatusCode, Error> {
    session.sign_out()?;
    Ok(NO_CONTENT)
}

async fn rotate(session: CertSession, _: Bytes) -> Result<StatusCode, Error> {
    session.rotate()?;
    Ok(NO_CONTENT)
}

async fn me(session: CertSession) -> Result<Response, Failed> {
    let me = portal_common::me(&session.into_inner())?;
    Ok(Json(me).into_response())
}

async fn sessions(session: CertSession, query: Query<ListQuery>) -> Result<Response, Failed> {
    let listing = portal_common::sessions(&session.into_inner(), &query).await?;
    let link = listing.link.map(|link| [(LINK, link)]);
    Ok((link, Json(listing.sessions)).into_response())
}

async fn revoke(session: CertSession, Path(handle): Path<String>) -> Result<StatusCode, Failed> {
    let revoked = portal_common::revoke(&session.into_inner(), &handle).await?;
    Ok(match revoked {
        true => NO_CONTENT,
        false => StatusCode::NOT_FOUND,
    })
}

async fn revoke_all(session: CertSession) -> Result<StatusCode, Error> {
    session.revoke_all().await?;
    Ok(NO_CONTENT)
}

async fn slow(session: CertSession, Query(query): Query<SlowQuery>) -> Result<StatusCode, Failed> {
    portal_common::slow(&session.into_inner(), query).await?;
    Ok(NO_CONTENT)
}

async fn release(_: Bytes) -> StatusCode {
    portal_common::release();
    NO_CONTENT
}

async fn sign_out_fail(session: CertSession, _: Bytes) -> Result<Response, Error> {
    session.end()?;
    Ok((StatusCode::INTERNAL_SERVER_ERROR, HANDLER_FAILED).into_response())
}

//! Handlers that misbehave, beside the portal's own: as those of actix-web, path by path.

use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Extension, Path, Request};
use axum::http::StatusCode;
use axum::middleware::{Next, from_fn};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use certsession_axum::{CertSession, Error, Key};

use crate::chromium::OWN_PAGE;
use crate::held::Held;

const KEY: Key<String> = Key::new("key");
const NO_CONTENT: StatusCode = StatusCode::NO_CONTENT;

type Pair = Path<(String, String)>;

pub(super) fn misbehaving(at: Held) -> Router {
    let inner = Router::new()
        .route("/write/{key}/{value}", get(write))
        .route("/end", post(end))
        .layer(from_fn(fail_outside));
    Router::new()
        .route("/held/{key}/{value}", get(held))
        .route("/held-sign-in/{principal}", post(held_sign_in))
        .route("/held-end", post(held_end))
        .route("/fail/{key}/{value}", get(fail))
        .route("/panic/{key}/{value}", get(panic))
        .route("/end-and-panic", post(end_and_panic))
        .route("/commit/{key}/{value}", get(commit))
        .route("/end-and-write", post(end_and_write))
        .route("/sign-out-and-write", post(sign_out_and_write))
        .route("/stream/{first}/{second}", get(stream))
        .route("/stream-and-end", get(stream_and_end))
        .route("/end-and-commit", post(end_and_commit))
        .route("/give-up-commit/{key}/{value}", post(give_up_commit))
        .route("/give-up-end", post(give_up_end))
        .route(
            "/sign-out-while-committing",
            post(sign_out_while_committing),
        )
        .route("/typed/{key}", get(typed))
        .route("/cached", get(cached))
        .route("/public", get(async || NO_CONTENT))
        .route("/own-page", get(async || Html(OWN_PAGE)))
        .nest("/inner", inner)
        .layer(Extension(at))
}

async fn write(session: CertSession, Path((key, value)): Pair) -> Result<StatusCode, Error> {
    session.insert(&Key::<String>::named(key), &value)?;
    Ok(NO_CONTENT)
}

/// Writes a key after the test has let it go on.
async fn held(
    session: CertSession,
    Extension(held): Extension<Held>,
    path: Pair,
) -> Result<StatusCode, Error> {
    held.wait().await;
    write(session, path).await
}

async fn held_sign_in(
    session: CertSession,
    Extension(held): Extension<Held>,
    Path(principal): Path<String>,
) -> Result<StatusCode, Error> {
    held.wait().await;
    session.sign_in(principal)?;
    Ok(NO_CONTENT)
}

/// Ends the session, and goes on only when the test lets it.
async fn held_end(
    session: CertSession,
    Extension(held): Extension<Held>,
) -> Result<StatusCode, Error> {
    session.end()?;
    held.wait().await;
    Ok(NO_CONTENT)
}

async fn fail(session: CertSession, path: Pair) -> Result<Response, Error> {
    write(session, path).await?;
    Ok((StatusCode::IM_A_TEAPOT, "the handler failed").into_response())
}

async fn panic(session: CertSession, path: Pair) -> StatusCode {
    let written = write(session, path).await;
    panic!("on purpose, after {}", written.is_ok());
}

async fn end_and_panic(session: CertSession) -> StatusCode {
    let ended = session.end();
    panic!("on purpose, after {}", ended.is_ok());
}

/// Commits by itself, and answers with what came of it.
async fn commit(session: CertSession, Path((key, value)): Pair) -> Result<StatusCode, Error> {
    session.insert(&Key::<String>::named(key), &value)?;
    Ok(match session.commit().await {
        Ok(()) => NO_CONTENT,
        Err(_) => StatusCode::ACCEPTED,
    })
}

async fn end(session: CertSession) -> Result<StatusCode, Error> {
    session.end()?;
    Ok(NO_CONTENT)
}

async fn end_and_write(session: CertSession) -> Result<StatusCode, Error> {
    session.end()?;
    session.insert(&KEY, &String::new())?;
    Ok(NO_CONTENT)
}

async fn sign_out_and_write(session: CertSession) -> Result<StatusCode, Error> {
    session.sign_out()?;
    session.insert(&KEY, &"after".to_owned())?;
    Ok(NO_CONTENT)
}

/// Answers with a body that is made after the head is sent. It tries to write the first key by
/// the session itself, and writes the second by its late form; the body tells what came of each.
async fn stream(session: CertSession, Path((first, second)): Pair) -> Response {
    streamed(async move {
        tokio::task::yield_now().await;
        let plain = session.insert(&Key::<String>::named(first), &"late".to_owned());
        let mut late = session.late();
        let noted = late.insert(&Key::<String>::named(second), &"late".to_owned());
        let committed = match noted {
            Ok(()) => late.commit().await,
            Err(error) => Err(error),
        };
        format!("{} {}", plain.is_ok(), committed.is_ok())
    })
}

async fn stream_and_end(session: CertSession) -> Response {
    streamed(async move {
        let ended = session.late().end().await;
        format!("{}", ended.is_ok())
    })
}

fn streamed(body: impl Future<Output = String> + Send + 'static) -> Response {
    let body = async move { Ok::<_, Error>(body.await) };
    Body::from_stream(futures_util::stream::once(Box::pin(body))).into_response()
}

/// Ends the session, and waits for it by itself.
async fn end_and_commit(session: CertSession) -> Result<StatusCode, Error> {
    session.end()?;
    session.commit().await?;
    Ok(NO_CONTENT)
}

/// Waits for its commit no longer than a moment, and goes on as if nothing had happened.
async fn give_up_commit(
    session: CertSession,
    Path((key, value)): Pair,
) -> Result<StatusCode, Error> {
    session.insert(&Key::<String>::named(key), &value)?;
    let _given_up = tokio::time::timeout(Duration::from_millis(20), session.commit()).await;
    session.insert(&KEY, &"after".to_owned())?;
    Ok(NO_CONTENT)
}

async fn give_up_end(session: CertSession) -> Result<StatusCode, Error> {
    session.end()?;
    let _given_up = tokio::time::timeout(Duration::from_millis(20), session.commit()).await;
    Ok(NO_CONTENT)
}

/// Changes the session while a commit of it is under way.
async fn sign_out_while_committing(session: CertSession) -> Result<StatusCode, Error> {
    session.insert(&KEY, &"value".to_owned())?;
    let sign_out = async {
        tokio::task::yield_now().await;
        session.sign_out()
    };
    let (_, signed_out) = futures_util::future::join(session.commit(), sign_out).await;
    signed_out?;
    Ok(NO_CONTENT)
}

/// Reads a key as a number, whatever it is.
async fn typed(session: CertSession, Path(key): Path<String>) -> Result<Response, Error> {
    let number = session.get::<u64>(&Key::named(key))?;
    Ok(axum::Json(number).into_response())
}

/// Reads the session and says that everybody may keep the answer.
async fn cached(_: CertSession) -> Response {
    [("cache-control", "public, max-age=60")].into_response()
}

/// A middleware inside the session's own that fails after the handler has returned.
async fn fail_outside(request: Request, next: Next) -> Response {
    debug_assert!(CertSession::from_extensions(request.extensions()).is_ok());
    next.run(request).await;
    (StatusCode::IM_A_TEAPOT, "the inner middleware failed").into_response()
}

//! Misbehaving handlers, in addition to the portal's.

use std::time::Duration;

use actix_web::body::{BodyStream, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::error::ErrorImATeapot;
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Bytes, ServiceConfig, get, post};
use actix_web::{HttpResponse, rt};
use certsession_actix::{CertSession, Error, Key, SessionExt};

use crate::chromium::OWN_PAGE;
use crate::held::Held;

const KEY: Key<String> = Key::new("key");

pub(super) fn misbehaving(config: &mut ServiceConfig) {
    config
        .route("/held/{key}/{value}", get().to(held))
        .route("/held-sign-in/{principal}", post().to(held_sign_in))
        .route("/held-end", post().to(held_end))
        .route("/fail/{key}/{value}", get().to(fail))
        .route("/panic/{key}/{value}", get().to(panic))
        .route("/end-and-panic", post().to(end_and_panic))
        .route("/commit/{key}/{value}", get().to(commit))
        .route("/end-and-write", post().to(end_and_write))
        .route("/sign-out-and-write", post().to(sign_out_and_write))
        .route("/stream/{first}/{second}", get().to(stream))
        .route("/stream-and-end", get().to(stream_and_end))
        .route("/end-and-commit", post().to(end_and_commit))
        .route("/give-up-commit/{key}/{value}", post().to(give_up_commit))
        .route("/give-up-end", post().to(give_up_end))
        .route(
            "/sign-out-while-committing",
            post().to(sign_out_while_committing),
        )
        .route("/typed/{key}", get().to(typed))
        .route("/cached", get().to(cached))
        .route("/public", get().to(HttpResponse::NoContent))
        .route("/own-page", get().to(own_page))
        .service(
            web::scope("/inner")
                .wrap(from_fn(fail_outside))
                .route("/write/{key}/{value}", get().to(write))
                .route("/end", post().to(end)),
        );
}

async fn write(
    session: CertSession,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (key, value) = path.into_inner();
    session.insert(&Key::<String>::named(key), &value)?;
    Ok(HttpResponse::NoContent().finish())
}

/// Writes a key after the test has released it.
async fn held(
    session: CertSession,
    held: web::Data<Held>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    held.wait().await;
    write(session, path).await
}

async fn held_sign_in(
    session: CertSession,
    held: web::Data<Held>,
    principal: web::Path<String>,
) -> Result<HttpResponse, Error> {
    held.wait().await;
    session.sign_in(principal.into_inner())?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends the session, and continues only after the test has released it.
async fn held_end(session: CertSession, held: web::Data<Held>) -> Result<HttpResponse, Error> {
    session.end()?;
    held.wait().await;
    Ok(HttpResponse::NoContent().finish())
}

async fn fail(
    session: CertSession,
    path: web::Path<(String, String)>,
) -> actix_web::Result<HttpResponse> {
    write(session, path).await?;
    Err(ErrorImATeapot("the handler failed"))
}

async fn panic(session: CertSession, path: web::Path<(String, String)>) -> HttpResponse {
    let written = write(session, path).await;
    panic!("on purpose, after {}", written.is_ok());
}

async fn end_and_panic(session: CertSession) -> HttpResponse {
    let ended = session.end();
    panic!("on purpose, after {}", ended.is_ok());
}

/// Commits by itself, and responds with the result.
async fn commit(
    session: CertSession,
    path: web::Path<(String, String)>,
) -> actix_web::Result<HttpResponse> {
    let (key, value) = path.into_inner();
    session.insert(&Key::<String>::named(key), &value)?;
    Ok(match session.commit().await {
        Ok(()) => HttpResponse::NoContent().finish(),
        Err(_) => HttpResponse::Accepted().finish(),
    })
}

async fn end(session: CertSession) -> Result<HttpResponse, Error> {
    session.end()?;
    Ok(HttpResponse::NoContent().finish())
}

async fn end_and_write(session: CertSession) -> Result<HttpResponse, Error> {
    session.end()?;
    session.insert(&KEY, &String::new())?;
    Ok(HttpResponse::NoContent().finish())
}

async fn sign_out_and_write(session: CertSession) -> Result<HttpResponse, Error> {
    session.sign_out()?;
    session.insert(&KEY, &"after".to_owned())?;
    Ok(HttpResponse::NoContent().finish())
}

/// Responds with a body that is produced after the head is sent. It tries to write the first key
/// with the session itself, and writes the second with the late methods; the body has the result of
/// each.
async fn stream(
    session: CertSession,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (first, second) = path.into_inner();
    Ok(streamed(async move {
        rt::task::yield_now().await;
        let plain = session.insert(&Key::<String>::named(first), &"late".to_owned());
        let mut late = session.late();
        let noted = late.insert(&Key::<String>::named(second), &"late".to_owned());
        let committed = match noted {
            Ok(()) => late.commit().await,
            Err(error) => Err(error),
        };
        format!("{} {}", plain.is_ok(), committed.is_ok())
    }))
}

async fn stream_and_end(session: CertSession) -> HttpResponse {
    streamed(async move {
        let ended = session.late().end().await;
        format!("{}", ended.is_ok())
    })
}

fn streamed(body: impl Future<Output = String> + 'static) -> HttpResponse {
    let body = async move { Ok::<_, actix_web::Error>(Bytes::from(body.await)) };
    HttpResponse::Ok().body(BodyStream::new(futures_util::stream::once(Box::pin(body))))
}

/// Ends the session, and waits for the commit by itself.
async fn end_and_commit(session: CertSession) -> Result<HttpResponse, Error> {
    session.end()?;
    session.commit().await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Waits for its commit only briefly, and then continues as if nothing had happened.
async fn give_up_commit(
    session: CertSession,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (key, value) = path.into_inner();
    session.insert(&Key::<String>::named(key), &value)?;
    let _given_up = rt::time::timeout(Duration::from_millis(20), session.commit()).await;
    session.insert(&KEY, &"after".to_owned())?;
    Ok(HttpResponse::NoContent().finish())
}

async fn give_up_end(session: CertSession) -> Result<HttpResponse, Error> {
    session.end()?;
    let _given_up = rt::time::timeout(Duration::from_millis(20), session.commit()).await;
    Ok(HttpResponse::NoContent().finish())
}

/// Changes the session while a commit of it is in flight.
async fn sign_out_while_committing(session: CertSession) -> Result<HttpResponse, Error> {
    session.insert(&KEY, &"value".to_owned())?;
    let sign_out = async {
        rt::task::yield_now().await;
        session.sign_out()
    };
    let (_, signed_out) = futures_util::future::join(session.commit(), sign_out).await;
    signed_out?;
    Ok(HttpResponse::NoContent().finish())
}

/// Reads a key as a number, whatever its type.
async fn typed(session: CertSession, key: web::Path<String>) -> Result<HttpResponse, Error> {
    let number = session.get::<u64>(&Key::named(key.into_inner()))?;
    Ok(HttpResponse::Ok().json(number))
}

/// Reads the session and allows every cache to store the response.
async fn cached(_: CertSession) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "public, max-age=60"))
        .finish()
}

async fn own_page() -> HttpResponse {
    HttpResponse::Ok().content_type("text/html").body(OWN_PAGE)
}

/// A middleware inside the session's middleware that fails after the handler has returned.
async fn fail_outside(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse> {
    let response = next.call(request).await?;
    debug_assert!(response.cert_session().is_ok());
    Err(ErrorImATeapot("the inner middleware failed"))
}

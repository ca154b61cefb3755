//! Bodies that are compressed, stream, stall, or are too large: the session is settled before the
//! first byte of the response, and what is in a body changes nothing about that.

use std::convert::Infallible;
use std::time::Duration;

use axum::Router;
use axum::body::Bytes;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use certsession_axum::{CertSession, CertSessionLayer, Error, MemoryStore};
use certsession_tests::{Http, Stack};
use futures_util::stream::{self, Stream, StreamExt};
use reqwest::{Body, Method};
use tokio::sync::mpsc;
use tokio::time::timeout;
use tower_http::compression::CompressionLayer;
use tower_http::timeout::TimeoutLayer;

use crate::request::{WORD, routes};
use crate::wire::Host;

const PATIENCE: Duration = Duration::from_secs(10);

/// Keeps the length of the body.
async fn upload(session: CertSession, body: Bytes) -> Result<(), Error> {
    session.insert(&WORD, &body.len().to_string())
}

/// Writes to the session, then streams until the session ends.
async fn follow(
    session: CertSession,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Error> {
    session.signed_in()?;
    session.insert(&WORD, "followed")?;
    let first = stream::iter([Ok(Event::default().data("begun"))]);
    let last = stream::once(session.ended()).map(|()| Ok(Event::default().data("ended")));
    Ok(Sse::new(first.chain(last)))
}

async fn long() -> String {
    "a word ".repeat(1000)
}

fn app() -> Router {
    routes()
        .route("/upload", post(upload))
        .route("/follow", get(follow))
        .route("/long", get(long))
        .layer(DefaultBodyLimit::max(1000))
        .layer(CertSessionLayer::new(MemoryStore::new()))
        .layer(TimeoutLayer::with_status_code(
            StatusCode::REQUEST_TIMEOUT,
            Duration::from_millis(500),
        ))
        .layer(CompressionLayer::new())
}

#[tokio::test]
async fn a_compressed_response_has_its_cookie() {
    let host = Host::start(Stack::Rustls, app(), |server| server).await;
    for http in [Http::One, Http::Two] {
        let alice = host.browser("alice", http);
        let signed_in = alice.request(Method::POST, "/sign-in/alice");
        let signed_in = alice
            .send(signed_in.header("accept-encoding", "gzip"))
            .await;
        assert!(signed_in.set_cookie().is_some());
        assert_eq!(signed_in.headers["cache-control"], "no-store");
        let long = alice.request(Method::GET, "/long");
        let long = long.header("accept-encoding", "gzip").send().await.unwrap();
        assert_eq!(long.headers()["content-encoding"], "gzip");
        assert!(long.bytes().await.unwrap().len() < 1000);
        assert_eq!(alice.get("/me").await.body, "alice");
    }
}

#[tokio::test]
async fn what_a_handler_wrote_is_kept_while_its_stream_runs_and_the_stream_ends_with_the_session() {
    for stack in [Stack::Rustls, Stack::Openssl] {
        let host = Host::start(stack, app(), |server| server).await;
        for http in [Http::One, Http::Two] {
            let alice = host.browser("alice", http);
            assert_eq!(alice.post("/sign-in/alice").await.status, 200);
            let request = alice.request(Method::GET, "/follow");
            let cookie = format!("__Host-session={}", alice.cookie().unwrap());
            let response = request.header("cookie", cookie).send().await.unwrap();
            let mut events = response.bytes_stream();
            // HTTP/2 may end a body with an empty frame.
            let mut next = async || loop {
                let next = timeout(PATIENCE, events.next()).await.expect("an event");
                if !matches!(&next, Some(Ok(bytes)) if bytes.is_empty()) {
                    return next;
                }
            };
            assert_eq!(next().await.unwrap().unwrap(), "data: begun\n\n");
            assert_eq!(alice.get("/word").await.body, "followed");
            // Another sign-in of the same browser ends the session that the stream belongs to.
            assert_eq!(alice.post("/sign-in/bob").await.status, 200);
            assert_eq!(next().await.unwrap().unwrap(), "data: ended\n\n");
            let end = next().await;
            assert!(end.is_none(), "{stack:?}, {http:?}: {end:?}");
        }
    }
}

#[tokio::test]
async fn a_body_that_is_too_large_or_stalls_changes_nothing() {
    let host = Host::start(Stack::Rustls, app(), |server| server).await;
    for http in [Http::One, Http::Two] {
        let alice = host.browser("alice", http);
        alice.post("/sign-in/alice").await;
        let upload = || alice.request(Method::POST, "/upload");
        assert_eq!(alice.send(upload().body("four")).await.status, 200);

        let large = alice.send(upload().body(vec![0; 2000])).await;
        assert_eq!(large.status, 413);
        assert_eq!(alice.get("/word").await.body, "4");

        // Half of a body, and then nothing.
        let (send, receive) = mpsc::unbounded_channel::<Result<Bytes, Infallible>>();
        send.send(Ok(Bytes::from_static(b"half"))).unwrap();
        let body = stream::unfold(receive, async |mut receive| {
            Some((receive.recv().await?, receive))
        });
        let stalled = alice.send(upload().body(Body::wrap_stream(body))).await;
        assert_eq!(stalled.status, 408);
        assert_eq!(alice.get("/word").await.body, "4");
        drop(send);
    }
}

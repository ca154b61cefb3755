//! Clients that take their time with a response.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::routing::get;
use certsession_axum::Serve;
use certsession_tests::{Browser, Http, Stack};
use reqwest::Method;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::sync::Notify;

use crate::wire::Host;

/// More than the sockets' buffers hold, in one piece: the body itself is over long before it is sent.
const LARGE: usize = 48 << 20;

/// A client pauses so often while it reads.
const PAUSES: usize = 40;
const PAUSE: Duration = Duration::from_millis(100);

/// Less than the pauses take together, and much more than one of them.
const IDLE: Duration = Duration::from_secs(1);

fn app() -> Router {
    Router::new().route("/large", get(async || Bytes::from(vec![b'x'; LARGE])))
}

/// Reads the response with pauses; `began` is told of its first part.
async fn read_slowly(browser: &Browser, began: &Notify) -> usize {
    let request = browser.request(Method::GET, "/large");
    let mut response = request.send().await.unwrap();
    let (mut length, mut pauses) = (0, 0);
    while let Some(chunk) = response.chunk().await.unwrap() {
        began.notify_one();
        length += chunk.len();
        while pauses < length / (LARGE / PAUSES) {
            tokio::time::sleep(PAUSE).await;
            pauses += 1;
        }
    }
    length
}

#[tokio::test]
async fn a_response_that_is_read_slowly_arrives_whole() {
    for (stack, http) in [(Stack::Rustls, Http::One), (Stack::Openssl, Http::Two)] {
        let set = |server: Serve<_>| server.with_idle_timeout(IDLE);
        let host = Host::start(stack, app(), set).await;
        let browser = host.browser("alice", http);
        assert_eq!(
            read_slowly(&browser, &Notify::new()).await,
            LARGE,
            "{http:?}"
        );
    }
}

#[tokio::test]
async fn a_response_that_is_being_read_is_finished_before_the_server_stops() {
    for (stack, http) in [(Stack::Openssl, Http::One), (Stack::Rustls, Http::Two)] {
        let stop = Arc::new(Notify::new());
        let stopped = Arc::clone(&stop);
        let mut host = Host::start(stack, app(), |server| {
            server.with_graceful_shutdown(async move { stopped.notified().await })
        })
        .await;
        let browser = host.browser("alice", http);
        assert_eq!(read_slowly(&browser, &stop).await, LARGE, "{http:?}");
        drop(browser);
        let ended = tokio::time::timeout(Duration::from_secs(10), &mut host.task).await;
        ended.expect("the server has not ended").unwrap();
    }
}

#[tokio::test]
async fn a_client_that_stops_reading_is_dropped() {
    for stack in [Stack::Rustls, Stack::Openssl] {
        let set = |server: Serve<_>| server.with_idle_timeout(Duration::from_millis(300));
        let host = Host::start(stack, app(), set).await;
        let mut stream = host.connect(Http::One).await;
        let request = b"GET /large HTTP/1.1\r\nHost: localhost\r\n\r\n";
        stream.write_all(request).await.unwrap();
        stream.flush().await.unwrap();
        tokio::time::sleep(Duration::from_secs(3)).await;
        // What lies in the sockets' buffers still arrives, and no more.
        let (mut length, mut buffer) = (0, vec![0; 1 << 16]);
        while let Ok(read @ 1..) = stream.read(&mut buffer).await {
            length += read;
        }
        assert!(length < LARGE, "{stack:?}");
    }
}

#[tokio::test]
async fn the_longest_time_means_never() {
    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let mut host = Host::start(Stack::Rustls, app(), |server| {
        server
            .with_first_byte_timeout(Duration::MAX)
            .with_header_timeout(Duration::MAX)
            .with_idle_timeout(Duration::MAX)
            .with_shutdown_deadline(Duration::MAX)
            .with_graceful_shutdown(async move { stopped.notified().await })
    })
    .await;
    let browser = host.browser("alice", Http::One);
    for _ in 0..2 {
        assert_eq!(browser.get("/large").await.body.len(), LARGE);
    }
    stop.notify_one();
    let began = Instant::now();
    let ended = tokio::time::timeout(Duration::from_secs(10), &mut host.task).await;
    ended.expect("the server has not ended").unwrap();
    assert!(began.elapsed() < Duration::from_secs(5));
}

//! WebSockets over HTTP/1.1 and over HTTP/2, where they are an extended CONNECT (RFC 8441).

use std::time::Duration;

use axum::http::{Method, Request, Version};
use certsession_axum::{CertSessionLayer, MemoryStore};
use certsession_tests::{Http, Live, Stack};

use crate::wire::Host;

fn app() -> axum::Router {
    portal_axum::routes().layer(CertSessionLayer::new(MemoryStore::new()))
}

#[tokio::test(flavor = "multi_thread")]
async fn over_http_1_it_outlives_the_idle_timeout_and_closes_with_its_session() {
    let host = Host::start(Stack::Rustls, app(), |server| {
        server.with_idle_timeout(Duration::from_millis(200))
    })
    .await;
    let alice = host.browser("alice", Http::One);
    assert_eq!(alice.sign_in("alice", &[]).await.status, 204);
    let live = Live::open(&alice);
    tokio::time::sleep(Duration::from_millis(800)).await;
    assert!(!live.is_closed());
    assert_eq!(alice.post("/sign-out").await.status, 204);
    assert!(live.closed_within(Duration::from_secs(3)).is_some());
}

#[tokio::test]
async fn over_http_2_it_outlives_the_idle_timeout_and_closes_with_its_session() {
    let host = Host::start(Stack::Openssl, app(), |server| {
        server.with_idle_timeout(Duration::from_millis(200))
    })
    .await;
    let alice = host.browser("alice", Http::Two);
    assert_eq!(alice.sign_in("alice", &[]).await.status, 204);
    let stream = host.connect_as(&alice).await;
    let (mut client, connection) = h2::client::handshake(stream).await.unwrap();
    let connection = tokio::spawn(connection);
    // The server's settings say that it may be asked.
    for _ in 0..200 {
        if client.is_extended_connect_protocol_enabled() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let base = format!("https://localhost:{}", host.address.port());
    let asks = || {
        Request::builder()
            .method(Method::CONNECT)
            .version(Version::HTTP_2)
            .uri(format!("{base}/live"))
            .extension(h2::ext::Protocol::from_static("websocket"))
            .header("sec-websocket-version", "13")
    };
    // Neither the page of another site nor a client that does not say where it comes from.
    let cookie = format!("__Host-session={}", alice.stolen_cookie());
    let foreign = asks().header("origin", "https://evil.example");
    for request in [foreign, asks()] {
        let request = request.header("cookie", &cookie).body(()).unwrap();
        let (response, _send) = client.send_request(request, false).unwrap();
        assert_eq!(response.await.unwrap().status(), 403);
    }
    let request = asks()
        .header("origin", &base)
        .header(
            "cookie",
            format!("__Host-session={}", alice.stolen_cookie()),
        )
        .body(())
        .unwrap();
    let (response, mut send) = client.send_request(request, false).unwrap();
    let response = response.await.unwrap();
    assert_eq!(response.status(), 200);
    let mut frames = response.into_body();
    let greeting = frames.data().await.unwrap().unwrap();
    assert!(greeting.ends_with(greeting_of(&alice).await.as_bytes()));

    let next = tokio::time::timeout(Duration::from_millis(800), frames.data()).await;
    assert!(next.is_err(), "it is open: {next:?}");
    assert_eq!(alice.post("/sign-out").await.status, 204);
    let closed = tokio::time::timeout(Duration::from_secs(3), frames.data()).await;
    let closed = closed.unwrap().unwrap().unwrap();
    assert_eq!(closed[0], 0x88, "a frame that closes it");

    // With the last WebSocket its connection is over: nothing else has used it for long.
    // The server may have reset the stream by now.
    let _ = send.send_data("".into(), true);
    let over = tokio::time::timeout(Duration::from_secs(5), connection).await;
    assert!(over.is_ok(), "the connection is still open");
}

async fn greeting_of(alice: &certsession_tests::Browser) -> String {
    let session = alice.get("/session").await.json();
    format!("session {}", session["handle"].as_str().unwrap())
}

//! `MutualTlsListener` under `axum::serve`.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use axum::extract::ConnectInfo;
use axum::routing::get;
use certsession_axum::{CertSessionLayer, IntoMakeServiceWithPeer, MemoryStore, MutualTlsListener};
use certsession_tests::{Certificates, Http, Logs, Stack};
use tokio::net::{TcpListener, TcpStream};

use crate::request::routes;
use crate::wire::Host;

async fn start(stack: Stack, has_peer: bool) -> Host {
    let certificates = Certificates::new();
    let tls = stack.build(&certificates.tls());
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let listener = MutualTlsListener::new(listener, tls).unwrap();
    let app = routes()
        .route(
            "/address",
            get(async |info: ConnectInfo<SocketAddr>| info.0.ip().to_string()),
        )
        .layer(CertSessionLayer::new(MemoryStore::new()));
    let task = tokio::spawn(async move {
        match has_peer {
            true => axum::serve(listener, app.into_make_service_with_peer()).await,
            false => axum::serve(listener, app).await,
        }
        .unwrap();
    });
    Host::other(certificates, address, task)
}

#[tokio::test]
async fn sessions_are_bound_under_axum_s_own_server() {
    for stack in [Stack::Rustls, Stack::Openssl] {
        let host = start(stack, true).await;
        for http in [Http::One, Http::Two] {
            let alice = host.browser("alice", http);
            assert_eq!(alice.post("/sign-in/alice").await.status, 200);
            assert_eq!(alice.get("/me").await.body, "alice");
            assert_eq!(alice.get("/address").await.body, "127.0.0.1");
            let thief = host.browser("mallory", http);
            thief.set_cookie(alice.cookie());
            assert_eq!(thief.get("/me").await.status, 403);
            assert_eq!(alice.get("/me").await.status, 200);
        }
    }
}

#[tokio::test]
async fn a_service_without_the_peer_is_a_fault_that_names_the_call() {
    let logs = Logs::keep();
    let host = start(Stack::Rustls, false).await;
    assert_eq!(
        host.browser("alice", Http::One).get("/me").await.status,
        500
    );
    logs.line_with(&["ERROR", "into_make_service_with_peer"])
        .await;
}

#[tokio::test]
async fn a_stalled_handshake_delays_no_other() {
    let host = start(Stack::Rustls, true).await;
    let mut stalled = Vec::new();
    for _ in 0..50 {
        stalled.push(TcpStream::connect(host.address).await.unwrap());
    }
    let alice = host.browser("alice", Http::One);
    let began = Instant::now();
    assert_eq!(alice.post("/sign-in/alice").await.status, 200);
    assert!(
        began.elapsed() < Duration::from_secs(2),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn dropping_the_server_closes_the_socket_and_drops_unfinished_handshakes() {
    let host = start(Stack::Rustls, true).await;
    let mut stalled = TcpStream::connect(host.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    host.task.abort();
    crate::wire::closed_after(&mut stalled).await;
    assert!(TcpStream::connect(host.address).await.is_err());
}

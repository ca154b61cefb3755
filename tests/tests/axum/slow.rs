//! Clients that are slow or silent, at each point of a connection.

use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::ConnectInfo;
use axum::routing::{get, post};
use certsession_axum::{MutualTlsBuilder, Serve};
use certsession_tests::{Http, Logs, Stack};
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;

use crate::wire::{Host, closed_after};

const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(60);

/// What a machine that has other work may add.
const SLACK: Duration = Duration::from_secs(3);

fn app() -> Router {
    Router::new().route("/", get(async || "here")).route(
        "/slow",
        get(async || {
            tokio::time::sleep(3 * SHORT).await;
            "slow"
        }),
    )
}

fn assert_in_time(after: Duration, what: &str) {
    assert!(
        after >= SHORT / 2 && after < SHORT + SLACK,
        "{what}: {after:?}"
    );
}

#[tokio::test]
async fn clients_that_stall_in_the_handshake_delay_no_other() {
    for stack in [Stack::Rustls, Stack::Openssl] {
        let host = Host::start(stack, app(), |server| server).await;
        let time = async || {
            let mut best = LONG;
            for _ in 0..5 {
                let browser = host.browser("alice", Http::One);
                let began = Instant::now();
                assert_eq!(browser.get("/").await.status, 200);
                best = best.min(began.elapsed());
            }
            best
        };
        let alone = time().await;
        let mut stalled = Vec::new();
        for _ in 0..200 {
            let mut tcp = TcpStream::connect(host.address).await.unwrap();
            // The beginning of a record of a handshake, and no more.
            tcp.write_all(&[22, 3, 1]).await.unwrap();
            stalled.push(tcp);
        }
        let beside = time().await;
        println!("{stack:?}: alone {alone:?}, beside 200 that stall {beside:?}");
        let added = beside.saturating_sub(alone);
        assert!(
            added < Duration::from_millis(50),
            "{stack:?}: {added:?} more"
        );
    }
}

#[tokio::test]
async fn a_handshake_that_takes_too_long_is_dropped() {
    let logs = Logs::keep();
    for stack in [Stack::Rustls, Stack::Openssl] {
        let set = |tls: MutualTlsBuilder| tls.handshake_timeout(SHORT);
        let host = Host::start_with(stack, app(), set, |server| server).await;
        let mut tcp = TcpStream::connect(host.address).await.unwrap();
        assert_in_time(closed_after(&mut tcp).await, "handshake");
    }
    logs.line_with(&["INFO", "too slow with its TLS handshake", "300ms"])
        .await;
}

#[tokio::test]
async fn for_one_handshake_too_many_the_oldest_is_dropped() {
    let set = |server: Serve<_>| server.with_max_handshakes(3);
    let host = Host::start(Stack::Rustls, app(), set).await;
    let mut stalled = Vec::new();
    for _ in 0..3 {
        stalled.push(TcpStream::connect(host.address).await.unwrap());
    }
    assert_eq!(host.browser("alice", Http::One).get("/").await.body, "here");
    closed_after(&mut stalled[0]).await;
    let others = closed_after(&mut stalled[1]);
    let open = tokio::time::timeout(SHORT, others).await;
    assert!(open.is_err(), "there was room for the others");
}

#[tokio::test]
async fn a_client_that_is_silent_after_its_handshake_is_dropped() {
    let set = |server: Serve<_>| {
        let server = server.with_first_byte_timeout(SHORT);
        server.with_header_timeout(LONG).with_idle_timeout(LONG)
    };
    for stack in [Stack::Rustls, Stack::Openssl] {
        let host = Host::start(stack, app(), set).await;
        for http in [Http::One, Http::Two] {
            let mut stream = host.connect(http).await;
            assert_in_time(closed_after(&mut stream).await, "silent");
        }
    }
}

#[tokio::test]
async fn half_a_head_and_half_a_preface_are_dropped() {
    let set = |server: Serve<_>| {
        let server = server.with_first_byte_timeout(LONG);
        server.with_header_timeout(SHORT).with_idle_timeout(LONG)
    };
    for stack in [Stack::Rustls, Stack::Openssl] {
        let host = Host::start(stack, app(), set).await;
        let half_a_head: &[u8] = b"GET / HTTP/1.1\r\nHost: local";
        for (http, half) in [(Http::One, half_a_head), (Http::Two, b"PRI * HTTP/2.0\r\n")] {
            let mut stream = host.connect(http).await;
            stream.write_all(half).await.unwrap();
            stream.flush().await.unwrap();
            assert_in_time(closed_after(&mut stream).await, "half");
        }
    }
}

#[tokio::test]
async fn half_a_second_head_is_dropped_in_the_time_of_a_head() {
    let set = |server: Serve<_>| server.with_header_timeout(SHORT).with_idle_timeout(LONG);
    let host = Host::start(Stack::Rustls, app(), set).await;
    let mut stream = host.connect(Http::One).await;
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    stream.flush().await.unwrap();
    // Longer than a head may take: an idle connection has none that is late.
    tokio::time::sleep(2 * SHORT).await;
    stream.write_all(&request[..10]).await.unwrap();
    stream.flush().await.unwrap();
    assert_in_time(closed_after(&mut stream).await, "half a second head");
}

#[tokio::test]
async fn an_idle_connection_is_closed_and_a_busy_one_is_not() {
    let set = |server: Serve<_>| server.with_idle_timeout(SHORT);
    let host = Host::start(Stack::Rustls, app(), set).await;
    for http in [Http::One, Http::Two] {
        assert_eq!(host.browser("alice", http).get("/slow").await.body, "slow");
    }
    let mut stream = host.connect(Http::One).await;
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    stream.flush().await.unwrap();
    assert_in_time(closed_after(&mut stream).await, "idle");
}

/// A quarter of them each: before the handshake, after it, in a head, and in a body.
#[tokio::test]
async fn a_thousand_clients_that_stall_leave_an_honest_one_served() {
    let app = app().route("/body", post(async |_: Bytes| "read"));
    let host = Host::start(Stack::Rustls, app, |server| server).await;
    let halves: [&[u8]; 3] = [
        b"",
        b"GET / HTTP/1.1\r\nHost: local",
        b"POST /body HTTP/1.1\r\nHost: localhost\r\nContent-Length: 9\r\n\r\nhalf",
    ];
    let (mut silent, mut stalled) = (Vec::new(), Vec::new());
    for half in halves.iter().cycle().take(750) {
        let mut stream = host.connect(Http::One).await;
        stream.write_all(half).await.unwrap();
        stream.flush().await.unwrap();
        stalled.push(stream);
    }
    for _ in 0..250 {
        silent.push(TcpStream::connect(host.address).await.unwrap());
    }
    let mut browser = host.browser("alice", Http::Two);
    let mut times = Vec::new();
    for n in 0..200 {
        if n % 10 == 0 {
            browser = browser.reconnecting();
        }
        let began = Instant::now();
        assert_eq!(browser.get("/").await.status, 200);
        times.push(began.elapsed());
    }
    times.sort();
    println!(
        "beside 1000 that stall: median {:?}, p99 {:?}",
        times[100], times[197]
    );
    assert!(times[197] < Duration::from_secs(1), "{:?}", times[197]);
}

#[tokio::test]
async fn a_request_carries_the_address_of_its_client() {
    let app = Router::new().route(
        "/",
        get(async |info: ConnectInfo<std::net::SocketAddr>| info.0.ip().to_string()),
    );
    let host = Host::start(Stack::Openssl, app, |server| server).await;
    for http in [Http::One, Http::Two] {
        assert_eq!(host.browser("alice", http).get("/").await.body, "127.0.0.1");
    }
}

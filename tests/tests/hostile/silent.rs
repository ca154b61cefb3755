//! Connections that say nothing, to a server that waits for their handshake.

use std::time::{Duration, Instant};

use certsession_tests::{Http, Plan, Stack, adapters, run, stores};
use futures_util::future::join_all;
use tokio::net::TcpStream;

use crate::shared::log_to_nowhere;

/// More than actix lets shake hands at once on both workers of the test's server, unless it is told
/// otherwise: 256 on each.
const SILENT: usize = 1_000;

/// When they had to wait for the silent ones to be given up, newcomers waited three seconds.
const WITHIN: Duration = Duration::from_secs(1);

#[test]
fn silent_connections_keep_no_newcomer_waiting_on_actix_over_rustls() {
    log_to_nowhere();
    run::<adapters::Actix, stores::Memory, _>(Stack::Rustls, Http::One, attack);
}

#[test]
fn silent_connections_keep_no_newcomer_waiting_on_actix_over_openssl() {
    log_to_nowhere();
    run::<adapters::Actix, stores::Memory, _>(Stack::Openssl, Http::One, attack);
}

#[test]
fn silent_connections_keep_no_newcomer_waiting_on_axum() {
    log_to_nowhere();
    run::<adapters::Axum, stores::Memory, _>(Stack::Rustls, Http::One, attack);
}

async fn attack(plan: Plan) {
    let site = plan.start().await;
    // Ready before: only the connection is timed.
    let newcomers: Vec<_> = (0..10)
        .map(|n| site.browser(&format!("newcomer {n}")))
        .collect();
    let silent = join_all((0..SILENT).map(|_| TcpStream::connect(site.address()))).await;
    let silent: Vec<_> = silent.into_iter().map(Result::unwrap).collect();
    let mut longest = Duration::ZERO;
    for newcomer in &newcomers {
        let began = Instant::now();
        assert_eq!(newcomer.get("/public").await.status, 204);
        longest = longest.max(began.elapsed());
    }
    eprintln!(
        "beside {} silent connections a newcomer waited {longest:?}",
        silent.len()
    );
    assert!(longest < WITHIN, "{longest:?}");
}

//! A revoked client with very many sessions, who keeps asking over many open connections.

use std::cell::Cell;
use std::sync::Arc;
use std::time::{Duration, Instant};

use certsession_core::{
    Clock, MemoryStore, Owner, Page, Revocation, SessionStore, SystemClock, Timestamp,
};
use certsession_redis::RedisStore;
use certsession_tests::redis::RedisServer;
use certsession_tests::{Http, Plan, Stack, adapters, run};
use futures_util::future::join_all;
use reqwest::Method;
use tokio::time::sleep;

use crate::honest::honest;
use crate::process::Peak;
use crate::shared::{SharedMemory, SharedRedis, fill, log_to_nowhere};

/// How much the revoked client has, and what the others have to be spared.
#[derive(Clone, Copy)]
struct Load {
    sessions: u32,
    bytes: usize,
    connections: usize,
    /// At p99.
    within: Duration,
    /// In mebibytes.
    memory: u64,
}

/// For the suite, on a machine that does other work.
const SOME: Load = Load {
    sessions: 2_000,
    bytes: 30_000,
    connections: 20,
    within: Duration::from_secs(1),
    memory: 100,
};

/// For a quiet machine: `just measure-hostile`.
const MANY_SESSIONS: Load = Load {
    sessions: 100_000,
    bytes: 200,
    connections: 40,
    within: Duration::from_millis(100),
    memory: 200,
};

/// As [`MANY_SESSIONS`]: those of the audit that found this.
const LARGE_SESSIONS: Load = Load {
    sessions: 4_000,
    bytes: 60_000,
    ..MANY_SESSIONS
};

#[test]
fn a_revoked_client_disturbs_no_one_in_memory() {
    in_memory(|plan| on_memory(plan, SOME));
}

#[test]
fn a_revoked_client_disturbs_no_one_on_redis() {
    over_redis(|plan| on_redis(plan, SOME));
}

#[test]
#[ignore = "it needs a quiet machine: just measure-hostile"]
fn measure_a_revoked_client_of_100_000_sessions_in_memory() {
    in_memory(|plan| on_memory(plan, MANY_SESSIONS));
}

#[test]
#[ignore = "it needs a quiet machine: just measure-hostile"]
fn measure_a_revoked_client_of_100_000_sessions_on_redis() {
    over_redis(|plan| on_redis(plan, MANY_SESSIONS));
}

#[test]
#[ignore = "it needs a quiet machine: just measure-hostile"]
fn measure_a_revoked_client_of_large_sessions_on_redis() {
    over_redis(|plan| on_redis(plan, LARGE_SESSIONS));
}

fn in_memory<F: Future<Output = ()>>(test: fn(Plan) -> F) {
    log_to_nowhere();
    run::<adapters::Actix, SharedMemory, _>(Stack::Rustls, Http::Two, test);
}

fn over_redis<F: Future<Output = ()>>(test: fn(Plan) -> F) {
    log_to_nowhere();
    run::<adapters::Actix, SharedRedis, _>(Stack::Rustls, Http::Two, test);
}

async fn on_memory(plan: Plan, load: Load) {
    let store = Arc::new(MemoryStore::new());
    SharedMemory::set(&store);
    attack(plan, load, store).await;
}

async fn on_redis(plan: Plan, load: Load) {
    let server = RedisServer::start();
    // The default time-out: an operation that takes a second is a 503.
    let store = Arc::new(RedisStore::connect(&server.url()).await.unwrap());
    SharedRedis::set(&store);
    attack(plan, load, store).await;
}

async fn attack<S: SessionStore>(plan: Plan, load: Load, store: Arc<S>) {
    let site = plan.start().await;
    let mallory = site.certificates.client("mallory");
    let certificate = mallory.certificate();
    fill(
        &*store,
        &(&certificate).into(),
        None,
        load.sessions,
        load.bytes,
    )
    .await;
    let bystander = site.browser("bystander");
    bystander.sign_in("bystander", &[]).await;
    // A new handshake would be refused, so the connections are open before the revocation. Over
    // HTTP/2, since one of HTTP/1.1 is closed with its first refusal.
    let connections = (0..load.connections).map(|_| site.browser_with(&mallory));
    let connections: Vec<_> = connections.collect();
    let open = connections.iter().map(|browser| browser.get("/session"));
    assert!(join_all(open).await.iter().all(|reply| reply.status == 200));

    let (peak, began, is_over) = (Peak::watch(), Instant::now(), Cell::new(false));
    site.revocations
        .revoke(Revocation::of_certificate(&certificate));
    let asks = join_all(connections.iter().map(async |browser| {
        let mut refused = 0;
        while !is_over.get() {
            let request = browser.request(Method::GET, "/session");
            // Its connection is closed for it at some time, and a new handshake is refused.
            if let Ok(reply) = browser.try_send(request).await {
                assert_eq!(reply.status, 403);
            }
            refused += 1;
        }
        refused
    }));
    let ends = async {
        let owner = Owner::from(&certificate);
        while has_sessions(&*store, &owner).await {
            assert!(
                began.elapsed() < Duration::from_secs(120),
                "they do not end"
            );
            sleep(Duration::from_millis(20)).await;
        }
        let took = began.elapsed();
        // The client keeps asking for a while after that.
        sleep(Duration::from_secs(1)).await;
        is_over.set(true);
        took
    };
    let (seen, refused, took) = tokio::join!(honest(&site, || is_over.get()), asks, ends);
    let growth = peak.growth();
    let what = format!(
        "{} sessions of {} bytes ended after {took:.1?}, while their client was refused {} times \
         over {} connections; the process grew by {growth} MiB",
        load.sessions,
        load.bytes,
        refused.iter().sum::<u64>(),
        load.connections,
    );
    seen.assert_served(&what, load.within);
    assert!(growth < load.memory, "{what}");
    assert_eq!(bystander.get("/me").await.status, 200, "{what}");
}

async fn has_sessions<S: SessionStore>(store: &S, owner: &Owner) -> bool {
    let now: Timestamp = SystemClock.now();
    let page = store.sessions(owner, &Page::at_most(1), now).await.unwrap();
    !page.sessions().is_empty()
}

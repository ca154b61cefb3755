//! A client that has many large sessions, and asks for the list of them over and over.

use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use certsession_core::{MemoryStore, SessionStore};
use certsession_redis::RedisStore;
use certsession_tests::redis::RedisServer;
use certsession_tests::{Http, Plan, Stack, adapters, run};
use futures_util::future::join_all;

use crate::honest::honest;
use crate::process::Peak;
use crate::shared::{SharedMemory, SharedRedis, fill, log_to_nowhere};

/// As many requests at once, and as often.
const REQUESTS: usize = 20;
const ROUNDS: usize = 5;

/// A list of 60 MB of sessions, 20 times at once, would take more than a gigabyte.
const SESSIONS: u32 = 2_000;
const BYTES: usize = 30_000;

/// How much the process may grow, in mebibytes: 20 pages, as records without data, as JSON and in
/// the buffers of both sides.
const MEMORY: u64 = 64;

#[test]
fn a_list_of_large_sessions_takes_little_memory_in_memory() {
    log_to_nowhere();
    run::<adapters::Actix, SharedMemory, _>(Stack::Rustls, Http::One, |plan| async move {
        let store = Arc::new(MemoryStore::new());
        SharedMemory::set(&store);
        attack(plan, store).await;
    });
}

#[test]
fn a_list_of_large_sessions_takes_little_memory_on_redis() {
    log_to_nowhere();
    run::<adapters::Actix, SharedRedis, _>(Stack::Rustls, Http::One, |plan| async move {
        let server = RedisServer::start();
        let store = Arc::new(RedisStore::connect(&server.url()).await.unwrap());
        SharedRedis::set(&store);
        attack(plan, store).await;
    });
}

async fn attack<S: SessionStore>(plan: Plan, store: Arc<S>) {
    let site = plan.start().await;
    let mallory = site.certificates.client("mallory");
    let binding = (&mallory.certificate()).into();
    fill(&*store, &binding, Some("mallory"), SESSIONS, BYTES).await;
    let browsers = (0..REQUESTS).map(|_| site.browser_with(&mallory));
    let browsers: Vec<_> = browsers.collect();
    let signed_in = browsers.iter().map(|it| it.sign_in("mallory", &[]));
    assert!(join_all(signed_in).await.iter().all(|it| it.status < 300));

    let (peak, is_over) = (Peak::watch(), Cell::new(false));
    let lists = async {
        let mut longest = 0;
        for _ in 0..ROUNDS {
            let replies = browsers.iter().map(|browser| browser.get("/sessions"));
            for reply in join_all(replies).await {
                assert_eq!(reply.status, 200);
                assert_eq!(reply.json().as_array().unwrap().len(), 100);
                longest = reply.body.len().max(longest);
            }
        }
        is_over.set(true);
        longest
    };
    let (seen, longest) = tokio::join!(honest(&site, || is_over.get()), lists);
    let growth = peak.growth();
    let what = format!(
        "{REQUESTS} lists at once of {SESSIONS} sessions of {BYTES} bytes: {longest} bytes each, \
         and the process grew by {growth} MiB"
    );
    seen.assert_served(&what, Duration::from_secs(1));
    assert!(growth < MEMORY, "{what}");
}

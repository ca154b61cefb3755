//! Browsers over real TLS, while the store's server is killed and restarted.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use certsession_redis::RedisStore;
use certsession_tests::redis::RedisServer;
use certsession_tests::stores::StoreKind;
use certsession_tests::{Browser, Http, Plan, Stack, adapters, run};
use serde_json::json;
use tokio::time::sleep;

use crate::trial::AT_ONCE;
use crate::verdict::{SLACK, TIMEOUT};

const BROWSERS: usize = 40;

/// Each request logs thousands of lines, all of which the suite searches for secrets.
const PAUSE: Duration = Duration::from_millis(200);

/// A server with all acknowledged writes on disk.
fn server() -> &'static RedisServer {
    static SERVER: OnceLock<RedisServer> = OnceLock::new();
    SERVER.get_or_init(|| RedisServer::builder().tcp().append_only().start())
}

pub(crate) struct KeptOnDisk;

impl StoreKind for KeptOnDisk {
    type Store = RedisStore;

    async fn open(_: Option<usize>) -> RedisStore {
        let builder = RedisStore::builder(&server().url()).unwrap();
        builder.timeout(TIMEOUT).connect().await.unwrap()
    }

    fn portal_flag() -> String {
        server().url()
    }
}

/// The shared record of all browsers.
#[derive(Default)]
struct Ledger {
    answers: Mutex<Vec<(Instant, Duration, u16)>>,
    stop: AtomicBool,
}

#[test]
fn over_rustls_and_http2_a_store_that_is_killed_is_503_and_then_all_is_there() {
    run::<adapters::Actix, KeptOnDisk, _>(Stack::Rustls, Http::Two, killed_and_restarted);
}

#[test]
fn over_openssl_and_http1_a_store_that_is_killed_is_503_and_then_all_is_there() {
    run::<adapters::Actix, KeptOnDisk, _>(Stack::Openssl, Http::One, killed_and_restarted);
}

#[test]
fn on_axum_over_rustls_and_http2_a_store_that_is_killed_is_503_and_then_all_is_there() {
    run::<adapters::Axum, KeptOnDisk, _>(Stack::Rustls, Http::Two, killed_and_restarted);
}

async fn killed_and_restarted(plan: Plan) {
    let site = plan.start().await;
    let ledger = Arc::new(Ledger::default());
    let mut working = Vec::new();
    for n in 0..BROWSERS {
        let (browser, thief) = (site.browser(&format!("user {n}")), site.browser("thief"));
        assert_eq!(browser.sign_in("alice", &[]).await.status, 204);
        working.push(tokio::spawn(work(browser, thief, Arc::clone(&ledger))));
    }
    sleep(Duration::from_millis(500)).await;
    let down_at = Instant::now();
    blocking(|| server().kill()).await;
    sleep(Duration::from_secs(2)).await;
    blocking(|| server().restart()).await;
    let up_at = Instant::now();
    sleep(AT_ONCE + Duration::from_secs(1)).await;
    ledger.stop.store(true, Ordering::Relaxed);
    let mut writes = 0;
    for work in working {
        writes += work.await.unwrap();
    }
    judge(&ledger, writes, down_at, up_at);
}

async fn blocking(step: fn()) {
    tokio::task::spawn_blocking(step).await.unwrap();
}

/// Writes increasing numbers, and returns how many were acknowledged. A read must never return a
/// lower number.
async fn work(browser: Browser, thief: Browser, ledger: Arc<Ledger>) -> u64 {
    let (mut acknowledged, mut writes) = (0, 0);
    thief.set_cookie(browser.cookie());
    for number in 1_u64.. {
        let stops = ledger.stop.load(Ordering::Relaxed);
        let read = ledger.note(browser.get("/session/data/number")).await;
        if read.status == 200 {
            assert!(
                read.json().as_u64() >= Some(acknowledged),
                "a write is lost"
            );
        } else if read.status != 503 {
            assert_eq!((read.status, acknowledged), (404, 0), "the session is lost");
        }
        if stops {
            return writes;
        }
        let write = browser.put("/session/data/number", json!(number));
        if ledger.note(write).await.status == 204 {
            (acknowledged, writes) = (number, writes + 1);
        }
        let theft = ledger.note(thief.get("/session/data/number")).await;
        assert!([403, 503].contains(&theft.status), "{theft:?}");
        sleep(PAUSE).await;
    }
    unreachable!()
}

impl Ledger {
    async fn note(
        &self,
        request: impl Future<Output = certsession_tests::Reply>,
    ) -> certsession_tests::Reply {
        let began_at = Instant::now();
        let reply = request.await;
        if reply.status == 503 {
            assert!(reply.headers.contains_key("retry-after"), "{reply:?}");
            assert_eq!(reply.set_cookie(), None);
        }
        let answer = (began_at, began_at.elapsed(), reply.status);
        self.answers.lock().unwrap().push(answer);
        reply
    }
}

#[allow(
    clippy::print_stdout,
    reason = "the figures are for readers of the suite's output"
)]
fn judge(ledger: &Ledger, writes: u64, down_at: Instant, up_at: Instant) {
    let answers = ledger.answers.lock().unwrap();
    let failures: Vec<_> = answers
        .iter()
        .filter(|(_, _, status)| *status == 503)
        .collect();
    let slowest = failures.iter().map(|(_, took, _)| *took).max().unwrap();
    let back = answers
        .iter()
        .filter(|(at, took, status)| *status != 503 && *at + *took >= up_at);
    let back = back.map(|(at, took, _)| *at + *took - up_at).min().unwrap();
    println!(
        "ledger of HTTPS: {} answers to {BROWSERS} browsers, {writes} writes acknowledged and \
         none lost, {} times 503, the slowest after {slowest:?}, first answer {back:?} after the \
         return",
        answers.len(),
        failures.len(),
    );
    for (at, took, _) in failures {
        assert!(*took <= TIMEOUT + SLACK, "{took:?}");
        assert!(*at + *took >= down_at && *at <= up_at + AT_ONCE);
    }
    assert!(back <= AT_ONCE && writes > 200);
}

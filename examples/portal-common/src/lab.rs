//! Handlers that take their time, for tests: `--lab`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use certsession_core::Key;
use certsession_http::{Error, RequestSession};
use serde::Deserialize;

/// What `POST /sign-out-fail` answers with, as 500: the end holds although the handler fails
/// afterwards.
pub const HANDLER_FAILED: &str = "the handler failed\n";

/// The longest wait, in milliseconds.
const MAX_WAIT: u64 = 60_000;

/// The number of requests that wait in `GET /slow`.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// The number of releases.
static RELEASES: AtomicUsize = AtomicUsize::new(0);

/// The query of `GET /slow`.
#[derive(Debug, Deserialize)]
pub struct SlowQuery {
    ms: u64,
    key: String,
    value: String,
}

/// `GET /slow`: the session is loaded, time passes, and then the key is written.
///
/// # Errors
///
/// If the session fails.
pub async fn slow(session: &RequestSession, query: SlowQuery) -> Result<(), Error> {
    let SlowQuery { ms, key, value } = query;
    wait(Duration::from_millis(ms.min(MAX_WAIT))).await;
    session.insert(&Key::<String>::named(key), &value)
}

/// `GET /slow/waiting`: how many requests have their session loaded and wait.
pub fn waiting() -> String {
    WAITING.load(Ordering::Relaxed).to_string()
}

/// `POST /slow/release`: the requests that wait go on at once.
pub fn release() {
    RELEASES.fetch_add(1, Ordering::Relaxed);
}

async fn wait(limit: Duration) {
    const STEP: Duration = Duration::from_millis(10);
    let (began, releases) = (Instant::now(), RELEASES.load(Ordering::Relaxed));
    let _counted = Waits::begin();
    while RELEASES.load(Ordering::Relaxed) == releases {
        let left = limit.saturating_sub(began.elapsed());
        if left.is_zero() {
            return;
        }
        tokio::time::sleep(left.min(STEP)).await;
    }
}

/// Counts a request while it waits, even if its client hangs up.
struct Waits;

impl Waits {
    fn begin() -> Self {
        WAITING.fetch_add(1, Ordering::Relaxed);
        Self
    }
}

impl Drop for Waits {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::Relaxed);
    }
}

//! Slow and failing handlers, for tests: `--lab`.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use actix_web::error::ErrorInternalServerError;
use actix_web::web::Bytes;
use actix_web::{HttpResponse, rt, web};
use certsession_actix::{CertSession, Error, Key};
use serde::Deserialize;

/// The longest wait, in milliseconds.
const MAX_WAIT: u64 = 60_000;

/// The number of requests that wait in `GET /slow`.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// The number of releases.
static RELEASES: AtomicUsize = AtomicUsize::new(0);

/// The query of `GET /slow`.
#[derive(Deserialize)]
pub(crate) struct SlowQuery {
    ms: u64,
    key: String,
    value: String,
}

/// `GET /slow`: loads the session, waits, and then writes the key.
pub(crate) async fn slow(
    session: CertSession,
    query: web::Query<SlowQuery>,
) -> Result<HttpResponse, Error> {
    let SlowQuery { ms, key, value } = query.into_inner();
    wait(Duration::from_millis(ms.min(MAX_WAIT))).await;
    session.insert(&Key::<String>::named(key), &value)?;
    Ok(HttpResponse::NoContent().finish())
}

/// `GET /slow/waiting`: the number of requests that have loaded their session and wait.
pub(crate) async fn waiting() -> String {
    WAITING.load(Ordering::Relaxed).to_string()
}

/// `POST /slow/release`: lets the waiting requests continue at once. Reads and ignores its body, as
/// in `account`.
pub(crate) async fn release(_: Bytes) -> HttpResponse {
    RELEASES.fetch_add(1, Ordering::Relaxed);
    HttpResponse::NoContent().finish()
}

/// `POST /sign-out-fail`: the session ends although the handler fails afterwards.
pub(crate) async fn sign_out_fail(
    session: CertSession,
    _: Bytes,
) -> actix_web::Result<HttpResponse> {
    session.end()?;
    Err(ErrorInternalServerError("the handler failed\n"))
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
        rt::time::sleep(left.min(STEP)).await;
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

//! Waits for the end of a session, for connections that live longer than a request.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use certsession_core::SessionWatch;
use tokio::time::timeout;

use crate::backend::Backend;

/// How often the certificate is judged while the store is not asked.
const TICK: Duration = Duration::from_millis(500);

/// How long a store may be down before the session counts as ended, beyond its own interval.
const PATIENCE: Duration = Duration::from_secs(10);

/// Resolves when the session has ended, wherever it was ended. At once if there is none.
pub(crate) async fn ended(backend: Arc<dyn Backend>, watch: Option<SessionWatch>) {
    let Some(watch) = watch else { return };
    let interval = backend.watch_interval();
    let mut last_known = Instant::now();
    loop {
        let pause = match backend.is_active(&watch).await {
            Ok(true) => {
                last_known = Instant::now();
                interval
            }
            Ok(false) => return,
            // Not at once: a store that fails for a moment would close every connection.
            Err(_) if last_known.elapsed() >= interval + PATIENCE => return,
            Err(_) => interval.min(TICK),
        };
        if !may_last(&*backend, &watch, pause).await {
            return;
        }
    }
}

/// Waits for a notification, for `pause` at most. False if the certificate is no longer good, which
/// needs no store.
async fn may_last(backend: &dyn Backend, watch: &SessionWatch, pause: Duration) -> bool {
    let mut notification = pin!(backend.end_notification(watch));
    let mut left = pause;
    while !left.is_zero() {
        let tick = left.min(TICK);
        if timeout(tick, notification.as_mut()).await.is_ok() {
            break;
        }
        if !backend.has_good_certificate(watch) {
            return false;
        }
        left -= tick;
    }
    true
}

//! Waits for the end of a session, for connections that live longer than a request.

use std::pin::pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use certsession_core::{SessionWatch, Timestamp};
use tokio::time::{sleep, timeout};

use crate::backend::Backend;

/// How often certificate and deadlines are judged while the store is not asked.
const TICK: Duration = Duration::from_millis(500);

/// The shortest interval between two looks at the store, whatever the store says.
const SHORTEST: Duration = Duration::from_millis(10);

/// How long a store may be down before the session counts as ended, beyond its own interval.
const PATIENCE: Duration = Duration::from_secs(10);

/// Resolves when the session has ended, wherever it was ended. At once if there is none.
pub(crate) async fn ended(backend: Arc<dyn Backend>, watch: Option<SessionWatch>) {
    let Some(watch) = watch else { return };
    let interval = backend.watch_interval().max(SHORTEST);
    let mut last_known = Instant::now();
    loop {
        match backend.active_until(&watch).await {
            Ok(Some(deadline)) => {
                last_known = Instant::now();
                if !may_last(&*backend, &watch, deadline, interval).await {
                    return;
                }
            }
            Ok(None) => return,
            // Not at once: a store that fails for a moment would close every connection.
            Err(_) if last_known.elapsed() >= interval.saturating_add(PATIENCE) => return,
            // Without a look at notifications: one that was sent would be there again at once.
            Err(_) => {
                sleep(TICK).await;
                if !backend.has_good_certificate(&watch) {
                    return;
                }
            }
        }
    }
}

/// Waits for a notification, for the session's deadline, or for `pause` at most. False if the
/// certificate is no longer good, which needs no store.
async fn may_last(
    backend: &dyn Backend,
    watch: &SessionWatch,
    deadline: Timestamp,
    pause: Duration,
) -> bool {
    let mut notification = pin!(backend.end_notification(watch));
    let mut left = pause;
    while !left.is_zero() && backend.now() < deadline {
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

//! Waits for the end of a session, for connections that live longer than a request.

use std::sync::Arc;
use std::time::{Duration, Instant};

use certsession_core::SessionWatch;
use tokio::time::timeout;

use crate::backend::Backend;

/// How long an end without a notification goes unnoticed at most.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long a store may be down before the session counts as ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// Resolves when the session has ended, wherever it was ended. At once if there is none.
pub(crate) async fn ended(backend: Arc<dyn Backend>, watch: Option<SessionWatch>) {
    let Some(watch) = watch else { return };
    let mut last_known = Instant::now();
    loop {
        match backend.is_active(&watch).await {
            Ok(true) => last_known = Instant::now(),
            Ok(false) => return,
            // Not at once: a store that fails for a moment would close every connection.
            Err(_) if last_known.elapsed() >= PATIENCE => return,
            Err(_) => {}
        }
        // After a notification as after the interval, the next step is to ask the store.
        let _ = timeout(INTERVAL, backend.end_notification(&watch)).await;
    }
}

//! The end of a session, for whoever lives longer than its request.

use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt::time::timeout;
use certsession_core::SessionWatch;

use super::backend::Backend;

/// How long an end that nobody hints at goes unnoticed at the most.
const INTERVAL: Duration = Duration::from_millis(500);

/// How long a store may be down before the session counts as ended.
const PATIENCE: Duration = Duration::from_secs(10);

/// Resolves when the session has ended, wherever it was ended. At once where there is none.
pub(super) async fn ended(backend: Rc<dyn Backend>, watch: Option<SessionWatch>) {
    let Some(watch) = watch else { return };
    let mut last_known = Instant::now();
    loop {
        match backend.is_active(&watch).await {
            Ok(true) => last_known = Instant::now(),
            Ok(false) => return,
            // Not at once: a store that stumbles would drop everybody's connection.
            Err(_) if last_known.elapsed() >= PATIENCE => return,
            Err(_) => {}
        }
        // Whether the hint came or the time is up, the next step is the same.
        let _ = timeout(INTERVAL, backend.end_notification(&watch)).await;
    }
}

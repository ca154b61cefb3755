//! Ends the sessions of certificates that were revoked, in a task of its own.

use std::time::Duration;

use certsession_core::{SessionManager, SessionStore};

/// How long the task waits after a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);

/// How long it waits after each batch: a revoked client that keeps asking, and is queued again after
/// each sweep, costs the store a hundred empty sweeps a second at the most.
const PACE: Duration = Duration::from_millis(10);

/// Starts the task that ends the sessions of certificates as they are added to the revocation
/// list, unless this manager already has such a task. It ends with its runtime, and when the last clone
/// of the manager is dropped; the next call starts another.
pub(crate) fn end_sessions_of_revoked<S: SessionStore>(manager: &SessionManager<S>) {
    let Some(worker) = manager.revocation_worker() else {
        return;
    };
    tokio::spawn(async move {
        loop {
            match worker.step().await {
                Ok(true) => tokio::time::sleep(PACE).await,
                Ok(false) => return,
                // The failure is an event already.
                Err(_) => tokio::time::sleep(PAUSE).await,
            }
        }
    });
}

//! Ends the sessions of certificates that were revoked, beside the requests.

use std::time::Duration;

use actix_web::rt;
use certsession_core::{SessionManager, SessionStore};

/// How long it waits after a failure of the store.
const PAUSE: Duration = Duration::from_secs(1);

/// Starts a task on this worker that ends the sessions of whatever is added to the list of
/// revoked certificates. Each worker has one, and they share the work: should a worker die, the
/// others go on.
pub(super) fn end_sessions_of_revoked<S: SessionStore>(manager: SessionManager<S>) {
    rt::spawn(async move {
        loop {
            manager.revocations_added().await;
            // The failure is an event already.
            match manager.end_revoked().await {
                // The embedded store never waits: requests get their turn here.
                Ok(_) => rt::task::yield_now().await,
                Err(_) => rt::time::sleep(PAUSE).await,
            }
        }
    });
}

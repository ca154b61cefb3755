//! The connection of one thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use certsession_core::{Handle, Record};
use redis::{RedisError, RedisResult, ServerErrorKind};

use super::client::Client;
use super::link::Link;

/// How long after a failure to connect the next attempt is made. Until then requests are told of
/// the failure, so that a server which is down is not flooded by those who find it so.
const PAUSE: Duration = Duration::from_millis(50);

/// The connection of one thread, made when it is asked for, and again when it was lost.
#[derive(Default)]
pub(super) struct Slot {
    held: Mutex<Option<Link>>,
    /// Held by whoever connects; the others wait for the outcome.
    connecting: tokio::sync::Mutex<Option<Failure>>,
}

/// How the last attempt ended, and when.
struct Failure {
    error: RedisError,
    at: Instant,
}

impl Slot {
    /// Makes a connection where there is none.
    pub(super) async fn connect(&self, client: &Client) -> RedisResult<Link> {
        let asked_at = Instant::now();
        let mut last_failure = self.connecting.lock().await;
        // Somebody may have connected in the meantime, or found that it cannot be done.
        if let Some(link) = self.current() {
            return Ok(link);
        }
        if let Some(failure) = &*last_failure
            && (failure.at >= asked_at || failure.at.elapsed() < PAUSE)
        {
            return Err(failure.error.clone());
        }
        match client.connect().await {
            Ok(link) => {
                *last_failure = None;
                *self.held() = Some(link.clone());
                Ok(link)
            }
            Err(error) => {
                *last_failure = Some(Failure {
                    error: error.clone(),
                    at: Instant::now(),
                });
                Err(error)
            }
        }
    }

    /// The copy of a record that was read over this connection.
    pub(super) fn near(&self, handle: Handle) -> Option<Arc<Record>> {
        self.held().as_ref()?.near.as_ref()?.get(handle)
    }

    /// Whether the connection was lost, so that the command may be sent once more over another.
    /// Every command may be: each leaves the server in the same state when it is taken twice.
    pub(super) fn has_lost(&self, number: u64, error: &RedisError) -> bool {
        let is_lost = error.is_unrecoverable_error()
            || error.is_io_error()
            || error.kind() == ServerErrorKind::ReadOnly.into()
            || error.kind() == ServerErrorKind::MasterDown.into();
        if is_lost {
            self.drop_link(number);
        }
        is_lost
    }

    /// Forgets the connection, so that the next request makes another; unless that was done.
    pub(super) fn drop_link(&self, number: u64) {
        let mut held = self.held();
        if held.as_ref().is_some_and(|link| link.number == number) {
            *held = None;
        }
    }

    pub(super) fn current(&self) -> Option<Link> {
        self.held().clone()
    }

    /// A panic elsewhere leaves a link that is sound, or none.
    fn held(&self) -> MutexGuard<'_, Option<Link>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The connection of one thread.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use certsession_core::{Handle, Record};
use redis::{RedisError, RedisResult, ServerErrorKind};

use super::client::Client;
use super::link::Link;

/// How long to wait after a failed attempt to connect before the next. Until then requests get the
/// last failure, so that a server which is down is not flooded with connections.
const PAUSE: Duration = Duration::from_millis(50);

/// The connection of one thread: opened on demand, and reopened when it was lost.
#[derive(Default)]
pub(super) struct Slot {
    held: Mutex<Option<Link>>,
    /// Held while a caller connects; the others wait for the result.
    connecting: tokio::sync::Mutex<Option<Failure>>,
}

/// The last failed attempt: its error, and when it ended.
struct Failure {
    error: RedisError,
    at: Instant,
}

impl Slot {
    /// Connects if there is no connection.
    pub(super) async fn connect(&self, client: &Client) -> RedisResult<Link> {
        let requested_at = Instant::now();
        let mut last_failure = self.connecting.lock().await;
        // Another caller may have connected in the meantime, or failed to.
        if let Some(link) = self.current() {
            return Ok(link);
        }
        if let Some(failure) = &*last_failure
            && (failure.at >= requested_at || failure.at.elapsed() < PAUSE)
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

    /// Returns the copy of a record that was read over this connection.
    pub(super) fn near(&self, handle: Handle) -> Option<Arc<Record>> {
        self.held().as_ref()?.near()?.get(handle)
    }

    /// Whether the connection was lost, so that the command may be sent again over another. This is
    /// safe for every command: executing it twice leaves the server in the same state.
    pub(super) fn has_lost(&self, number: u32, error: &RedisError) -> bool {
        let is_lost = error.is_unrecoverable_error()
            || error.is_io_error()
            || error.kind() == ServerErrorKind::ReadOnly.into()
            || error.kind() == ServerErrorKind::MasterDown.into();
        if is_lost {
            self.drop_link(number);
        }
        is_lost
    }

    /// Drops the connection, so that the next request opens another; unless that has happened
    /// already.
    pub(super) fn drop_link(&self, number: u32) {
        let mut held = self.held();
        if held.as_ref().is_some_and(|link| link.number() == number) {
            *held = None;
        }
    }

    /// Drops the connection if the server has sent nothing over it since it had sent so many replies.
    pub(super) fn drop_silent_link(&self, number: u32, replies: u32) {
        let mut held = self.held();
        if held
            .as_ref()
            .is_some_and(|link| link.number() == number && link.replies() == replies)
        {
            *held = None;
        }
    }

    pub(super) fn current(&self) -> Option<Link> {
        self.held().clone()
    }

    /// Ignores poison: a panic elsewhere leaves a valid link, or none.
    fn held(&self) -> MutexGuard<'_, Option<Link>> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

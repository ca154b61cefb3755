//! Whether the sessions of an application can be served.

use std::time::{Duration, Instant};

use super::SessionManager;
use crate::event::StoreOperation;
use crate::handle::Handle;
use crate::random::random;
use crate::revocation::CrlStatus;
use crate::store::{SessionStore, StoreError, StoreErrorKind};
use crate::time::Timestamp;

/// What a health check of the sessions found. Made by [`SessionManager::health`].
///
/// A server that answers a load balancer's question whether it is *ready* looks at
/// [`store_error`](Self::store_error). What is overdue or expires soon is for a person to know
/// beforehand: a server that leaves the pool because of it helps no one.
#[derive(Debug)]
pub struct Health {
    store_error: Option<StoreError>,
    store_latency: Duration,
    live_sessions: Option<usize>,
    lists: Vec<CrlStatus>,
    checked_at: Timestamp,
}

impl Health {
    /// Why the store cannot be reached; `None` if it can.
    pub const fn store_error(&self) -> Option<&StoreError> {
        self.store_error.as_ref()
    }

    /// How long the store took to answer, or to fail.
    pub const fn store_latency(&self) -> Duration {
        self.store_latency
    }

    /// How many sessions the store holds, if it can tell without looking at each.
    pub const fn live_sessions(&self) -> Option<usize> {
        self.live_sessions
    }

    /// The revocation lists that are in force.
    pub fn lists(&self) -> &[CrlStatus] {
        &self.lists
    }

    /// Those of the lists whose successor is overdue ([`CrlStatus::is_overdue`]): by default their
    /// issuers' certificates are refused.
    pub fn overdue_lists(&self) -> impl Iterator<Item = &CrlStatus> {
        let is_overdue = |list: &&CrlStatus| list.is_overdue(self.checked_at);
        self.lists.iter().filter(is_overdue)
    }

    /// When this was so.
    pub const fn checked_at(&self) -> Timestamp {
        self.checked_at
    }
}

impl<S: SessionStore> SessionManager<S> {
    /// Checks whether the store can be reached, by one load that finds nothing, and what is in force
    /// of the revocation lists. A failure of the store is an event, as on a request.
    ///
    /// With the feature `metrics` it also sets the gauges: of the live sessions, and of the lists.
    /// Call it before each scrape, or every few seconds.
    ///
    /// ```
    /// use certsession_core::{MemoryStore, SessionManager};
    ///
    /// # async fn check() {
    /// let sessions = SessionManager::new(MemoryStore::new());
    /// let health = sessions.health().await;
    /// let is_ready = health.store_error().is_none();
    /// # }
    /// ```
    pub async fn health(&self) -> Health {
        let now = self.rules.clock.now();
        let began = Instant::now();
        let probed = match random() {
            Ok(bytes) => {
                let loaded = self.store.load(Handle::from_bytes(bytes), now).await;
                loaded.map_err(self.failed(StoreOperation::Load)).err()
            }
            Err(error) => Some(StoreError::with_source(StoreErrorKind::Other, error)),
        };
        let health = Health {
            store_error: probed,
            store_latency: began.elapsed(),
            live_sessions: self.store.live_sessions(),
            lists: self.rules.revocations.lists(),
            checked_at: now,
        };
        #[cfg(feature = "metrics")]
        {
            if let Some(sessions) = health.live_sessions {
                crate::meter::live_sessions(sessions);
            }
            self.rules.list_gauges.set(&health.lists, now);
        }
        health
    }
}

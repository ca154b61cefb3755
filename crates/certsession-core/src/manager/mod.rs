//! The rules: what a request may do with which session.

mod admin;
mod builder;
mod draft;
mod events;
mod everyone;
mod execute;
mod health;
mod lookup;
mod measured;
mod open;
mod revocation;
mod unbound;
mod unseal;
mod watch;

use std::fmt;
use std::sync::Arc;

use crate::event::{SessionEvent, StoreOperation};
use crate::event_details::EventDetails;
use crate::rules::Rules;
use crate::store::{SessionStore, StoreError};
use crate::time::Timestamp;
use crate::token::Realm;

use measured::Measured;

pub use admin::SessionAdmin;
pub use builder::SessionManagerBuilder;
pub use health::Health;
pub use lookup::{OpenRequest, Presented};
pub use revocation::RevocationWorker;

/// Applies the rules to a store: opens the session of a request, commits what the request did, and
/// lists and revokes sessions from outside.
///
/// One manager serves a whole application; clones share it.
///
/// ```
/// use certsession_core::{BindingPolicy, Lifetimes, MemoryStore, SessionManager};
///
/// let sessions = SessionManager::builder(MemoryStore::new())
///     .lifetimes(Lifetimes::aal3())
///     .binding(BindingPolicy::PublicKey)
///     .build();
/// ```
pub struct SessionManager<S> {
    store: Arc<Measured<S>>,
    rules: Arc<Rules>,
    realm: Realm,
}

impl<S: SessionStore> SessionManager<S> {
    /// The same rules over the same store, for sessions of a realm of their own: a token that a
    /// manager of one realm issued is an unknown token to the others, and opens, changes and ends
    /// nothing there. `None` is the default realm. Lists, limits, revocations and events do not
    /// differ between realms.
    ///
    /// For adapters, which make the name of the session's cookie its realm, unless it is the default
    /// one. A session is lost if its realm gets another name.
    #[must_use]
    pub fn with_realm(&self, name: Option<&str>) -> Self {
        Self {
            realm: name.map_or_else(Realm::default, Realm::named),
            ..self.clone()
        }
    }

    /// The store, for what the rules do not do: its metrics, for example.
    pub fn store(&self) -> &S {
        &self.store.0
    }

    /// The current time of the rules' clock.
    pub fn now(&self) -> Timestamp {
        self.rules.clock.now()
    }

    /// Returns a closure that reports a failure of the store and returns the error.
    fn failed(&self, operation: StoreOperation) -> impl FnOnce(StoreError) -> StoreError {
        self.failed_for(operation, EventDetails::default())
    }

    /// As [`failed`](Self::failed), for a request or a session that is known.
    fn failed_for<'d>(
        &'d self,
        operation: StoreOperation,
        details: EventDetails<'d>,
    ) -> impl FnOnce(StoreError) -> StoreError + 'd {
        move |error| {
            let kind = error.kind();
            let event = SessionEvent::StoreFailed { operation, kind };
            self.rules.emit(event, details.because_of(&error));
            error
        }
    }
}

impl<S> Clone for SessionManager<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            rules: Arc::clone(&self.rules),
            realm: self.realm,
        }
    }
}

impl<S> fmt::Debug for SessionManager<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionManager")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

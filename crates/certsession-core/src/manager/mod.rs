//! The rules: what a request may do with which session.

mod admin;
mod draft;
mod end_notifier;
mod events;
mod execute;
mod open;
mod revocation;
mod rules;
mod watch;

use std::fmt;
use std::sync::Arc;

use crate::event::{SessionEvent, StoreOperation};
use crate::store::{SessionStore, StoreError};
use crate::time::Timestamp;

pub use admin::SessionAdmin;
pub use open::Presented;
pub use revocation::RevocationWorker;
pub(crate) use rules::Rules;
pub use rules::{OnReplay, SessionManagerBuilder};

/// The rules over a store: opens the session a request comes with, commits what the request
/// did, and lists and revokes sessions from outside.
///
/// One manager serves a whole application; a clone is a handle to the same one.
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
    store: Arc<S>,
    rules: Arc<Rules>,
}

impl<S: SessionStore> SessionManager<S> {
    /// The default rules over this store.
    pub fn new(store: S) -> Self {
        Self::builder(store).build()
    }

    /// Rules of one's own over this store. Every setting has a default.
    pub fn builder(store: S) -> SessionManagerBuilder<S> {
        SessionManagerBuilder::new(store)
    }

    /// The store, for what the rules do not do: its metrics, for example.
    pub fn store(&self) -> &S {
        &self.store
    }

    /// The time now by the clock of the rules.
    pub fn now(&self) -> Timestamp {
        self.rules.clock.now()
    }

    /// Reports a failure of the store, and hands it on.
    fn failed(&self, operation: StoreOperation) -> impl FnOnce(StoreError) -> StoreError {
        move |error| {
            let kind = error.kind();
            self.rules
                .emit(SessionEvent::StoreFailed { operation, kind });
            error
        }
    }
}

impl<S> Clone for SessionManager<S> {
    fn clone(&self) -> Self {
        Self {
            store: Arc::clone(&self.store),
            rules: Arc::clone(&self.rules),
        }
    }
}

impl<S: SessionStore> From<S> for SessionManager<S> {
    fn from(store: S) -> Self {
        Self::new(store)
    }
}

impl<S> fmt::Debug for SessionManager<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionManager")
            .field("rules", &self.rules)
            .finish_non_exhaustive()
    }
}

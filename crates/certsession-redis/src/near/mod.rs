//! The near cache: copies of records in this process, invalidated by the server.
//!
//! The server remembers what each connection has read, and notifies the connection when that
//! changes (`CLIENT TRACKING` in RESP3). So a copy belongs to the connection that it was read over,
//! and is dropped with it.
//!
//! | file | purpose |
//! |---|---|
//! | `cache` | the copies of one connection |
//! | `invalidation` | push messages from the server |

mod cache;
mod invalidation;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use certsession_core::Handle;

use crate::keys::Keys;

pub(crate) use cache::{Cache, Lease};
pub(crate) use invalidation::listener;

/// The copies of all connections of a store.
#[derive(Debug)]
pub(crate) struct NearCache {
    /// The maximum age of a copy.
    max_age: Duration,
    keys: Keys,
    /// A cache whose connection is closed is dropped with the connection.
    caches: Mutex<Vec<Weak<Cache>>>,
}

impl NearCache {
    pub(crate) fn new(max_age: Duration, keys: Keys) -> Self {
        Self {
            max_age,
            keys,
            caches: Mutex::default(),
        }
    }

    /// Creates the cache for a new connection.
    pub(crate) fn open(&self) -> Arc<Cache> {
        let cache = Arc::new(Cache::new(self.max_age, self.keys.clone()));
        let mut caches = self.caches();
        caches.retain(|cache| cache.strong_count() > 0);
        caches.push(Arc::downgrade(&cache));
        cache
    }

    /// Drops every copy of a record that this process has changed, so that its next request sees
    /// the change, whichever thread runs it.
    pub(crate) fn forget(&self, handle: Handle) {
        for cache in self.caches().iter().filter_map(Weak::upgrade) {
            cache.forget(handle);
        }
    }

    /// Ignores poison: a panic elsewhere leaves a valid list.
    fn caches(&self) -> MutexGuard<'_, Vec<Weak<Cache>>> {
        self.caches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

//! The near cache: copies of records in this process, kept true by the server.
//!
//! The server remembers what each connection has read, and tells it when that changes
//! (`CLIENT TRACKING` of RESP3). So a copy belongs to the connection that it was read over, and is
//! gone with it.
//!
//! | file | purpose |
//! |---|---|
//! | `cache` | the copies of one connection |
//! | `invalidation` | what the server says to a connection |

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
    /// How old a copy can be.
    max_age: Duration,
    keys: Keys,
    /// Those of connections that are gone are dropped with them.
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

    /// For a new connection.
    pub(crate) fn open(&self) -> Arc<Cache> {
        let cache = Arc::new(Cache::new(self.max_age, self.keys.clone()));
        let mut caches = self.caches();
        caches.retain(|cache| cache.strong_count() > 0);
        caches.push(Arc::downgrade(&cache));
        cache
    }

    /// Drops every copy of a record that this process has changed, so that its next request sees
    /// the change, whichever thread it comes to.
    pub(crate) fn forget(&self, handle: Handle) {
        for cache in self.caches().iter().filter_map(Weak::upgrade) {
            cache.forget(handle);
        }
    }

    /// A panic elsewhere leaves a list that is sound.
    fn caches(&self) -> MutexGuard<'_, Vec<Weak<Cache>>> {
        self.caches.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

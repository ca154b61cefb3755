//! The copies of one connection.

use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use certsession_core::{Handle, Record};

use crate::keys::Keys;

/// How many reads of one `max_age` a connection keeps copies of.
const CAPACITY: usize = 10_000;

/// The copies of the records that one connection has read.
///
/// The reply to a read is kept only if the [`Lease`] for it is still valid when the reply arrives.
/// An invalidation from the server cancels leases. Invalidations and replies are processed in the
/// order in which the connection delivers them, so the invalidation for a change after the read
/// arrives after the reply. At that time either the copy exists and is dropped, or the lease exists
/// and is cancelled. (This is how the leases of memcached work: Nishtala et al., "Scaling Memcache
/// at Facebook", NSDI 2013, section 3.2.1.)
pub(crate) struct Cache {
    max_age: Duration,
    pub(super) keys: Keys,
    /// `None` once the connection is gone.
    copies: Mutex<Option<Copies>>,
}

/// The right to keep the server's reply, unless an invalidation arrives first.
pub(crate) struct Lease {
    cache: Arc<Cache>,
    handle: Handle,
    number: u64,
}

#[derive(Default)]
struct Copies {
    by_handle: HashMap<Handle, Copy>,
    /// In the order in which they were issued, which is also the order in which they become too
    /// old.
    issued: VecDeque<IssuedLease>,
    last_number: u64,
}

struct IssuedLease {
    handle: Handle,
    number: u64,
    at: Instant,
}

struct Copy {
    /// The number of the lease that this copy belongs to.
    number: u64,
    requested_at: Instant,
    /// `None` until the reply arrives.
    record: Option<Arc<Record>>,
}

impl Cache {
    pub(super) fn new(max_age: Duration, keys: Keys) -> Self {
        Self {
            max_age,
            keys,
            copies: Mutex::new(Some(Copies::default())),
        }
    }

    /// Returns the copy of a record, if there is one.
    pub(crate) fn get(&self, handle: Handle) -> Option<Arc<Record>> {
        let copies = self.copies();
        let copy = copies.as_ref()?.by_handle.get(&handle)?;
        let record = copy.record.as_ref()?;
        // The age counts from the request: the record cannot have been read earlier.
        let is_young = copy.requested_at.elapsed() < self.max_age;
        is_young.then(|| Arc::clone(record))
    }

    /// Takes a lease before a record is read. `None` if there is no room for its copy.
    pub(crate) fn lease(self: &Arc<Self>, handle: Handle) -> Option<Lease> {
        let at = Instant::now();
        let mut copies = self.copies();
        let copies = copies.as_mut()?;
        copies.drop_older_than(self.max_age, at);
        if copies.issued.len() >= CAPACITY {
            return None;
        }
        copies.last_number += 1;
        let number = copies.last_number;
        let copy = Copy {
            number,
            requested_at: at,
            record: None,
        };
        copies.by_handle.insert(handle, copy);
        copies.issued.push_back(IssuedLease { handle, number, at });
        let cache = Arc::clone(self);
        Some(Lease {
            cache,
            handle,
            number,
        })
    }

    /// Drops the copy of a record, and cancels the leases for it.
    pub(crate) fn forget(&self, handle: Handle) {
        if let Some(copies) = self.copies().as_mut() {
            copies.by_handle.remove(&handle);
        }
    }

    /// Drops all copies and leases.
    pub(super) fn clear(&self) {
        if let Some(copies) = self.copies().as_mut() {
            copies.by_handle.clear();
            copies.issued.clear();
        }
    }

    /// Drops all copies because the connection is lost: invalidations would no longer arrive.
    pub(super) fn close(&self) {
        *self.copies() = None;
    }

    /// Ignores poison: a panic elsewhere leaves valid copies.
    fn copies(&self) -> MutexGuard<'_, Option<Copies>> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Keeps the record that the server returned.
    pub(crate) fn keep(self, record: &Arc<Record>) {
        let mut copies = self.cache.copies();
        let copies = copies.as_mut();
        let copy = copies.and_then(|copies| copies.by_handle.get_mut(&self.handle));
        if let Some(copy) = copy.filter(|copy| copy.number == self.number) {
            copy.record = Some(Arc::clone(record));
        }
    }
}

impl Copies {
    fn drop_older_than(&mut self, max_age: Duration, now: Instant) {
        let is_old = |issued: &&IssuedLease| now.saturating_duration_since(issued.at) >= max_age;
        while let Some(old) = self.issued.front().filter(is_old) {
            // A newer lease may exist for the same record.
            if let Entry::Occupied(copy) = self.by_handle.entry(old.handle)
                && copy.get().number == old.number
            {
                copy.remove();
            }
            self.issued.pop_front();
        }
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.copies().as_ref().map(|copies| copies.by_handle.len());
        f.debug_struct("Cache").field("copies", &count).finish()
    }
}

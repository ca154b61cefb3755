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
/// The answer to a [`Lease`] is kept only if the question still counts when the answer is there.
/// What the server says of changes takes questions back, and is heard in the order in which the
/// connection brings it: a change that was made after the record was read is heard after the
/// answer, so either the copy is there and is dropped, or the question is and is taken back. (As the
/// leases of memcached do it: Nishtala et al., "Scaling Memcache at Facebook", NSDI 2013, section
/// 3.2.1.)
pub(crate) struct Cache {
    max_age: Duration,
    pub(super) keys: Keys,
    /// `None` once the connection is gone.
    copies: Mutex<Option<Copies>>,
}

/// The right to keep what the server answers, if nothing is heard of a change meanwhile.
pub(crate) struct Lease {
    cache: Arc<Cache>,
    handle: Handle,
    number: u64,
}

#[derive(Default)]
struct Copies {
    by_handle: HashMap<Handle, Copy>,
    /// In the order in which they were asked for, which is that in which they grow too old.
    issued: VecDeque<IssuedLease>,
    last_number: u64,
}

struct IssuedLease {
    handle: Handle,
    number: u64,
    at: Instant,
}

struct Copy {
    /// Of the question that it is the answer to.
    number: u64,
    asked_at: Instant,
    /// `None` until the answer is there.
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

    /// The copy of a record, if there is one.
    pub(crate) fn get(&self, handle: Handle) -> Option<Arc<Record>> {
        let copies = self.copies();
        let copy = copies.as_ref()?.by_handle.get(&handle)?;
        let record = copy.record.as_ref()?;
        // From when it was asked for: it cannot have been read earlier.
        let is_young = copy.asked_at.elapsed() < self.max_age;
        is_young.then(|| Arc::clone(record))
    }

    /// Before a record is asked for. `None` if there is no room for its copy.
    pub(crate) fn ask(self: &Arc<Self>, handle: Handle) -> Option<Lease> {
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
            asked_at: at,
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

    /// Drops the copy of a record, and takes back the questions for it.
    pub(crate) fn forget(&self, handle: Handle) {
        if let Some(copies) = self.copies().as_mut() {
            copies.by_handle.remove(&handle);
        }
    }

    /// Drops everything.
    pub(super) fn clear(&self) {
        if let Some(copies) = self.copies().as_mut() {
            copies.by_handle.clear();
            copies.issued.clear();
        }
    }

    /// The connection is gone: nobody would hear of a change.
    pub(super) fn close(&self) {
        *self.copies() = None;
    }

    /// A panic elsewhere leaves copies that are sound.
    fn copies(&self) -> MutexGuard<'_, Option<Copies>> {
        self.copies.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lease {
    /// Keeps the answer.
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
            // It may have been asked for again.
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

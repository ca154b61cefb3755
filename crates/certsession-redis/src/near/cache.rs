//! The copies of one connection.

use std::collections::{HashMap, VecDeque};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use certsession_core::{Handle, Record};

use crate::keys::Keys;

/// How many reads of one `max_age` a connection keeps copies of.
const CAPACITY: usize = 10_000;

/// How many bytes the copies of a connection hold at the most: 16 MiB of data, and of records as they
/// were loaded. Records beyond that are not kept until older ones have gone.
const CAPACITY_IN_BYTES: usize = 16 << 20;

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
    /// How many bytes the copies hold.
    bytes: usize,
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

impl Copy {
    /// How many bytes it holds.
    fn size(&self) -> usize {
        self.record.as_deref().map_or(0, size)
    }
}

/// How many bytes of data a record holds, and of itself as it was loaded.
fn size(record: &Record) -> usize {
    record.data().size() + record.stamp().map_or(0, <[u8]>::len)
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
        copies.insert(handle, copy);
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
            copies.remove(handle);
        }
    }

    /// Drops all copies and leases.
    pub(super) fn clear(&self) {
        if let Some(copies) = self.copies().as_mut() {
            copies.by_handle.clear();
            copies.issued.clear();
            copies.bytes = 0;
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
        let Some(copies) = copies.as_mut() else {
            return;
        };
        let bytes = copies.bytes + size(record);
        let copy = copies.by_handle.get_mut(&self.handle);
        if let Some(copy) = copy.filter(|copy| copy.number == self.number)
            && bytes <= CAPACITY_IN_BYTES
        {
            copy.record = Some(Arc::clone(record));
            copies.bytes = bytes;
        }
    }
}

impl Copies {
    fn insert(&mut self, handle: Handle, copy: Copy) {
        let before = self.by_handle.insert(handle, copy);
        self.bytes -= before.map_or(0, |copy| copy.size());
    }

    fn remove(&mut self, handle: Handle) {
        let before = self.by_handle.remove(&handle);
        self.bytes -= before.map_or(0, |copy| copy.size());
    }

    fn drop_older_than(&mut self, max_age: Duration, now: Instant) {
        let is_old = |issued: &&IssuedLease| now.saturating_duration_since(issued.at) >= max_age;
        while let Some(old) = self.issued.front().filter(is_old) {
            // A newer lease may exist for the same record.
            let (handle, number) = (old.handle, old.number);
            if self
                .by_handle
                .get(&handle)
                .is_some_and(|copy| copy.number == number)
            {
                self.remove(handle);
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

#[cfg(test)]
mod tests {
    use super::*;
    use certsession_core::test_util::SampleRecord;

    #[test]
    fn copies_are_bounded_in_bytes_and_counted_exactly() {
        let max_age = Duration::from_secs(3600);
        let cache = Arc::new(Cache::new(max_age, Keys::new("cs:")));
        let sample = |n| {
            SampleRecord::new(n)
                .insert("a", &"9".repeat(1 << 20))
                .build()
        };
        let loaded = |record: Arc<Record>| {
            let bytes = record.encode();
            Arc::new(Record::clone(&record).with_stamp(bytes))
        };
        let keep = |record: &Arc<Record>| {
            if let Some(lease) = cache.lease(record.handle()) {
                lease.keep(record);
            }
        };
        let records: Vec<_> = (0..20).map(sample).map(loaded).collect();
        for record in &records {
            keep(record);
            // Read again, and once more by a reader whose lease was taken away.
            let lease = cache.lease(record.handle()).unwrap();
            keep(record);
            lease.keep(record);
        }
        // The copies that are held count with their data, which is read, and with themselves as
        // they were loaded, which a write names.
        let held = || {
            let held = records.iter().filter(|it| cache.get(it.handle()).is_some());
            let sizes: Vec<_> = held
                .map(|it| it.data().size() + it.encode().len())
                .collect();
            let bytes = cache.copies().as_ref().unwrap().bytes;
            assert_eq!(bytes, sizes.iter().sum::<usize>());
            assert!(bytes <= CAPACITY_IN_BYTES);
            sizes.len()
        };
        assert_eq!(held(), 7);
        cache.forget(records[0].handle());
        assert_eq!(held(), 6);
        keep(&records[19]);
        assert_eq!(held(), 7);
        cache.clear();
        assert_eq!(held(), 0);
    }
}

//! The embedded store: sessions in this process's memory.
//!
//! | file | purpose |
//! |---|---|
//! | `steps` | the conditional steps: creating and committing |
//! | `shard` | records by handle, and the order in which they expire |
//! | `deadlines` | that order: buckets of time |
//! | `owners` | handles by owner |
//! | `sync` | the lock, which the model checker replaces |
//! | `audit` | whether all of it agrees, for tests |
//!
//! **Lock order.** Owners first, in the order of their shards, then one shard of records at a
//! time. A record enters its owners' index under their locks, in the same critical section in
//! which it is created or changes hands; so whoever holds an owner's lock sees each of its
//! sessions. A record that goes leaves the index a moment later: a handle in the index without
//! a record means nothing, and no other record ever gets it.

#[cfg(feature = "test-util")]
mod audit;
mod deadlines;
mod owners;
mod shard;
mod steps;
mod sync;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use crate::handle::Handle;
use crate::record::Record;
use crate::store::{
    Admission, Commit, Creation, Outcome, Owner, SessionStore, StoreError, StoreErrorKind,
};
use crate::time::Timestamp;
use owners::Owners;
use shard::Shard;
use sync::Mutex;

/// How many parts the records are in. Each has a lock of its own.
#[cfg(not(loom))]
const SHARDS: usize = 64;
#[cfg(loom)]
const SHARDS: usize = 1;

/// How many expired records one step clears away at the most, so that no request pays for
/// many.
const SWEEP: usize = 4;

/// The embedded store: sharded, bounded, and O(1) per step however many sessions it holds.
///
/// It expires by itself: each step that changes something clears a few expired sessions away,
/// and a step that finds the store full looks for one everywhere. Sessions do not survive the
/// process, and are not shared between processes.
///
/// ```
/// use certsession_core::MemoryStore;
///
/// let store = MemoryStore::with_capacity(10_000);
/// assert_eq!((store.len(), store.capacity()), (0, 10_000));
/// ```
pub struct MemoryStore {
    shards: Box<[Mutex<Shard>]>,
    owners: Owners,
    held: AtomicUsize,
    capacity: usize,
}

impl MemoryStore {
    /// How many sessions [`MemoryStore::new`] has room for: 1,048,576.
    pub const DEFAULT_CAPACITY: usize = 1 << 20;

    /// An empty store with room for [`DEFAULT_CAPACITY`](Self::DEFAULT_CAPACITY) sessions.
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// An empty store with room for `capacity` sessions. Memory is taken as sessions come.
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            owners: Owners::new(SHARDS),
            held: AtomicUsize::new(0),
            capacity,
        }
    }

    /// How many sessions it holds, expired ones that are not cleared away yet included.
    pub fn len(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    /// Whether it holds no session.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// How many sessions it has room for.
    pub const fn capacity(&self) -> usize {
        self.capacity
    }

    fn shard(&self, handle: Handle) -> &Mutex<Shard> {
        // Handles are random, so any of their bytes spreads them evenly.
        &self.shards[usize::from(handle.as_bytes()[0]) % SHARDS]
    }

    fn get(&self, handle: Handle, now: Timestamp) -> Option<Arc<Record>> {
        let shard = sync::lock(self.shard(handle));
        let record = shard.get(handle)?;
        (!record.is_expired(now)).then(|| Arc::clone(record))
    }

    fn take(&self, handle: Handle) -> Option<Arc<Record>> {
        let record = sync::lock(self.shard(handle)).remove(handle)?;
        self.held.fetch_sub(1, Ordering::Relaxed);
        Some(record)
    }

    /// Takes the place of one session, if need be that of an expired one.
    fn reserve(&self, now: Timestamp) -> Result<(), StoreError> {
        let reserve = || {
            let taken = |held| (held < self.capacity).then_some(held + 1);
            self.held
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
                .is_ok()
        };
        if reserve() {
            return Ok(());
        }
        for shard in &self.shards {
            self.sweep(shard, now);
            if reserve() {
                return Ok(());
            }
        }
        Err(StoreError::new(StoreErrorKind::Full))
    }

    /// Clears a few expired sessions away. No lock may be held.
    fn sweep(&self, shard: &Mutex<Shard>, now: Timestamp) {
        let expired = sync::lock(shard).take_expired(now, SWEEP);
        for record in expired {
            self.held.fetch_sub(1, Ordering::Relaxed);
            self.owners.forget(&record, None);
        }
    }
}

impl SessionStore for MemoryStore {
    async fn create(
        &self,
        record: Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Result<Creation, StoreError> {
        self.sweep(self.shard(record.handle()), now);
        self.reserve(now)?;
        let creation = self.create_now(record, admission, now);
        if !matches!(creation, Creation::Created { .. }) {
            self.held.fetch_sub(1, Ordering::Relaxed);
        }
        Ok(creation)
    }

    async fn load(
        &self,
        handle: Handle,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        Ok(self.get(handle, now))
    }

    async fn commit(&self, commit: Commit) -> Result<Outcome, StoreError> {
        self.sweep(self.shard(commit.handle()), commit.now());
        Ok(if commit.changes_owners() {
            self.commit_with_owners(&commit)
        } else {
            self.commit_in_place(&commit)
        })
    }

    async fn remove(&self, handle: Handle) -> Result<bool, StoreError> {
        let removed = self.take(handle);
        if let Some(record) = &removed {
            self.owners.forget(record, None);
        }
        Ok(removed.is_some())
    }

    async fn sessions(
        &self,
        owner: &Owner,
        now: Timestamp,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let key = owner.key();
        let handles: Vec<_> = self.owners.lock(&[key]).members(&key).collect();
        let mut records: Vec<_> = handles
            .into_iter()
            .filter_map(|handle| self.get(handle, now))
            .collect();
        records.sort_by_key(|record| (record.created_at(), record.handle()));
        Ok(records)
    }

    async fn revoke(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        let key = owner.key();
        let mut owners = self.owners.lock(&[key]);
        let revoked: Vec<_> = owners
            .take_all(&key)
            .into_iter()
            .filter_map(|handle| self.take(handle))
            .collect();
        drop(owners);
        for record in &revoked {
            self.owners.forget(record, Some(key));
        }
        Ok(revoked.iter().map(|record| record.handle()).collect())
    }
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore")
            .field("len", &self.len())
            .field("capacity", &self.capacity)
            .finish_non_exhaustive()
    }
}

//! The embedded store: sessions in this process's memory.
//!
//! | file | purpose |
//! |---|---|
//! | `steps` | the conditional operations: create and commit; ending an owner's sessions |
//! | `shard` | records by handle, and the order in which they expire |
//! | `deadlines` | that order, in buckets of time |
//! | `listing` | an owner's sessions, and everyone's, page by page |
//! | `owners` | sessions by owner, oldest first |
//! | `capacity` | the number of sessions and bytes, and their limits |
//! | `sync` | the lock, which the model checker replaces |
//! | `audit` | consistency checks for tests |
//!
//! **Lock order.** Owners first, in the order of their shards, then one shard of records at a time.
//! A record enters its owners' index under the owners' locks, in the same critical section in which
//! it is created or changes owners. So a caller that holds an owner's lock sees each of its
//! sessions. A removed record leaves the index a moment later: a handle in the index without a
//! record is ignored, and no other record ever gets that handle.

#[cfg(feature = "test-util")]
mod audit;
mod capacity;
mod deadlines;
mod listing;
mod owners;
mod shard;
mod steps;
mod sync;

use std::fmt;
use std::hint::black_box;
use std::sync::Arc;

use crate::handle::Handle;
use crate::portions::{PORTION, let_others_run};
use crate::record::Record;
use crate::store::{
    Admission, Commit, Creation, Outcome, Owner, Page, Removal, SessionPage, SessionStore,
    StoreError, StoreErrorKind,
};
use crate::time::Timestamp;
use capacity::Room;
use owners::Owners;
use shard::Shard;
use sync::Mutex;

/// How many shards the records and the index have. Each shard has a lock of its own. The model
/// checker gets the smallest numbers with which the owners' locks still have an order.
const SHARDS: usize = if cfg!(loom) { 1 } else { 64 };
const OWNER_SHARDS: usize = if cfg!(loom) { 2 } else { 64 };

/// How many sessions one call of `end_oldest` ends at most.
const MOST_AT_ONCE: usize = 256;

/// How many expired records one operation removes at most, so that no request pays for many.
const SWEEP: usize = 4;

/// The embedded store: sharded, bounded, and O(1) per load, commit and creation regardless of the
/// number of sessions.
///
/// It is bounded in sessions and in bytes of data. A session takes some 600 to 1,000 bytes in
/// addition to its data (docs/performance.md), so the defaults amount to about 2 GiB. When it is
/// full, no session begins, and the sessions that exist can still write: a quarter of the capacity
/// in bytes is reserved for them, in addition.
///
/// It expires sessions by itself: each operation that changes something removes a few expired
/// sessions, and an operation that finds the store full looks for one in all shards. Sessions do
/// not survive the process, and are not shared between processes.
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
    room: Room,
}

impl MemoryStore {
    /// The capacity of [`MemoryStore::new`] in sessions: 1,048,576.
    pub const DEFAULT_CAPACITY: usize = 1 << 20;

    /// The capacity of [`MemoryStore::new`] in bytes of data, for all sessions together: 1 GiB.
    pub const DEFAULT_DATA_CAPACITY: usize = 1 << 30;

    /// Creates an empty store with room for [`DEFAULT_CAPACITY`](Self::DEFAULT_CAPACITY) sessions.
    pub fn new() -> Self {
        Self::with_capacity(Self::DEFAULT_CAPACITY)
    }

    /// Creates an empty store with room for `capacity` sessions and
    /// [`DEFAULT_DATA_CAPACITY`](Self::DEFAULT_DATA_CAPACITY) bytes of data. Memory is allocated as
    /// sessions are created.
    pub fn with_capacity(capacity: usize) -> Self {
        Self::with_capacities(capacity, Self::DEFAULT_DATA_CAPACITY)
    }

    /// Creates an empty store with room for this many sessions and bytes of data, and a quarter more
    /// bytes for sessions that exist.
    pub fn with_capacities(sessions: usize, data: usize) -> Self {
        Self {
            shards: (0..SHARDS).map(|_| Mutex::default()).collect(),
            owners: Owners::new(OWNER_SHARDS),
            room: Room::new(sessions, data),
        }
    }

    /// The number of sessions, including expired ones that have not been removed yet.
    pub fn len(&self) -> usize {
        self.room.sessions().held()
    }

    /// Whether it holds no session.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The capacity in sessions.
    pub const fn capacity(&self) -> usize {
        self.room.sessions().limit()
    }

    /// The bytes of data that all sessions hold.
    pub fn data_len(&self) -> usize {
        self.room.bytes().held()
    }

    /// The capacity in bytes of data; a session that exists may grow beyond it by a quarter.
    pub const fn data_capacity(&self) -> usize {
        self.room.bytes().limit()
    }

    fn shard(&self, handle: Handle) -> &Mutex<Shard> {
        // Handles are random, so any of their bytes distributes them evenly.
        &self.shards[usize::from(handle.as_bytes()[0]) % self.shards.len()]
    }

    fn get(&self, handle: Handle, now: Timestamp) -> Option<Arc<Record>> {
        let shard = sync::lock(self.shard(handle));
        let record = shard.get(handle)?;
        (!record.is_expired(now)).then(|| Arc::clone(record))
    }

    fn take(&self, handle: Handle) -> Option<Arc<Record>> {
        let record = sync::lock(self.shard(handle)).remove(handle)?;
        self.room.give(record.kept_size());
        Some(record)
    }

    /// Ends a session that was found expired, so that it does not come back if the clock goes back.
    /// No lock may be held.
    fn end_expired(&self, handle: Handle, now: Timestamp) {
        let mut shard = sync::lock(self.shard(handle));
        // Another request may have used it in the meantime, by a clock that is right.
        if !shard
            .get(handle)
            .is_some_and(|record| record.is_expired(now))
        {
            return;
        }
        let removed = shard.remove(handle);
        drop(shard);
        if let Some(record) = removed {
            self.room.give(record.kept_size());
            self.owners.forget(&record, None);
        }
    }

    /// Takes room for one session; if the store is full, removes expired sessions first.
    fn reserve(&self, bytes: usize, now: Timestamp) -> Result<(), StoreError> {
        if self.room.take(bytes) {
            return Ok(());
        }
        for shard in &self.shards {
            self.sweep(shard, now);
            if self.room.take(bytes) {
                return Ok(());
            }
        }
        Err(StoreError::new(StoreErrorKind::Full))
    }

    /// Removes a few expired sessions. The caller must hold no lock.
    fn sweep(&self, shard: &Mutex<Shard>, now: Timestamp) {
        let expired = sync::lock(shard).take_expired(now, SWEEP);
        for record in &expired {
            self.room.give(record.kept_size());
            self.owners.forget(record, None);
        }
        free(expired);
    }
}

/// Frees records, so that no later operation pays for it.
///
/// The allocator of glibc keeps freed blocks of up to 128 bytes apart, and merges all of them at once
/// when a large block is next requested (`malloc_consolidate`): after many records, that one request
/// takes a quarter of a second. A large block for each few records makes it merge those few.
fn free(records: Vec<Arc<Record>>) {
    /// More than any thread keeps ready, so that the request gets to the part that merges.
    const LARGE: usize = 2_048;
    if !records.is_empty() {
        drop(records);
        drop(black_box(Vec::<u8>::with_capacity(LARGE)));
    }
}

impl SessionStore for MemoryStore {
    fn live_sessions(&self) -> Option<usize> {
        Some(self.len())
    }

    async fn create(
        &self,
        record: Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Result<Creation, StoreError> {
        self.sweep(self.shard(record.handle()), now);
        let bytes = record.kept_size();
        self.reserve(bytes, now)?;
        let creation = self.create_now(record, admission, now);
        if !matches!(creation, Creation::Created { .. }) {
            self.room.give(bytes);
        }
        Ok(creation)
    }

    async fn load(
        &self,
        handle: Handle,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        let record = sync::lock(self.shard(handle)).get(handle).cloned();
        if record.as_ref().is_some_and(|record| record.is_expired(now)) {
            self.end_expired(handle, now);
            return Ok(None);
        }
        Ok(record)
    }

    async fn commit(&self, commit: Commit) -> Result<Outcome, StoreError> {
        self.sweep(self.shard(commit.handle()), commit.now());
        self.commit_now(&commit).or_else(|_full| {
            // Expired sessions in other shards may hold the room that is needed.
            for shard in &self.shards {
                self.sweep(shard, commit.now());
            }
            self.commit_now(&commit)
        })
    }

    async fn remove(&self, handle: Handle) -> Result<bool, StoreError> {
        let removed = self.take(handle);
        if let Some(record) = &removed {
            self.owners.forget(record, None);
        }
        Ok(removed.is_some())
    }

    async fn remove_unchanged(&self, loaded: &Record) -> Result<Removal, StoreError> {
        let handle = loaded.handle();
        let mut shard = sync::lock(self.shard(handle));
        let Some(current) = shard.get(handle) else {
            return Ok(Removal::Gone);
        };
        if current.revision() != loaded.revision() {
            return Ok(Removal::Changed);
        }
        let removed = shard.remove(handle);
        drop(shard);
        if let Some(record) = removed {
            self.room.give(record.kept_size());
            self.owners.forget(&record, None);
        }
        Ok(Removal::Removed)
    }

    async fn sessions(
        &self,
        owner: &Owner,
        page: &Page,
        now: Timestamp,
    ) -> Result<SessionPage, StoreError> {
        Ok(self.list(&owner.key(), page, now))
    }

    async fn all_sessions(&self, page: &Page, now: Timestamp) -> Result<SessionPage, StoreError> {
        Ok(self.list_all(page, now))
    }

    async fn end_oldest(
        &self,
        owner: &Owner,
        most: usize,
        keep: usize,
        _now: Timestamp,
    ) -> Result<Vec<Handle>, StoreError> {
        let key = owner.key();
        let mut owners = self.owners.lock(&[key]);
        let excess = match owners.count(&key) {
            count if count > most => count.saturating_sub(keep).min(MOST_AT_ONCE),
            _ => return Ok(Vec::new()),
        };
        let oldest: Vec<_> = owners.members(&key).take(excess).collect();
        let ended = self.take_members(&mut owners, &key, &oldest);
        drop(owners);
        Ok(self.forget_members(ended, key))
    }

    async fn revoke(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        let key = owner.key();
        let (places, ended) = {
            let mut owners = self.owners.lock(&[key]);
            // The places now: a session that signs in again meanwhile moves to another, and is
            // found by its handle all the same.
            let places: Vec<_> = owners.members(&key).collect();
            let first = &places[..places.len().min(PORTION)];
            let ended = self.take_members(&mut owners, &key, first);
            (places, ended)
        };
        let mut revoked = self.forget_members(ended, key);
        for portion in places.chunks(PORTION).skip(1) {
            let_others_run().await;
            let ended = self.take_members(&mut self.owners.lock(&[key]), &key, portion);
            revoked.extend(self.forget_members(ended, key));
        }
        Ok(revoked)
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
            .field("capacity", &self.capacity())
            .finish_non_exhaustive()
    }
}

//! Some of the records: by handle, and in the order in which they expire.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::deadlines::Deadlines;
use crate::handle::Handle;
use crate::record::Record;
use crate::time::Timestamp;

/// Some of the records. A record stands in a slot; the slot's number is what the map and the
/// deadlines keep.
#[derive(Default)]
pub(super) struct Shard {
    slots: Vec<Option<Arc<Record>>>,
    free: Vec<u32>,
    by_handle: HashMap<Handle, u32, BuildHasherDefault<ItsOwnHash>>,
    deadlines: Deadlines,
}

impl Shard {
    pub(super) fn get(&self, handle: Handle) -> Option<&Arc<Record>> {
        let slot = *self.by_handle.get(&handle)?;
        self.slots[slot as usize].as_ref()
    }

    /// Keeps a new record. False if there is one of its handle already; that one stays.
    pub(super) fn insert(&mut self, record: Arc<Record>) -> bool {
        let handle = record.handle();
        if self.by_handle.contains_key(&handle) {
            return false;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            // A shard of 2^32 records would take more memory than there is.
            (self.slots.len() - 1) as u32
        });
        self.by_handle.insert(handle, slot);
        self.deadlines.schedule(slot, record.idle_deadline());
        self.slots[slot as usize] = Some(record);
        true
    }

    /// Puts a record in the place of the one of its handle, if there is one.
    pub(super) fn replace(&mut self, record: Arc<Record>) {
        let Some(&slot) = self.by_handle.get(&record.handle()) else {
            return;
        };
        self.deadlines.cancel(slot);
        self.deadlines.schedule(slot, record.idle_deadline());
        self.slots[slot as usize] = Some(record);
    }

    pub(super) fn remove(&mut self, handle: Handle) -> Option<Arc<Record>> {
        let slot = self.by_handle.remove(&handle)?;
        self.deadlines.cancel(slot);
        self.free.push(slot);
        self.slots[slot as usize].take()
    }

    #[cfg(feature = "test-util")]
    pub(super) fn records(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.slots.iter().flatten()
    }

    /// Takes out records that have expired, `most` at the most.
    pub(super) fn take_expired(&mut self, now: Timestamp, most: usize) -> Vec<Arc<Record>> {
        let mut expired = Vec::new();
        while expired.len() < most
            && let Some(slot) = self.deadlines.next_due(now)
            && let Some(handle) = self.slots[slot as usize].as_ref().map(|r| r.handle())
        {
            expired.extend(self.remove(handle));
        }
        expired
    }
}

/// A handle is as good as its hash: it is random, and as only this library makes those that are
/// kept, nobody can choose some that fall together.
#[derive(Default)]
struct ItsOwnHash(u64);

impl Hasher for ItsOwnHash {
    /// The end of it; the beginning has chosen the shard.
    fn write(&mut self, bytes: &[u8]) {
        if let Some(end) = bytes.last_chunk() {
            self.0 ^= u64::from_ne_bytes(*end);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

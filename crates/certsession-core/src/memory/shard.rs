//! One shard of the records: by handle, and in the order in which they expire.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::deadlines::Deadlines;
use crate::handle::Handle;
use crate::record::Record;
use crate::time::Timestamp;

/// One shard of the records. Each record is in a slot; the map and the deadlines hold the slot's
/// number.
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

    /// Inserts a new record. Returns false if its handle exists already; the existing record stays.
    pub(super) fn insert(&mut self, record: Arc<Record>) -> bool {
        let handle = record.handle();
        if self.by_handle.contains_key(&handle) {
            return false;
        }
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(None);
            // A shard of 2^32 records would need more memory than exists.
            (self.slots.len() - 1) as u32
        });
        self.by_handle.insert(handle, slot);
        self.deadlines.schedule(slot, record.idle_deadline());
        self.slots[slot as usize] = Some(record);
        true
    }

    /// Replaces the record with the same handle, if there is one.
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

    /// The live records of at most `most` slots that hold one, from this slot on, and the slot to go
    /// on from, if there is more. A record stays in its slot for as long as it exists.
    pub(super) fn live_from(
        &self,
        slot: usize,
        most: usize,
        now: Timestamp,
    ) -> (Vec<Arc<Record>>, Option<usize>) {
        let mut live = Vec::new();
        for (at, record) in self.slots.iter().enumerate().skip(slot) {
            let Some(record) = record.as_ref().filter(|record| !record.is_expired(now)) else {
                continue;
            };
            if live.len() == most {
                return (live, Some(at));
            }
            live.push(Arc::clone(record));
        }
        (live, None)
    }

    #[cfg(feature = "test-util")]
    pub(super) fn records(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.slots.iter().flatten()
    }

    /// Removes and returns at most `most` expired records.
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

/// A hasher that uses the handle itself: a handle is random, and only this library creates the
/// handles in the map, so no attacker can choose colliding ones.
#[derive(Default)]
struct ItsOwnHash(u64);

impl Hasher for ItsOwnHash {
    /// Uses the last bytes; the first byte selected the shard.
    fn write(&mut self, bytes: &[u8]) {
        if let Some(end) = bytes.last_chunk() {
            self.0 ^= u64::from_ne_bytes(*end);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

//! One shard of the records: by handle, and in the order in which they expire.

use std::collections::{HashMap, hash_map as map};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::deadlines::{Deadlines, SlotNumber};
use crate::handle::Handle;
use crate::record::Record;
use crate::time::Timestamp;

/// One shard of the records.
#[derive(Default)]
pub(super) struct Shard {
    entries: HashMap<Handle, Entry, BuildHasherDefault<ItsOwnHash>>,
    deadlines: Deadlines,
}

struct Entry {
    record: Arc<Record>,
    slot: SlotNumber,
}

impl Shard {
    pub(super) fn get(&self, handle: Handle) -> Option<&Arc<Record>> {
        self.entries.get(&handle).map(|entry| &entry.record)
    }

    /// Inserts a new record. Returns false if its handle exists already; the existing record stays.
    pub(super) fn insert(&mut self, record: Arc<Record>) -> bool {
        let handle = record.handle();
        let map::Entry::Vacant(vacant) = self.entries.entry(handle) else {
            return false;
        };
        let slot = self.deadlines.schedule(handle, record.idle_deadline());
        vacant.insert(Entry { record, slot });
        true
    }

    /// Replaces the record with the same handle, if there is one.
    pub(super) fn replace(&mut self, record: Arc<Record>) {
        if let Some(entry) = self.entries.get_mut(&record.handle()) {
            self.deadlines
                .reschedule(entry.slot, record.idle_deadline());
            entry.record = record;
        }
    }

    pub(super) fn remove(&mut self, handle: Handle) -> Option<Arc<Record>> {
        let Entry { record, slot } = self.entries.remove(&handle)?;
        self.deadlines.cancel(slot);
        Some(record)
    }

    /// At most `most` live records, in the order of their slots from this one on, and the slot to go on
    /// from, if there is more. A record stays in its slot for as long as it exists.
    pub(super) fn live_from(
        &self,
        slot: usize,
        most: usize,
        now: Timestamp,
    ) -> (Vec<Arc<Record>>, Option<usize>) {
        let mut live = Vec::new();
        for (at, slot, handle) in self.deadlines.slots_from(slot) {
            // A free slot still has the handle of the session that was in it.
            let in_slot = |entry: &&Entry| entry.slot == slot && !entry.record.is_expired(now);
            let Some(entry) = self.entries.get(&handle).filter(in_slot) else {
                continue;
            };
            if live.len() == most {
                return (live, Some(at));
            }
            live.push(Arc::clone(&entry.record));
        }
        (live, None)
    }

    #[cfg(feature = "test-util")]
    pub(super) fn records(&self) -> impl Iterator<Item = &Arc<Record>> {
        self.entries.values().map(|entry| &entry.record)
    }

    /// Removes and returns at most `most` expired records.
    pub(super) fn take_expired(&mut self, now: Timestamp, most: usize) -> Vec<Arc<Record>> {
        let mut expired = Vec::new();
        while expired.len() < most
            && let Some(handle) = self.deadlines.next_due(now)
            && let Some(record) = self.remove(handle)
        {
            expired.push(record);
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

//! Handles by owner.

use std::collections::{HashMap, HashSet};

use super::sync::{self, Mutex, MutexGuard};
use crate::handle::Handle;
use crate::record::Record;
use crate::store::OwnerKey;

/// The index, sharded by owner.
pub(super) struct Owners {
    shards: Box<[Mutex<Shard>]>,
}

type Shard = HashMap<OwnerKey, Members>;

/// Most owners have one session, and a set for a single handle would cost more than the handle. The
/// set is boxed so that those owners do not pay for its size.
enum Members {
    One(Handle),
    #[allow(
        clippy::box_collection,
        reason = "a set inside would make every entry its size"
    )]
    Many(Box<HashSet<Handle>>),
}

impl Owners {
    pub(super) fn new(shards: usize) -> Self {
        Self {
            shards: (0..shards).map(|_| Mutex::default()).collect(),
        }
    }

    /// Locks these owners, in the order of their shards.
    pub(super) fn lock(&self, keys: &[OwnerKey]) -> LockedOwners<'_> {
        let mut numbers: Vec<_> = keys.iter().map(|key| self.shard_of(key)).collect();
        numbers.sort_unstable();
        numbers.dedup();
        let guards = numbers
            .into_iter()
            .map(|number| (number, sync::lock(&self.shards[number])))
            .collect();
        LockedOwners {
            index: self,
            guards,
        }
    }

    /// Removes a deleted record from the index of its owners, except `done`, from which the caller
    /// has already removed it. The caller must hold no lock.
    pub(super) fn forget(&self, record: &Record, done: Option<OwnerKey>) {
        for key in record.owners().filter(|key| Some(*key) != done) {
            let mut shard = sync::lock(&self.shards[self.shard_of(&key)]);
            remove(&mut shard, &key, record.handle());
        }
    }

    /// All entries of the index.
    #[cfg(feature = "test-util")]
    pub(super) fn entries(&self) -> Vec<(OwnerKey, Handle)> {
        let mut entries = Vec::new();
        for shard in &self.shards {
            for (key, members) in sync::lock(shard).iter() {
                match members {
                    Members::One(handle) => entries.push((*key, *handle)),
                    Members::Many(handles) => entries.extend(handles.iter().map(|h| (*key, *h))),
                }
            }
        }
        entries
    }

    fn shard_of(&self, key: &OwnerKey) -> usize {
        usize::from(key.as_bytes()[0]) % self.shards.len()
    }
}

/// Owners whose shards are locked.
pub(super) struct LockedOwners<'a> {
    index: &'a Owners,
    guards: Vec<(usize, MutexGuard<'a, Shard>)>,
}

impl LockedOwners<'_> {
    pub(super) fn members(&self, key: &OwnerKey) -> impl Iterator<Item = Handle> {
        let members = self.shard(key).and_then(|shard| shard.get(key));
        let (one, many) = match members {
            Some(Members::One(handle)) => (Some(*handle), None),
            Some(Members::Many(handles)) => (None, Some(handles)),
            None => (None, None),
        };
        one.into_iter()
            .chain(many.into_iter().flat_map(|handles| handles.iter().copied()))
    }

    pub(super) fn add(&mut self, key: &OwnerKey, handle: Handle) {
        let Some(shard) = self.shard_mut(key) else {
            return;
        };
        let members = shard.entry(*key).or_insert(Members::One(handle));
        match members {
            Members::One(first) if *first == handle => {}
            Members::One(first) => {
                *members = Members::Many(Box::new(HashSet::from([*first, handle])));
            }
            Members::Many(handles) => {
                handles.insert(handle);
            }
        }
    }

    pub(super) fn remove(&mut self, key: &OwnerKey, handle: Handle) {
        if let Some(shard) = self.shard_mut(key) {
            remove(shard, key, handle);
        }
    }

    /// Removes and returns all members of an owner, sorted by handle: the model checker needs a
    /// fixed order, and a set iterates in a different one each time.
    pub(super) fn take_all(&mut self, key: &OwnerKey) -> Vec<Handle> {
        match self.shard_mut(key).and_then(|shard| shard.remove(key)) {
            Some(Members::One(handle)) => vec![handle],
            Some(Members::Many(handles)) => {
                let mut handles: Vec<_> = handles.into_iter().collect();
                handles.sort_unstable();
                handles
            }
            None => Vec::new(),
        }
    }

    fn shard(&self, key: &OwnerKey) -> Option<&Shard> {
        let number = self.index.shard_of(key);
        let (_, shard) = self.guards.iter().find(|(locked, _)| *locked == number)?;
        Some(shard)
    }

    fn shard_mut(&mut self, key: &OwnerKey) -> Option<&mut Shard> {
        let number = self.index.shard_of(key);
        let (_, shard) = self
            .guards
            .iter_mut()
            .find(|(locked, _)| *locked == number)?;
        Some(shard)
    }
}

fn remove(shard: &mut Shard, key: &OwnerKey, handle: Handle) {
    let is_empty = match shard.get_mut(key) {
        Some(Members::One(only)) => *only == handle,
        Some(Members::Many(handles)) => {
            handles.remove(&handle);
            handles.is_empty()
        }
        None => false,
    };
    if is_empty {
        shard.remove(key);
    }
}

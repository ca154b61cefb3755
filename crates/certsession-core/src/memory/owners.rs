//! Sessions by owner, oldest first.

use std::collections::{BTreeSet, HashMap};
use std::ops::Bound;

use super::sync::{self, Mutex, MutexGuard};
use crate::handle::Handle;
use crate::record::Record;
use crate::store::OwnerKey;
use crate::time::Timestamp;

/// The place of a session among those of an owner, which are sorted by when they began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    pub(super) began: Timestamp,
    pub(super) handle: Handle,
}

impl From<&Record> for Place {
    fn from(record: &Record) -> Self {
        Self {
            began: record.created_at(),
            handle: record.handle(),
        }
    }
}

/// The index, sharded by owner.
pub(super) struct Owners {
    shards: Box<[Mutex<Shard>]>,
}

type Shard = HashMap<OwnerKey, Members>;

/// Most owners have one session, and a set for a single place would cost more than the place. The
/// set is boxed so that those owners do not pay for its size.
enum Members {
    One(Place),
    #[allow(
        clippy::box_collection,
        reason = "a set inside would make every entry its size"
    )]
    Many(Box<BTreeSet<Place>>),
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
            remove(&mut shard, &key, record.into());
        }
    }

    /// All entries of the index.
    #[cfg(feature = "test-util")]
    pub(super) fn entries(&self) -> Vec<(OwnerKey, Place)> {
        let mut entries = Vec::new();
        for shard in &self.shards {
            for (key, members) in sync::lock(shard).iter() {
                match members {
                    Members::One(place) => entries.push((*key, *place)),
                    Members::Many(places) => entries.extend(places.iter().map(|p| (*key, *p))),
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
    /// The sessions of an owner, oldest first.
    pub(super) fn members(&self, key: &OwnerKey) -> impl Iterator<Item = Place> {
        self.members_after(key, None)
    }

    /// The sessions of an owner that are behind a place, oldest first.
    pub(super) fn members_after(
        &self,
        key: &OwnerKey,
        place: Option<Place>,
    ) -> impl Iterator<Item = Place> {
        let (one, many) = match self.get(key) {
            Some(Members::One(only)) => (Some(*only), None),
            Some(Members::Many(places)) => (None, Some(places)),
            None => (None, None),
        };
        let one = one.filter(|only| place.is_none_or(|place| *only > place));
        let behind = place.map_or(Bound::Unbounded, Bound::Excluded);
        let many = many.map(|places| places.range((behind, Bound::Unbounded)));
        one.into_iter().chain(many.into_iter().flatten().copied())
    }

    /// How many sessions an owner has.
    pub(super) fn count(&self, key: &OwnerKey) -> usize {
        match self.get(key) {
            Some(Members::One(_)) => 1,
            Some(Members::Many(places)) => places.len(),
            None => 0,
        }
    }

    pub(super) fn add(&mut self, key: &OwnerKey, place: Place) {
        let Some(shard) = self.shard_mut(key) else {
            return;
        };
        let members = shard.entry(*key).or_insert(Members::One(place));
        match members {
            Members::One(first) if *first == place => {}
            Members::One(first) => {
                *members = Members::Many(Box::new(BTreeSet::from([*first, place])));
            }
            Members::Many(places) => {
                places.insert(place);
            }
        }
    }

    pub(super) fn remove(&mut self, key: &OwnerKey, place: Place) {
        if let Some(shard) = self.shard_mut(key) {
            remove(shard, key, place);
        }
    }

    fn get(&self, key: &OwnerKey) -> Option<&Members> {
        self.shard(key)?.get(key)
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

fn remove(shard: &mut Shard, key: &OwnerKey, place: Place) {
    let is_empty = match shard.get_mut(key) {
        Some(Members::One(only)) => *only == place,
        Some(Members::Many(places)) => {
            places.remove(&place);
            places.is_empty()
        }
        None => false,
    };
    if is_empty {
        shard.remove(key);
    }
}

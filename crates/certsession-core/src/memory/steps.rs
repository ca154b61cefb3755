//! The conditional operations: creating a record, and committing to one.

use std::sync::Arc;

use super::owners::{LockedOwners, Place};
use super::{MemoryStore, free, sync};
use crate::handle::Handle;
use crate::record::Record;
use crate::store::{
    Admission, Commit, Creation, Decision, Outcome, Owner, OwnerKey, StoreError, StoreErrorKind,
};
use crate::time::Timestamp;

impl MemoryStore {
    /// Returns the sessions of a record's principal that must end before the record is admitted
    /// (none without an admission limit), or `None` if it is refused. The caller holds the
    /// principal's lock.
    fn make_room(
        &self,
        owners: &LockedOwners<'_>,
        record: &Record,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Option<Vec<Handle>> {
        let (Some(principal), Some(admission)) = (record.principal(), admission) else {
            return Some(Vec::new());
        };
        let mut others: Vec<_> = owners
            .members(&Owner::Principal(principal.clone()).key())
            .filter(|place| place.handle != record.handle())
            .filter_map(|place| self.get(place.handle, now))
            .collect();
        let excess = admission.excess(others.len())?;
        others.truncate(excess);
        Some(others.iter().map(|other| other.handle()).collect())
    }

    /// Ends sessions of a principal whose lock is held, and returns those that this call ended:
    /// another caller may have ended some of them in the meantime.
    fn evict(&self, owners: LockedOwners<'_>, handles: &[Handle]) -> Vec<Handle> {
        let evicted: Vec<_> = handles.iter().filter_map(|h| self.take(*h)).collect();
        drop(owners);
        for record in &evicted {
            self.owners.forget(record, None);
        }
        evicted.iter().map(|record| record.handle()).collect()
    }

    /// Ends those of these sessions that belong to an owner whose lock is held. The caller removes
    /// them from the index of their other owners, without a lock.
    pub(super) fn take_members(
        &self,
        owners: &mut LockedOwners<'_>,
        owner: &OwnerKey,
        places: &[Place],
    ) -> Vec<Arc<Record>> {
        let taken = places.iter().filter_map(|place| {
            // It cannot go to another owner while this one's lock is held.
            let belongs = |record: &Arc<Record>| record.owners().any(|key| key == *owner);
            let current = sync::lock(self.shard(place.handle))
                .get(place.handle)
                .cloned();
            current.filter(belongs)?;
            self.take(place.handle)
        });
        let taken: Vec<_> = taken.collect();
        for record in &taken {
            owners.remove(owner, (&**record).into());
        }
        taken
    }

    /// Removes sessions that were ended from the index of their owners but this one. The caller
    /// must hold no lock.
    pub(super) fn forget_members(&self, ended: Vec<Arc<Record>>, owner: OwnerKey) -> Vec<Handle> {
        for record in &ended {
            self.owners.forget(record, Some(owner));
        }
        let handles = ended.iter().map(|record| record.handle()).collect();
        free(ended);
        handles
    }

    pub(super) fn create_now(
        &self,
        record: Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Creation {
        let (handle, place) = (record.handle(), (&*record).into());
        let keys: Vec<_> = record.owners().collect();
        let mut owners = self.owners.lock(&keys);
        let Some(excess) = self.make_room(&owners, &record, admission, now) else {
            return Creation::LimitReached;
        };
        if !sync::lock(self.shard(handle)).insert(record) {
            return Creation::Exists;
        }
        for key in &keys {
            owners.add(key, place);
        }
        let evicted = self.evict(owners, &excess);
        Creation::Created { evicted }
    }

    /// Fails if there is no room for the data.
    pub(super) fn commit_now(&self, commit: &Commit) -> Result<Outcome, StoreError> {
        if commit.changes_owners() {
            self.commit_with_owners(commit)
        } else {
            self.commit_in_place(commit)
        }
    }

    /// Applies a commit that does not change the record's owners.
    fn commit_in_place(&self, commit: &Commit) -> Result<Outcome, StoreError> {
        let mut shard = sync::lock(self.shard(commit.handle()));
        let Some(current) = shard.get(commit.handle()) else {
            return Ok(Outcome::Gone);
        };
        let (record, rotated) = match decide(current, commit) {
            Ok(applied) => applied,
            Err(outcome) => return Ok(outcome),
        };
        self.resize(current, &record)?;
        shard.replace(Arc::clone(&record));
        Ok(Outcome::Applied {
            record,
            rotated,
            evicted: Vec::new(),
        })
    }

    /// Applies a commit that can move the record into another owner's index.
    fn commit_with_owners(&self, commit: &Commit) -> Result<Outcome, StoreError> {
        let (handle, now) = (commit.handle(), commit.now());
        loop {
            let Some(seen) = self.get(handle, now) else {
                return Ok(Outcome::Gone);
            };
            let (planned, _) = match decide(&seen, commit) {
                Ok(applied) => applied,
                Err(outcome) => return Ok(outcome),
            };
            let before: Vec<_> = seen.owners().collect();
            let after: Vec<_> = planned.owners().collect();
            let mut owners = self.owners.lock(&[&before[..], &after].concat());
            let Some(excess) = self.make_room(&owners, &planned, commit.admission(), now) else {
                return Ok(Outcome::LimitReached);
            };

            let mut shard = sync::lock(self.shard(handle));
            let Some(current) = shard.get(handle) else {
                return Ok(Outcome::Gone);
            };
            if !current.owners().eq(before.iter().copied()) {
                // The owners changed before the locks were taken. Retry.
                continue;
            }
            let (record, rotated) = match decide(current, commit) {
                Ok(applied) => applied,
                Err(outcome) => return Ok(outcome),
            };
            if !record.owners().eq(after.iter().copied()) {
                // The principal or the certificate that comes out is not the one that was locked.
                // Retry.
                continue;
            }
            self.resize(current, &record)?;
            let (left, joined) = (Place::from(&**current), Place::from(&*record));
            shard.replace(Arc::clone(&record));
            drop(shard);
            for key in before.iter() {
                if left != joined || !after.contains(key) {
                    owners.remove(key, left);
                }
            }
            for key in &after {
                if left != joined || !before.contains(key) {
                    owners.add(key, joined);
                }
            }
            let evicted = self.evict(owners, &excess);
            return Ok(Outcome::Applied {
                record,
                rotated,
                evicted,
            });
        }
    }

    fn resize(&self, from: &Record, to: &Record) -> Result<(), StoreError> {
        if self.room.resize(from.kept_size(), to.kept_size()) {
            return Ok(());
        }
        Err(StoreError::new(StoreErrorKind::Full))
    }
}

/// Returns the new record, or the outcome that explains why there is none.
fn decide(current: &Arc<Record>, commit: &Commit) -> Result<(Arc<Record>, bool), Outcome> {
    match current.apply(commit) {
        Decision::Apply { record, rotated } => Ok((record, rotated)),
        Decision::Stale => Err(Outcome::Stale),
        Decision::Gone => Err(Outcome::Gone),
        Decision::ValueChanged => Err(Outcome::ValueChanged {
            record: Arc::clone(current),
        }),
        Decision::TooLarge { size } => Err(Outcome::TooLarge { size }),
    }
}

//! A change to a record.

use std::sync::Arc;

use certsession_core::{Commit, Decision, Handle, Outcome, Record, StoreError};
use tokio::time::sleep;

use super::admission::{Room, principal_key};
use crate::client::Repeat;
use crate::failure::{pause, unexpected_answer, unknown_outcome};
use crate::firestore_store::FirestoreStore;
use crate::layout::{stamp, update_time};
use crate::message::{CommitResponse, Condition, Timestamp as UpdateTime};

/// What became of an attempt to replace a record.
enum Attempt {
    Replaced {
        record: Arc<Record>,
        evicted: Vec<Handle>,
    },
    /// A document has changed in the meantime.
    Conflict {
        /// What the attempt would have evicted.
        evicted: Vec<Handle>,
        /// Whether this very attempt may be what has changed it.
        may_have_happened: bool,
    },
    LimitReached,
}

impl FirestoreStore {
    /// Applies a commit to the record as the request loaded it, and replaces that if its document
    /// has not changed; otherwise applies it to the newer record, until it is replaced or decided
    /// against. Each turn is lost only to another success.
    pub(super) async fn commit_change(&self, commit: &Commit) -> Result<Outcome, StoreError> {
        let handle = commit.handle();
        let mut current = Arc::clone(commit.loaded());
        let mut is_as_loaded = true;
        let mut in_turn = None;
        let mut conflicts = 0;
        loop {
            let applied = match (update_time(&current), current.apply(commit)) {
                (Some(seen), Decision::Apply { record, rotated }) => Ok((seen, record, rotated)),
                // A record of this request's own creation has no stamp.
                (None, Decision::Apply { .. }) => Err(Outcome::Gone),
                (_, Decision::Stale) => Err(Outcome::Stale),
                (_, Decision::Gone) => Err(Outcome::Gone),
                (_, Decision::ValueChanged) => Err(Outcome::ValueChanged {
                    record: Arc::clone(&current),
                }),
                (_, Decision::TooLarge { size }) => Err(Outcome::TooLarge { size }),
                _ => return Err(unexpected_answer("a commit: the rules are newer")),
            };
            let (seen, record, rotated) = match applied {
                Ok(applied) => applied,
                // What the request loaded may be out of date.
                Err(_) if is_as_loaded => match self.fetch(handle).await? {
                    Some(newer) => {
                        (current, is_as_loaded) = (newer, false);
                        continue;
                    }
                    None => return Ok(Outcome::Gone),
                },
                Err(outcome) => return Ok(outcome),
            };
            let limit = commit.admission().zip(principal_key(&record));
            if let (Some((admission, owner)), None) = (&limit, &in_turn)
                && (conflicts > 0 || admission.evicts())
            {
                in_turn = Some(self.queues.join(owner, self.client.timeout).await);
            }
            let room = match &limit {
                Some((admission, owner)) => {
                    let room = self.make_room(owner, &record, *admission, commit.now());
                    room.await?
                }
                None => Some(Room::default()),
            };
            let attempt = match room {
                Some(room) => self.replace(seen, Arc::clone(&record), room).await?,
                None => Attempt::LimitReached,
            };
            let (evicted, may_have_happened) = match attempt {
                Attempt::Replaced { record, evicted } => {
                    return Ok(Outcome::Applied {
                        record,
                        rotated,
                        evicted,
                    });
                }
                Attempt::LimitReached => return Ok(Outcome::LimitReached),
                Attempt::Conflict {
                    evicted,
                    may_have_happened,
                } => (evicted, may_have_happened),
            };
            conflicts += 1;
            if conflicts > 1 {
                // Those who write to one document at once get out of each other's way.
                sleep(pause(1) / 8).await;
            }
            match self.fetch(handle).await? {
                None => return Ok(Outcome::Gone),
                // Each commit has a revision of its own: it was this one.
                Some(newer) if newer.revision() == record.revision() => {
                    return Ok(Outcome::Applied {
                        record: newer,
                        rotated,
                        evicted,
                    });
                }
                // It may have been replaced by the attempt whose answer was lost, and again by
                // another who has seen that: to replace it once more would undo theirs.
                Some(_) if may_have_happened => return Err(unknown_outcome()),
                Some(newer) => (current, is_as_loaded) = (newer, false),
            }
        }
    }

    /// Replaces a record that has been seen like this, in one step with what makes room for it.
    async fn replace(
        &self,
        seen: UpdateTime,
        record: Arc<Record>,
        room: Room,
    ) -> Result<Attempt, StoreError> {
        let Room {
            mut writes,
            evicted,
        } = room;
        let unchanged = Condition::UpdateTime(seen);
        writes.push(self.client.layout.keep(&record, unchanged));
        match self.client.commit(writes, Repeat::Safe).await {
            Ok(answer) => Ok(Attempt::Replaced {
                record: stamped(record, &answer.value),
                evicted,
            }),
            Err(failure) if failure.is_conflict() => Ok(Attempt::Conflict {
                evicted,
                may_have_happened: failure.may_have_happened,
            }),
            Err(failure) => Err(failure.into()),
        }
    }
}

/// The record with the update time that its document has now: the next commit of the same request
/// needs no load.
fn stamped(record: Arc<Record>, answer: &CommitResponse) -> Arc<Record> {
    // The write of the record is the last.
    let result = answer.write_results.last();
    match result.and_then(|result| result.update_time) {
        Some(time) => Arc::new(Arc::unwrap_or_clone(record).with_stamp(stamp(time))),
        None => record,
    }
}

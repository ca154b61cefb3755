//! The limit on a principal's sessions.
//!
//! Each limited principal has a document of its own, by which sign-ins take turns: a sign-in reads
//! it together with the principal's sessions, and writes it together with its own session, on the
//! condition that it has not changed. Of two that read the same, one is refused by the database
//! and looks again.

use certsession_core::{Admission, Handle, OwnerKey, Record, StoreError, Timestamp};

use crate::firestore_store::FirestoreStore;
use crate::layout::{Member, Range, Select, read_place};
use crate::message::{Condition, Timestamp as UpdateTime, Write};

/// How many expired sessions a sign-in clears away at the most: they would be read, and paid for,
/// by each sign-in until the TTL policy gets to them.
const SWEEP: usize = 16;

/// What a sign-in has to write besides its own session.
#[derive(Debug, Default)]
pub(super) struct Room {
    /// Ends and the turn. They come first in the commit: a reader that sees it half done must not
    /// see one session too many.
    pub(super) writes: Vec<Write>,
    /// The sessions that end, oldest first.
    pub(super) evicted: Vec<Handle>,
}

impl FirestoreStore {
    /// What makes room for a record among its principal's sessions; `None` if it is refused.
    pub(super) async fn make_room(
        &self,
        owner: &OwnerKey,
        record: &Record,
        admission: Admission,
        now: Timestamp,
    ) -> Result<Option<Room>, StoreError> {
        let members = self
            .members(Some(owner), Select::Places, Range::default())
            .await?;
        let layout = &self.client.layout;
        let mut turn = Condition::Exists(false);
        let mut others = Vec::new();
        let mut room = Room::default();
        for member in members {
            match member {
                Member::Limit { update_time } => turn = Condition::UpdateTime(update_time),
                Member::Session { handle, .. } if handle == record.handle() => {}
                Member::Session {
                    handle,
                    document,
                    update_time,
                } => match read_place(&document) {
                    Some((_, deadline)) if deadline <= now => {
                        if room.writes.len() < SWEEP {
                            let unchanged = Condition::UpdateTime(update_time);
                            room.writes.push(layout.end(handle, unchanged));
                        }
                    }
                    Some((began, _)) => others.push(Other {
                        began,
                        handle,
                        update_time,
                    }),
                    // What cannot be read still takes its place, and is the first to go.
                    None => others.push(Other {
                        began: Timestamp::from_millis(0),
                        handle,
                        update_time,
                    }),
                },
            }
        }
        let Some(excess) = admission.excess(others.len()) else {
            return Ok(None);
        };
        others.sort_by_key(|other| (other.began, other.handle));
        others.truncate(excess);
        for other in others {
            let unchanged = Condition::UpdateTime(other.update_time);
            room.writes.push(layout.end(other.handle, unchanged));
            room.evicted.push(other.handle);
        }
        room.writes.push(layout.take_turn(owner, record, turn));
        Ok(Some(room))
    }
}

/// Another live session of the principal.
struct Other {
    began: Timestamp,
    handle: Handle,
    update_time: UpdateTime,
}

/// The key under which a record's principal has its sessions, if the record has one.
pub(super) fn principal_key(record: &Record) -> Option<OwnerKey> {
    let principal = record.principal()?.clone();
    Some(certsession_core::Owner::Principal(principal).key())
}

//! A new record.

use std::sync::Arc;

use certsession_core::{Admission, Creation, Handle, Record, StoreError, Timestamp};

use super::FirestoreStore;
use super::admission::{Room, principal_key};
use crate::client::Repeat;
use crate::failure::{Failure, unexpected_answer, unknown_outcome};
use crate::message::Condition;

impl FirestoreStore {
    /// Writes a record that is not there, in one step with what makes room for it.
    ///
    /// It is never sent again blindly: where the session was written and revoked in the meantime,
    /// a second creation would bring it back. What became of it is read instead.
    pub(super) async fn create_record(
        &self,
        record: &Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Result<Creation, StoreError> {
        let limit = admission.zip(principal_key(record));
        let mut in_turn = None;
        let mut has_conflicted = false;
        loop {
            if let (Some((admission, owner)), None) = (&limit, &in_turn)
                && (has_conflicted || admission.evicts())
            {
                in_turn = Some(self.queues.join(owner, self.client.timeout).await);
            }
            let room = match &limit {
                Some((admission, owner)) => {
                    match self.make_room(owner, record, *admission, now).await? {
                        Some(room) => room,
                        None => return Ok(Creation::LimitReached),
                    }
                }
                None => Room::default(),
            };
            let mut writes = room.writes;
            let new = Condition::Exists(false);
            writes.push(self.client.layout.keep(record, new));
            let failure = match self.client.commit(writes, Repeat::Never).await {
                Ok(_) => {
                    let evicted = room.evicted;
                    return Ok(Creation::Created { evicted });
                }
                Err(failure) => failure,
            };
            if !failure.is_conflict() && !failure.may_have_happened {
                return Err(failure.into());
            }
            if let Some(creation) = self.seen_after(record, failure, room.evicted).await? {
                return Ok(creation);
            }
            // It was the limit's document, or a session that was to end, that had changed.
            if limit.is_none() {
                return Err(unexpected_answer("the creation of a record"));
            }
            has_conflicted = true;
        }
    }

    /// What became of a creation that failed; `None` if it can be tried again.
    async fn seen_after(
        &self,
        record: &Record,
        failure: Failure,
        evicted: Vec<Handle>,
    ) -> Result<Option<Creation>, StoreError> {
        match self.fetch(record.handle()).await? {
            Some(found) if failure.may_have_happened && found.revision() == record.revision() => {
                Ok(Some(Creation::Created { evicted }))
            }
            // It is another one: no client has the token of ours yet, so ours cannot have changed.
            Some(_) => Ok(Some(Creation::Exists)),
            None if failure.may_have_happened => Err(unknown_outcome()),
            None => Ok(None),
        }
    }
}

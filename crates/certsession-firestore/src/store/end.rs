//! Ending sessions.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use certsession_core::{Handle, OwnerKey, Record, Removal, StoreError, StoreErrorKind, Timestamp};
use tokio::time::sleep;
use tonic::{Code, Status};

use crate::client::Repeat;
use crate::failure::{ATTEMPTS, IntoStoreError, Verdict, pause, unexpected_answer, verdict};
use crate::firestore_store::FirestoreStore;
use crate::layout::{Member, Range, Select, read_place, update_time};
use crate::message::{Condition, Timestamp as UpdateTime};

/// How many sessions one call ends at the most: the database's own limit.
const AT_ONCE: usize = 500;

impl FirestoreStore {
    /// Ends a session. True if this call ended it; where an answer was lost, also if it may have. A
    /// record that cannot be read ends like any other.
    pub(super) async fn end(&self, handle: Handle) -> Result<bool, StoreError> {
        let end = self.client.layout.end(handle, Condition::Exists(true));
        match self.client.commit(vec![end], Repeat::Safe).await {
            Ok(_) => Ok(true),
            Err(failure) if failure.is_missing() => Ok(failure.may_have_happened),
            Err(failure) => Err(failure.into()),
        }
    }

    /// Ends a session as it was loaded.
    pub(super) async fn end_as_loaded(&self, loaded: &Record) -> Result<Removal, StoreError> {
        let handle = loaded.handle();
        let seen = match update_time(loaded) {
            Some(seen) => seen,
            // A record of this request's own creation has no stamp.
            None => match self.fetch(handle).await? {
                None => return Ok(Removal::Gone),
                Some(now) if now.revision() != loaded.revision() => return Ok(Removal::Changed),
                Some(now) => match update_time(&now) {
                    Some(seen) => seen,
                    None => return Err(unexpected_answer("a read: it has no update time")),
                },
            },
        };
        let end = self.client.layout.end(handle, Condition::UpdateTime(seen));
        match self.client.commit(vec![end], Repeat::Safe).await {
            Ok(_) => Ok(Removal::Removed),
            // The database says the same of a document that has changed and of one that is gone.
            Err(failure) if failure.is_conflict() => match self.fetch(handle).await? {
                Some(_) => Ok(Removal::Changed),
                None if failure.may_have_happened => Ok(Removal::Removed),
                None => Ok(Removal::Gone),
            },
            Err(failure) => Err(failure.into()),
        }
    }

    /// Ends a session that was loaded expired, so that it does not come back if the clock goes back.
    /// If another request has extended it since, returns the record as it is now.
    pub(super) async fn end_expired(
        &self,
        loaded: &Record,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        let handle = loaded.handle();
        let Some(seen) = update_time(loaded) else {
            return Err(unexpected_answer("a read: it has no update time"));
        };
        let end = self.client.layout.end(handle, Condition::UpdateTime(seen));
        match self.client.commit(vec![end], Repeat::Safe).await {
            Err(failure) if failure.is_conflict() => {
                let newer = self.fetch(handle).await?;
                Ok(newer.filter(|record| !record.is_expired(now)))
            }
            // If the database fails here, the TTL policy deletes the document later.
            _ => Ok(None),
        }
    }

    /// Ends every session that belongs to an owner now, and tells which this call ended; a portion
    /// at a time, by their names, which never change.
    ///
    /// Each ends on the condition that it is as it was seen. One that has changed is looked at
    /// again, until it is gone or belongs to another; what begins in the meantime is left alone.
    pub(super) async fn end_all(&self, owner: &OwnerKey) -> Result<Vec<Handle>, StoreError> {
        let (mut ended, mut failure) = (Vec::new(), None);
        let mut range = Range {
            most: Some(AT_ONCE),
            ..Range::default()
        };
        loop {
            let seen = self.sessions_of(owner, range).await?;
            let Some((last, _)) = seen.last_key_value() else {
                break;
            };
            let (last, is_last) = (*last, seen.len() < AT_ONCE - 1);
            let portion = Range {
                until: Some(last),
                most: None,
                ..range
            };
            // A document that the database keeps from being deleted does not save the others.
            match self.end_portion(owner, seen, portion, &mut ended).await {
                Err(error) if error.kind() != StoreErrorKind::Unavailable => failure = Some(error),
                outcome => outcome?,
            }
            if is_last {
                break;
            }
            range.behind = Some(last);
        }
        match failure {
            None => Ok(ended),
            Some(error) => Err(error),
        }
    }

    /// Ends the sessions of a part of an owner's documents, which has these.
    async fn end_portion(
        &self,
        owner: &OwnerKey,
        mut left: BTreeMap<Handle, UpdateTime>,
        range: Range,
        ended: &mut Vec<Handle>,
    ) -> Result<(), StoreError> {
        let mut troubles = 0;
        while !left.is_empty() {
            let (changed, trouble) = self.end_unchanged(&left, ended).await?;
            if changed.is_empty() {
                break;
            }
            if let Some(trouble) = trouble {
                troubles += 1;
                if troubles == ATTEMPTS {
                    return Err(trouble.into_store_error());
                }
                sleep(pause(troubles)).await;
            }
            let now = self.sessions_of(owner, range).await?;
            left = BTreeMap::new();
            for (handle, may_have_happened) in changed {
                match now.get(&handle) {
                    Some(seen) => drop(left.insert(handle, *seen)),
                    // Gone, or another's; if an answer was lost, it may have gone by this call.
                    None if may_have_happened => ended.push(handle),
                    None => {}
                }
            }
        }
        Ok(())
    }

    /// If an owner has more than `most` live sessions, ends the oldest until `keep` are left, and
    /// tells which this call ended.
    ///
    /// The database counts expired documents too, until the TTL policy gets to them: they make it
    /// look, and are deleted in the same call, but no live session ends for them.
    pub(super) async fn end_excess(
        &self,
        owner: &OwnerKey,
        most: usize,
        keep: usize,
        now: Timestamp,
    ) -> Result<Vec<Handle>, StoreError> {
        let mut ended = Vec::new();
        let count = self.client.layout.count_of_owner(owner, most + 1);
        if self.client.count(&count).await? <= most {
            return Ok(ended);
        }
        let range = Range {
            most: Some(most + AT_ONCE),
            ..Range::default()
        };
        let members = self.members(Some(owner), Select::Places, range).await?;
        let places = members.into_iter().filter_map(|member| match member {
            Member::Session {
                handle,
                document,
                update_time,
            } => Some((read_place(&document), handle, update_time)),
            Member::Limit { .. } => None,
        });
        let (mut expired, mut live): (Vec<_>, Vec<_>) = places.partition(|(place, ..)| {
            // What cannot be read counts as live.
            place.is_some_and(|(_, deadline)| deadline <= now)
        });
        let excess = match live.len() > most {
            true => live.len().saturating_sub(keep).min(AT_ONCE / 2),
            false => 0,
        };
        // What cannot be read is the first to go.
        live.sort_by_key(|(place, handle, _)| (place.map(|(began, _)| began), *handle));
        live.truncate(excess);
        expired.truncate(AT_ONCE - excess);
        let cleared: BTreeSet<_> = expired.iter().map(|(_, handle, _)| *handle).collect();
        let ends = expired.into_iter().chain(live);
        let ends = ends.map(|(_, handle, seen)| (handle, seen)).collect();
        // What is in use at this moment stays for the next look.
        self.end_unchanged(&ends, &mut ended).await?;
        ended.retain(|handle| !cleared.contains(handle));
        Ok(ended)
    }

    async fn sessions_of(
        &self,
        owner: &OwnerKey,
        range: Range,
    ) -> Result<BTreeMap<Handle, UpdateTime>, StoreError> {
        let members = self
            .members(Some(owner), Select::Names, range)
            .await?
            .into_iter();
        let sessions = members.filter_map(|member| match member {
            Member::Session {
                handle,
                update_time,
                ..
            } => Some((handle, update_time)),
            Member::Limit { .. } => None,
        });
        Ok(sessions.collect())
    }

    /// Ends sessions that are as they were seen; returns those that are not, each with whether it
    /// may have ended all the same, and what kept the database from ending one, if anything did.
    async fn end_unchanged(
        &self,
        seen: &BTreeMap<Handle, UpdateTime>,
        ended: &mut Vec<Handle>,
    ) -> Result<(Vec<(Handle, bool)>, Option<Status>), StoreError> {
        let layout = &self.client.layout;
        let sessions: Vec<_> = seen.iter().collect();
        let mut changed = Vec::new();
        let (mut trouble, mut failed) = (None, None);
        for some in sessions.chunks(AT_ONCE) {
            let ends = some.iter().map(|(handle, seen)| {
                let unchanged = Condition::UpdateTime(**seen);
                layout.end(**handle, unchanged)
            });
            let answer = self.client.batch_write(ends.collect()).await?;
            if answer.value.status.len() != some.len() {
                return Err(unexpected_answer("the end of sessions"));
            }
            for ((handle, _), status) in some.iter().zip(answer.value.status) {
                let status = Status::new(Code::from(status.code), status.message);
                match (status.code(), verdict(&status)) {
                    (Code::Ok, _) => ended.push(**handle),
                    (Code::FailedPrecondition | Code::NotFound, _) => {
                        changed.push((**handle, answer.may_have_happened));
                    }
                    // The next look finds what has become of it.
                    (_, Verdict::NotTaken | Verdict::Unknown) => {
                        changed.push((**handle, true));
                        trouble = Some(status);
                    }
                    (_, Verdict::Final) => failed = Some(status),
                }
            }
        }
        match failed {
            // The others have ended: those that can be ended are.
            Some(status) => Err(status.into_store_error()),
            None => Ok((changed, trouble)),
        }
    }
}

//! Ending sessions.

use std::collections::BTreeMap;

use certsession_core::{Handle, OwnerKey, StoreError};
use tokio::time::sleep;
use tonic::{Code, Status};

use super::FirestoreStore;
use crate::client::Repeat;
use crate::failure::{ATTEMPTS, IntoStoreError, Verdict, pause, unexpected_answer, verdict};
use crate::layout::{Member, Select};
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

    /// Ends every session that belongs to an owner now, and tells which this call ended.
    ///
    /// Each ends on the condition that it is as it was seen. One that has changed is looked at
    /// again, until it is gone or belongs to another; what begins in the meantime is left alone.
    pub(super) async fn end_all(&self, owner: &OwnerKey) -> Result<Vec<Handle>, StoreError> {
        let mut ended = Vec::new();
        let mut left = self.sessions_of(owner).await?;
        let mut troubles = 0;
        while !left.is_empty() {
            let (changed, trouble) = self.end_unchanged(&left, &mut ended).await?;
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
            let now = self.sessions_of(owner).await?;
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
        Ok(ended)
    }

    async fn sessions_of(
        &self,
        owner: &OwnerKey,
    ) -> Result<BTreeMap<Handle, UpdateTime>, StoreError> {
        let members = self.members(owner, Select::Names).await?.into_iter();
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

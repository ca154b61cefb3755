//! Changing a record.

use std::borrow::Cow;
use std::sync::Arc;

use certsession_core::{
    Admission, Commit, Decision, Handle, Outcome, Record, SessionSummary, StoreError,
    StoreErrorKind,
};
use redis::Value;

use super::read::read_record;
use crate::connection::{Replaced, Replacement};
use crate::error::unexpected_result;
use crate::index::{EntryStatus, RequiredEntries, RequiredEntry};
use crate::redis_store::RedisStore;
use crate::time::millis_to_live;

/// The result of an attempt to replace a record.
enum Attempt {
    Replaced {
        evicted: Vec<Handle>,
    },
    /// The record has changed in the meantime.
    Changed(Arc<Record>),
    Gone,
    LimitReached,
}

impl RedisStore {
    /// Applies a commit to the record as the request loaded it, and replaces that if it has not
    /// changed. Otherwise applies it to the newer record, and repeats this until a replacement
    /// succeeds or the commit is rejected. An attempt fails only if another commit succeeded.
    pub(super) async fn commit_change(&self, commit: &Commit) -> Result<Outcome, StoreError> {
        let mut current = Arc::clone(commit.loaded());
        let mut is_as_loaded = true;
        loop {
            let (record, rotated) = match current.apply(commit) {
                Decision::Apply { record, rotated } => (record, rotated),
                // The record that the request loaded may be outdated.
                _ if is_as_loaded => match self.fetch(commit.handle()).await? {
                    Some(newer) => {
                        (current, is_as_loaded) = (newer, false);
                        continue;
                    }
                    None => return Ok(Outcome::Gone),
                },
                Decision::Stale => return Ok(Outcome::Stale),
                Decision::Gone => return Ok(Outcome::Gone),
                Decision::ValueChanged => return Ok(Outcome::ValueChanged { record: current }),
                Decision::TooLarge { size } => return Ok(Outcome::TooLarge { size }),
                _ => {
                    return Err(unexpected_result(
                        "a commit: the rules are newer than the store",
                    ));
                }
            };
            let attempt = match commit.changes_owners() {
                true => Box::pin(self.replace_and_move(commit, &current, &record)).await?,
                false => self.replace(commit, &current, &record).await?,
            };
            match attempt {
                Attempt::Replaced { evicted } => {
                    return Ok(Outcome::Applied {
                        record,
                        rotated,
                        evicted,
                    });
                }
                Attempt::Changed(newer) => (current, is_as_loaded) = (newer, false),
                Attempt::Gone => return Ok(Outcome::Gone),
                Attempt::LimitReached => return Ok(Outcome::LimitReached),
            }
        }
    }

    /// Applies a change that does not affect the record's owners, with one command.
    async fn replace(
        &self,
        commit: &Commit,
        current: &Record,
        record: &Record,
    ) -> Result<Attempt, StoreError> {
        let pieces = Pieces::of(current, record);
        let replacement = self.replacement(commit, record, &pieces);
        let reply = self.connections.replace(&replacement).await?;
        match reply.value {
            Replaced::ByScript(value) => read_attempt(commit.handle(), value, reply.is_repeated),
            Replaced::Natively(Value::Okay) => Ok(Attempt::done()),
            Replaced::Natively(Value::Nil) => {
                Box::pin(self.look_after_refusal(record, reply.is_repeated)).await
            }
            Replaced::Natively(_) => Err(unexpected_result("the replacement of a record")),
        }
    }

    /// Finds out what the record is, after the server did not find the expected one.
    async fn look_after_refusal(
        &self,
        record: &Record,
        is_repeated: bool,
    ) -> Result<Attempt, StoreError> {
        match self.fetch(record.handle()).await? {
            // The command was sent again after a connection was lost, and the record was replaced
            // already.
            Some(newer) if newer.revision() == record.revision() => Ok(Attempt::done()),
            newer => Attempt::refused(newer, is_repeated),
        }
    }

    /// Applies a change that can move the record to another owner. Entries are written first, then
    /// the record, so that a revocation of the owner's sessions finds it. Only if the oldest
    /// sessions are to be evicted is the principal's entry written last: they must not end for a
    /// sign-in that fails.
    async fn replace_and_move(
        &self,
        commit: &Commit,
        current: &Record,
        record: &Record,
    ) -> Result<Attempt, StoreError> {
        let now = commit.now();
        let before = RequiredEntries::of(&current.into(), now);
        let after = RequiredEntries::of(&record.into(), now);
        let admission = commit.admission();
        let is_late = |required: &RequiredEntry| {
            required.is_limited() && admission.is_some_and(|it| it.evicts())
        };

        if let (Some(admission), Some(required)) = (admission, &after.principal)
            && !is_late(required)
            && self
                .join_limited(required, admission, commit)
                .await?
                .is_none()
        {
            return Ok(Attempt::LimitReached);
        }
        let early: Vec<_> = after
            .iter()
            .filter(|required| !required.is_limited() || admission.is_none())
            .collect();
        let late: Vec<_> = after.iter().filter(|required| is_late(required)).collect();
        let join = |required: &&RequiredEntry| match before.iter().any(|it| it.is(required)) {
            true => self.rejoin(required),
            false => self.join(required, None),
        };
        let mut calls: Vec<_> = early.iter().map(join).collect();
        let stays = match (&after.certificate, &before.certificate) {
            (Some(after), Some(before)) => after.is(before),
            (after, before) => after.is_none() && before.is_none(),
        };
        let mut joined = Vec::new();
        if !stays {
            // The previous token is accepted for some time under the new certificate, so its entry
            // must exist before the record changes.
            joined = self.connections.in_order(&calls).await?.value;
            calls.clear();
        }
        let at = calls.len();
        // By the script, whose reply is complete: the later commands do not wait for it.
        let pieces = Pieces::of(current, record);
        calls.push(self.replacement(commit, record, &pieces).script());
        calls.extend(late.iter().map(|required| self.join(required, admission)));
        let outcome = self.connections.in_order(&calls).await?;
        let mut replies = outcome.value.into_iter();
        joined.extend(replies.by_ref().take(at));
        let reply = replies.next().unwrap_or(Value::Nil);
        let attempt = read_attempt(commit.handle(), reply, outcome.is_repeated)?;
        let Attempt::Replaced { mut evicted } = attempt else {
            self.withdraw(&after, &attempt).await;
            return Ok(attempt);
        };
        let early = early.into_iter().zip(joined).map(|it| (it, None));
        let late = late.into_iter().zip(replies).map(|it| (it, admission));
        for ((required, reply), admission) in early.chain(late) {
            match self.settle(required, reply, admission, now).await {
                Ok(ended) => evicted.extend(ended.unwrap_or_default()),
                Err(error) => return Err(error.after_ending(evicted)),
            }
        }
        for required in before.iter() {
            if !after.iter().any(|other| other.is(required)) {
                self.leave(&required.owner, &[required.entry]).await;
            }
        }
        Ok(Attempt::Replaced { evicted })
    }

    /// Joins a principal's index if the policy refuses sessions beyond the limit.
    async fn join_limited(
        &self,
        required: &RequiredEntry,
        admission: Admission,
        commit: &Commit,
    ) -> Result<Option<Vec<Handle>>, StoreError> {
        let call = self.join(required, Some(admission));
        let reply = self.connections.call(&call).await?;
        self.settle(required, reply, Some(admission), commit.now())
            .await
    }

    /// Removes the entries that were added for a change that failed, except those that match the
    /// record because another request succeeded.
    async fn withdraw(&self, required: &RequiredEntries, attempt: &Attempt) {
        let newer = match attempt {
            Attempt::Changed(newer) => Some(SessionSummary::from(&**newer)),
            _ => None,
        };
        for required in required.iter() {
            if required.entry.status(&required.owner, newer.as_ref()) == EntryStatus::Void {
                self.leave(&required.owner, &[required.entry]).await;
            }
        }
    }

    fn replacement<'r>(
        &'r self,
        commit: &Commit,
        record: &Record,
        pieces: &'r Pieces<'_>,
    ) -> Replacement<'r> {
        let lifetime = record.idle_deadline().saturating_since(commit.now());
        Replacement {
            key: self.keys.session(commit.handle()),
            expected: &pieces.expected,
            revision: &pieces.revision,
            record: &pieces.record,
            millis_to_live: millis_to_live(lifetime),
        }
    }
}

/// The bytes of a replacement.
struct Pieces<'r> {
    /// The record as it was loaded; one that this process has just written is encoded again.
    expected: Cow<'r, [u8]>,
    revision: [u8; 8],
    record: Vec<u8>,
}

impl<'r> Pieces<'r> {
    fn of(current: &'r Record, record: &Record) -> Self {
        let loaded = current.stamp().map(Cow::Borrowed);
        Self {
            expected: loaded.unwrap_or_else(|| current.encode().into()),
            revision: current.revision().to_bytes(),
            record: record.encode(),
        }
    }
}

impl Attempt {
    const fn done() -> Self {
        Self::Replaced {
            evicted: Vec::new(),
        }
    }

    /// The server had another record than was expected, or none.
    fn refused(newer: Option<Arc<Record>>, is_repeated: bool) -> Result<Self, StoreError> {
        match newer {
            // The lost command may have replaced the record, and another request may have changed
            // the result. Replacing the record again would undo that change.
            Some(_) if is_repeated => Err(StoreError::with_source(
                StoreErrorKind::Unavailable,
                "a connection was lost, and it is unknown whether the write was executed",
            )),
            Some(newer) => Ok(Self::Changed(newer)),
            None => Ok(Self::Gone),
        }
    }
}

/// Reads the reply of replace.lua.
fn read_attempt(handle: Handle, reply: Value, is_repeated: bool) -> Result<Attempt, StoreError> {
    match reply {
        Value::Int(1) => Ok(Attempt::done()),
        reply => Attempt::refused(read_record(handle, reply)?, is_repeated),
    }
}

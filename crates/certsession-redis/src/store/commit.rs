//! A change to a record.

use std::sync::Arc;

use certsession_core::{
    Admission, Commit, Decision, Handle, Outcome, Record, StoreError, StoreErrorKind,
};
use redis::Value;

use super::RedisStore;
use super::read::read_record;
use crate::call::Call;
use crate::error::unexpected_answer;
use crate::index::{EntryStatus, RequiredEntries, RequiredEntry};
use crate::script::REPLACE;
use crate::time::millis_to_live;

/// What became of an attempt to replace a record.
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
    /// changed; otherwise applies it to the newer record, until it is replaced or decided against.
    /// Each turn is lost only to somebody else's success.
    pub(super) async fn commit_change(&self, commit: &Commit) -> Result<Outcome, StoreError> {
        let mut current = Arc::clone(commit.loaded());
        let mut is_as_loaded = true;
        loop {
            let (record, rotated) = match current.apply(commit) {
                Decision::Apply { record, rotated } => (record, rotated),
                // What the request loaded may be out of date.
                _ if is_as_loaded => match self.fetch(commit.handle()).await? {
                    Some(newer) => {
                        (current, is_as_loaded) = (newer, false);
                        continue;
                    }
                    None => return Ok(Outcome::Gone),
                },
                Decision::Stale => return Ok(Outcome::Stale),
                Decision::Gone => return Ok(Outcome::Gone),
                Decision::TooLarge { size } => return Ok(Outcome::TooLarge { size }),
                _ => {
                    return Err(unexpected_answer(
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

    /// A change that leaves the record with its owners: one command.
    async fn replace(
        &self,
        commit: &Commit,
        current: &Record,
        record: &Record,
    ) -> Result<Attempt, StoreError> {
        let call = self.replacement(commit, current, record);
        let answer = self.connections.call_noting(&call).await?;
        read_attempt(commit.handle(), answer.value, answer.is_repeated)
    }

    /// A change that can move the record to another owner: entries first, then the record, so that
    /// whoever revokes the owner's sessions finds it. Only where the oldest sessions are to make
    /// room does the principal's entry come last: they may not end for a sign-in that fails.
    async fn replace_and_move(
        &self,
        commit: &Commit,
        current: &Record,
        record: &Record,
    ) -> Result<Attempt, StoreError> {
        let now = commit.now();
        let (Some(before), Some(after)) = (
            RequiredEntries::of(current, now),
            RequiredEntries::of(record, now),
        ) else {
            return Err(unexpected_answer("nobody: a record without an owner"));
        };
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
        let early = after.iter().filter(|required| match required.is_limited() {
            true => admission.is_none(),
            false => true,
        });
        let late = after.iter().filter(|required| is_late(required));
        let mut calls: Vec<_> = early.map(|required| self.join(required, None)).collect();
        if !after.certificate.is(&before.certificate) {
            // The token before this change stands for a while under the new certificate: its
            // entry has to be seen to be there.
            self.connections.in_order(&calls).await?;
            calls.clear();
        }
        let at = calls.len();
        calls.push(self.replacement(commit, current, record));
        calls.extend(late.map(|required| self.join(required, admission)));
        let answered = self.connections.in_order(&calls).await?;
        let mut answers = answered.value.into_iter().skip(at);
        let answer = answers.next().unwrap_or(Value::Nil);
        let attempt = read_attempt(commit.handle(), answer, answered.is_repeated)?;
        let Attempt::Replaced { mut evicted } = attempt else {
            self.withdraw(&after, &attempt).await;
            return Ok(attempt);
        };
        for (required, answer) in after
            .iter()
            .filter(|required| is_late(required))
            .zip(answers)
        {
            let ended = self.settle(required, answer, admission, now).await?;
            evicted.extend(ended.unwrap_or_default());
        }
        for required in before.iter() {
            if !after.iter().any(|other| other.is(required)) {
                self.leave(&required.owner, &[required.entry]).await;
            }
        }
        Ok(Attempt::Replaced { evicted })
    }

    /// Joins a principal's index where one session too many is refused.
    async fn join_limited(
        &self,
        required: &RequiredEntry,
        admission: Admission,
        commit: &Commit,
    ) -> Result<Option<Vec<Handle>>, StoreError> {
        let call = self.join(required, Some(admission));
        let answer = self.connections.call(&call).await?;
        self.settle(required, answer, Some(admission), commit.now())
            .await
    }

    /// Takes the entries back that were made for a change which did not come about; but not those
    /// that another request's success may have made true.
    async fn withdraw(&self, required: &RequiredEntries, attempt: &Attempt) {
        let newer = match attempt {
            Attempt::Changed(newer) => Some(newer),
            _ => None,
        };
        for required in required.iter() {
            let record = newer.map(AsRef::as_ref);
            if required.entry.status(&required.owner, record) == EntryStatus::Void {
                self.leave(&required.owner, &[required.entry]).await;
            }
        }
    }

    fn replacement(&self, commit: &Commit, current: &Record, record: &Record) -> Call {
        let lifetime = record.idle_deadline().saturating_since(commit.now());
        Call::script(&REPLACE, &self.keys.session(commit.handle()))
            .arg(&current.revision().to_bytes()[..])
            .arg(record.encode())
            .arg(millis_to_live(lifetime))
    }
}

fn read_attempt(handle: Handle, answer: Value, is_repeated: bool) -> Result<Attempt, StoreError> {
    if answer == Value::Int(1) {
        return Ok(Attempt::Replaced {
            evicted: Vec::new(),
        });
    }
    match read_record(handle, answer)? {
        // It may have been replaced by the command that was lost, and again by somebody who has
        // seen that: to replace it once more would undo theirs.
        Some(_) if is_repeated => Err(StoreError::with_source(
            StoreErrorKind::Unavailable,
            "a connection was lost, and nobody knows whether the write was taken",
        )),
        Some(newer) => Ok(Attempt::Changed(newer)),
        None => Ok(Attempt::Gone),
    }
}

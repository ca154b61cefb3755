//! The one conditional operation that changes a record.

use std::sync::Arc;
use std::time::Duration;

use super::Admission;
use crate::binding::Binding;
use crate::data::Changes;
use crate::details::DetailsChange;
use crate::handle::Handle;
use crate::principal::Principal;
use crate::record::{PreviousTokenHash, Record, TokenStatus};
use crate::revision::Revision;
use crate::seal::{Seal, WrappedKey};
use crate::stamp::Stamp;
use crate::time::Timestamp;
use crate::token::TokenHash;

/// A change to one record: the state that the request expects, and the changes that it makes.
///
/// A store reads the handle, passes the current record to [`Record::apply`] and keeps the result,
/// all in one atomic step.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The record as the request loaded it.
    pub(crate) loaded: Arc<Record>,
    /// The revision of the resulting record.
    pub(crate) revision: Revision,
    /// The hash of the request's token.
    pub(crate) token_hash: TokenHash,
    pub(crate) now: Timestamp,
    pub(crate) changes: Changes,
    pub(crate) rotation: Option<Rotation>,
    /// The same data key under the application's current key, if the loaded record has it under an
    /// older one.
    pub(crate) resealed: Option<Arc<Seal>>,
    pub(crate) sign_in: Option<Principal>,
    pub(crate) details: Option<Box<DetailsChange>>,
    pub(crate) rebind: Option<Arc<Binding>>,
    pub(crate) idle_deadline: Timestamp,
    /// The new absolute deadline, if the absolute lifetime restarts.
    pub(crate) absolute_deadline: Option<Timestamp>,
    pub(crate) admission: Option<Admission>,
    /// The maximum data size of the session, in bytes.
    pub(crate) max_data_size: usize,
    /// The most that the store can keep of one session, encoded, in bytes.
    pub(crate) max_record_size: usize,
}

/// A new token for the session.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    pub(crate) token_hash: TokenHash,
    pub(crate) supersede: Supersede,
    /// The data key for the new token, if the data is encrypted under the tokens.
    pub(crate) wrapped: Option<WrappedKey>,
}

/// What happens to the previous token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Supersede {
    /// A privilege change: the previous token becomes invalid at once. The commit fails if the
    /// request's own token is no longer accepted.
    AtOnce,
    /// A periodic renewal: the previous token is accepted until this time. If another request has
    /// renewed the token already, the rest of the commit is applied without the renewal.
    WithGrace(Timestamp),
}

impl Commit {
    /// The handle of the session to be changed.
    pub fn handle(&self) -> Handle {
        self.loaded.handle
    }

    /// The record as the request loaded it. A store that compares revisions instead of holding a
    /// lock may first apply the commit to this record without loading it again.
    pub const fn loaded(&self) -> &Arc<Record> {
        &self.loaded
    }

    /// When the commit was made. This time decides whether the record has expired.
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// How many sessions the principal who signs in may have.
    pub const fn admission(&self) -> Option<Admission> {
        match self.sign_in {
            Some(_) => self.admission,
            None => None,
        }
    }

    /// Whether the commit can move the record into another owner's index.
    pub const fn changes_owners(&self) -> bool {
        self.sign_in.is_some() || self.rebind.is_some()
    }
}

/// The rules' decision on a commit to a record.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// The store keeps the new record.
    Apply {
        /// The new record.
        record: Arc<Record>,
        /// Whether the new token of the commit is in force.
        rotated: bool,
    },
    /// A principal signed in since the record was loaded, or its token was replaced and the commit
    /// would replace it again.
    Stale,
    /// The session has expired.
    Gone,
    /// A value that the commit is conditional on is no longer what the request saw.
    ValueChanged,
    /// The session would exceed its maximum data size.
    TooLarge {
        /// The size that the session would have, in bytes.
        size: usize,
    },
}

/// How far apart the clocks of the nodes may be, with the time that a step takes. A use that lies
/// further ahead was by a clock that was wrong.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_secs(60);

impl Record {
    /// Decides what a commit does to this record: the rule that every store shares.
    ///
    /// 1. A commit to an expired record is refused.
    /// 2. A commit from before a sign-in (another epoch) is stale.
    /// 3. A commit that takes a value, or writes the first value of a key, is refused if another
    ///    commit was faster: of two that take the same value, one is applied.
    /// 4. Changes to the data are merged key by key into the current record. The merged data may
    ///    not grow beyond the limit, whatever each request could see when it wrote; nor may the
    ///    record grow beyond what the store can keep.
    /// 5. A sign-in and a rotation need a token that is still accepted; a renewal that came too
    ///    late is left out.
    /// 6. A use in the future, by a clock that ran ahead, does not count once there is another.
    /// 7. A session is bound to its first certificate, or rebound to a renewed one, together with its
    ///    new token, or not at all. The first binding is a new epoch. Without a certificate no
    ///    principal signs in.
    pub fn apply(&self, commit: &Commit) -> Decision {
        if self.is_expired(commit.now) {
            return Decision::Gone;
        }
        if self.epoch != commit.loaded.epoch {
            return Decision::Stale;
        }
        if self.binding.is_none() && commit.sign_in.is_some() {
            return Decision::Stale;
        }
        if !self.data.meets_conditions_of(&commit.changes) {
            return Decision::ValueChanged;
        }
        let data = self.data.apply(&commit.changes);
        let size = data.size();
        if size > commit.max_data_size.max(self.data.size()) {
            return Decision::TooLarge { size };
        }
        let token_status = self.token_status(&commit.token_hash, commit.now);
        let rotation = match &commit.rotation {
            None => None,
            Some(rotation) => match (rotation.supersede, token_status) {
                (Supersede::AtOnce, TokenStatus::Unknown) => return Decision::Stale,
                (Supersede::AtOnce, _) => Some((rotation, None)),
                (Supersede::WithGrace(until), TokenStatus::Current) => {
                    let previous = PreviousTokenHash {
                        token_hash: self.token_hash,
                        until,
                    };
                    Some((rotation, Some(previous)))
                }
                (Supersede::WithGrace(_), _) => None,
            },
        };

        let mut record = self.clone();
        record.stamp = Stamp::default();
        record.revision = commit.revision;
        record.data = data;
        // Another request may have been used a moment later. Far later, its clock ran ahead.
        let ran_ahead = self.last_seen_at > commit.now + CLOCK_SKEW;
        record.last_seen_at = match ran_ahead {
            true => commit.now,
            false => self.last_seen_at.max(commit.now),
        };
        if let Some((rotation, previous)) = rotation {
            record.token_hash = rotation.token_hash;
            // The key goes with the token, in the same step.
            if let (Some(seal), Some(wrapped)) = (&self.seal, rotation.wrapped) {
                record.seal = Some(Arc::new(seal.rotated(wrapped, previous.is_some())));
            }
            record.previous = previous;
            record.token_issued_at = commit.now;
        }
        // Whatever was committed meanwhile, the data key of a session is always the same.
        if let Some(seal) = &commit.resealed {
            record.seal = Some(Arc::clone(seal));
        }
        if let Some(principal) = &commit.sign_in {
            record.principal = Some(principal.clone());
            record.epoch += 1;
            record.created_at = commit.now;
        }
        if commit.details.is_some() || commit.sign_in.is_some() {
            let (change, current) = (commit.details.as_deref(), self.details.as_ref());
            record.details = DetailsChange::outcome(change, commit.sign_in.is_some(), current);
        }
        // Another request may have rebound the session to an even newer certificate.
        let rebind = commit.rebind.as_ref().filter(|binding| {
            let is_newer = |bound: &Binding| binding.age() > bound.age();
            rotation.is_some() && self.binding().is_none_or(is_newer)
        });
        if let Some(binding) = rebind {
            if self.binding.is_none() {
                // What was written or described without a certificate is not the certificate's.
                record.epoch += 1;
                record.details = None;
            }
            record.binding = Some(Arc::clone(binding));
        }
        // Ignore a deadline that was computed for a rejected rebind.
        if let Some(deadline) = commit.absolute_deadline
            && (commit.sign_in.is_some() || rebind.is_some())
        {
            let not_after = record.binding().map_or(Timestamp::MAX, Binding::not_after);
            record.absolute_deadline = deadline.min(not_after);
        }
        // The later of two uses counts, whichever is committed last; but a sign-in can have a shorter
        // idle timeout than the session had before it.
        let idle_deadline = match ran_ahead || commit.sign_in.is_some() {
            true => commit.idle_deadline,
            false => self.idle_deadline.max(commit.idle_deadline),
        };
        record.idle_deadline = idle_deadline.min(record.absolute_deadline);
        if record.data.size() > record.max_data_size_of(commit.max_record_size) {
            return Decision::TooLarge { size };
        }
        Decision::Apply {
            record: Arc::new(record),
            rotated: rotation.is_some(),
        }
    }
}

impl Record {
    /// How much data the session may hold so that its record is no larger than that.
    pub(crate) fn max_data_size_of(&self, max_record_size: usize) -> usize {
        max_record_size.saturating_sub(self.size_without_data())
    }
}

#[cfg(test)]
mod tests;

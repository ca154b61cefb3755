//! The one conditional step that changes a record.

use std::sync::Arc;
use std::time::Duration;

use super::Admission;
use crate::binding::Binding;
use crate::data::Changes;
use crate::handle::Handle;
use crate::principal::Principal;
use crate::record::{PreviousTokenHash, Record, TokenStatus};
use crate::revision::Revision;
use crate::time::Timestamp;
use crate::token::TokenHash;

/// A change to one record: what the request expects, and what it wants.
///
/// A store reads the handle, gives the record as it is to [`Record::apply`] and keeps what
/// comes out, all in one atomic step.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The record as the request loaded it.
    pub(crate) loaded: Arc<Record>,
    /// The revision of what comes out.
    pub(crate) revision: Revision,
    /// The token hash that the request came with.
    pub(crate) token_hash: TokenHash,
    pub(crate) now: Timestamp,
    pub(crate) changes: Changes,
    pub(crate) rotation: Option<Rotation>,
    pub(crate) sign_in: Option<Principal>,
    pub(crate) rebind: Option<Arc<Binding>>,
    pub(crate) idle_deadline: Timestamp,
    /// Where the absolute lifetime starts anew, its end.
    pub(crate) absolute_deadline: Option<Timestamp>,
    pub(crate) admission: Option<Admission>,
    /// The most data that the session may hold, in bytes.
    pub(crate) max_data_size: usize,
}

/// A new token for the session.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    pub(crate) token_hash: TokenHash,
    pub(crate) supersede: Supersede,
}

/// What becomes of the token before it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Supersede {
    /// A privilege change: it is dead at once. The commit fails if the request's own token no
    /// longer stands.
    AtOnce,
    /// A periodic renewal: it is accepted until then. Where another request has renewed the
    /// token already, the rest of the commit is applied without it.
    WithGrace(Timestamp),
}

impl Commit {
    /// The session that is to be changed.
    pub fn handle(&self) -> Handle {
        self.loaded.handle
    }

    /// The record as the request loaded it. A store that compares revisions in place of holding
    /// a lock may apply the commit to it first, and need not load it again.
    pub const fn loaded(&self) -> &Arc<Record> {
        &self.loaded
    }

    /// When the commit was made: the time that decides what is expired.
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

/// What the rules say of a commit to a record.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Decision {
    /// It is to be kept.
    Apply {
        /// The record as it is from now on.
        record: Arc<Record>,
        /// Whether the new token of the commit stands.
        rotated: bool,
    },
    /// Somebody has signed in since it was loaded, or its token was replaced and the commit
    /// would replace it again.
    Stale,
    /// The session has ended by itself.
    Gone,
    /// The session would grow beyond what it may hold.
    TooLarge {
        /// How much it would hold, in bytes.
        size: usize,
    },
}

/// How far apart the clocks of the nodes may be, with the time that a step takes. A use that lies
/// further ahead was by a clock that was wrong.
pub(crate) const CLOCK_SKEW: Duration = Duration::from_secs(60);

impl Record {
    /// Decides what a commit makes of this record: the rule that every store shares.
    ///
    /// 1. An expired record takes no commit.
    /// 2. A commit from before a sign-in (another epoch) is stale.
    /// 3. Changes to the data are merged key by key into what the record holds now. What comes of
    ///    it may not grow beyond the limit, whatever each request could see when it wrote.
    /// 4. A sign-in and a rotation need a token that stands; a renewal that came too late is left
    ///    out.
    /// 5. A use in the future, by a clock that ran ahead, does not count once there is another.
    /// 6. A session follows a renewed certificate together with its new token, or not at all.
    pub fn apply(&self, commit: &Commit) -> Decision {
        if self.is_expired(commit.now) {
            return Decision::Gone;
        }
        if self.epoch != commit.loaded.epoch {
            return Decision::Stale;
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
                (Supersede::AtOnce, _) => Some((rotation.token_hash, None)),
                (Supersede::WithGrace(until), TokenStatus::Current) => {
                    let previous = PreviousTokenHash {
                        token_hash: self.token_hash,
                        until,
                    };
                    Some((rotation.token_hash, Some(previous)))
                }
                (Supersede::WithGrace(_), _) => None,
            },
        };

        let mut record = self.clone();
        record.revision = commit.revision;
        record.data = data;
        // Another request may have been used a moment later. Far later, its clock ran ahead.
        let ran_ahead = self.last_seen_at > commit.now + CLOCK_SKEW;
        record.last_seen_at = match ran_ahead {
            true => commit.now,
            false => self.last_seen_at.max(commit.now),
        };
        if let Some((token_hash, previous)) = rotation {
            record.token_hash = token_hash;
            record.previous = previous;
            record.token_issued_at = commit.now;
        }
        if let Some(principal) = &commit.sign_in {
            record.principal = Some(principal.clone());
            record.epoch += 1;
            record.created_at = commit.now;
        }
        // Another request may have re-bound the session to a newer certificate still.
        let rebind = commit
            .rebind
            .as_ref()
            .filter(|binding| rotation.is_some() && binding.age() > self.binding.age());
        if let Some(binding) = rebind {
            record.binding = Arc::clone(binding);
        }
        // Ignore a deadline that was computed for a rejected rebind.
        if let Some(deadline) = commit.absolute_deadline
            && (commit.sign_in.is_some() || rebind.is_some())
        {
            record.absolute_deadline = deadline.min(record.binding.not_after());
        }
        // Of two requests the later use counts, whichever is committed last.
        let idle_deadline = match ran_ahead {
            true => commit.idle_deadline,
            false => self.idle_deadline.max(commit.idle_deadline),
        };
        record.idle_deadline = idle_deadline.min(record.absolute_deadline);
        Decision::Apply {
            record: Arc::new(record),
            rotated: rotation.is_some(),
        }
    }
}

#[cfg(test)]
mod tests;

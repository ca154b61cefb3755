//! What became of the lists of a source.

use std::fmt;

use super::error::CrlError;
use crate::time::Timestamp;

/// What became of the lists of a source: see [`RevocationList::load`](super::RevocationList::load).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct CrlReport {
    pub(super) problems: Vec<CrlProblem>,
    pub(super) in_force: usize,
    pub(super) current: usize,
    pub(super) next_update: Option<Timestamp>,
}

/// A list that was skipped, or that is missing. What is said of one CA's list touches no other's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlProblem {
    pub(super) position: Option<usize>,
    pub(super) issuer: Option<Box<str>>,
    pub(super) is_loss: bool,
    pub(super) error: CrlError,
}

impl CrlReport {
    /// What is wrong, list by list.
    pub fn problems(&self) -> &[CrlProblem] {
        &self.problems
    }

    /// How many lists of the source are in force.
    pub const fn in_force(&self) -> usize {
        self.in_force
    }

    /// How many of those are not overdue.
    pub const fn current(&self) -> usize {
        self.current
    }

    /// When the first of those is overdue whose CA is configured and has not expired.
    pub const fn next_update(&self) -> Option<Timestamp> {
        self.next_update
    }
}

impl CrlProblem {
    /// Whether a configured CA that has not expired is, or may be, left without a new list: an error.
    /// A damaged list may be of each place that nothing has come of. If the CA had one, that one
    /// stays in force. Otherwise the list was skipped, and a warning is enough.
    pub const fn is_loss(&self) -> bool {
        self.is_loss
    }

    /// Which list of the source it is about, from 1; `None` for one that is missing.
    pub const fn position(&self) -> Option<usize> {
        self.position
    }

    /// The issuer, for people to read, if the list can be read so far.
    pub fn issuer(&self) -> Option<&str> {
        self.issuer.as_deref()
    }

    /// What is wrong.
    pub const fn error(&self) -> &CrlError {
        &self.error
    }
}

/// On one line, such as `list 2 (CN=Example CA): it is older than the list in force`.
impl fmt::Display for CrlProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.position, &self.issuer) {
            (Some(position), Some(issuer)) => write!(f, "list {position} ({issuer}): ")?,
            (Some(position), None) => write!(f, "list {position}: ")?,
            (None, Some(issuer)) => write!(f, "{issuer}: ")?,
            (None, None) => {}
        }
        self.error.fmt(f)
    }
}

//! The entries that a record has to have.

use std::time::Duration;

use certsession_core::{OwnerKey, Record, Timestamp};

use super::entry::{Entry, term_of};

/// An entry that a record has to have, and in which index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) owner: OwnerKey,
    pub(crate) entry: Entry,
    /// What puts the entries of one index in order.
    pub(crate) began_at: Timestamp,
    /// For how long the session can live at the most.
    pub(crate) lifetime: Duration,
}

/// The entries of a record.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claims {
    pub(crate) certificate: Claim,
    pub(crate) principal: Option<Claim>,
}

impl Claims {
    /// `None` if the record has no owner, which no record is without.
    pub(crate) fn of(record: &Record, now: Timestamp) -> Option<Self> {
        let claim = |owner, term| Claim {
            owner,
            entry: Entry {
                handle: record.handle(),
                term,
            },
            began_at: record.created_at(),
            lifetime: record.absolute_deadline().saturating_since(now),
        };
        let mut owners = record.owners();
        Some(Self {
            certificate: claim(owners.next()?, 0),
            principal: owners.next().map(|owner| claim(owner, term_of(record))),
        })
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &Claim> {
        std::iter::once(&self.certificate).chain(&self.principal)
    }
}

impl Claim {
    /// Whether a limit on sessions counts it: a principal's.
    pub(crate) const fn is_limited(&self) -> bool {
        self.entry.term > 0
    }

    /// Whether it is the same entry in the same index.
    pub(crate) fn is(&self, other: &Self) -> bool {
        (self.owner, self.entry) == (other.owner, other.entry)
    }
}

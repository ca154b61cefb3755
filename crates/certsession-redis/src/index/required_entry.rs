//! The entries that a record must have.

use std::time::Duration;

use certsession_core::{OwnerKey, SessionSummary, Timestamp};

use super::entry::{Entry, term_of};

/// An entry that a record must have, and its index.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequiredEntry {
    pub(crate) owner: OwnerKey,
    pub(crate) entry: Entry,
    /// The sort key of the entries in an index.
    pub(crate) began_at: Timestamp,
    /// The longest time that the session can live.
    pub(crate) lifetime: Duration,
}

/// The entries of a record. One that began without a certificate has none.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RequiredEntries {
    pub(crate) certificate: Option<RequiredEntry>,
    pub(crate) principal: Option<RequiredEntry>,
}

impl RequiredEntries {
    pub(crate) fn of(session: &SessionSummary, now: Timestamp) -> Self {
        let required = |owner, term| RequiredEntry {
            owner,
            entry: Entry {
                handle: session.handle(),
                term,
            },
            began_at: session.created_at(),
            lifetime: session.absolute_deadline().saturating_since(now),
        };
        let mut owners = session.owners();
        // Without a certificate there is no principal.
        Self {
            certificate: owners.next().map(|owner| required(owner, 0)),
            principal: owners.next().map(|owner| required(owner, term_of(session))),
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &RequiredEntry> {
        self.certificate.iter().chain(&self.principal)
    }
}

impl RequiredEntry {
    /// Whether it counts for a limit on sessions: it belongs to a principal.
    pub(crate) const fn is_limited(&self) -> bool {
        self.entry.term > 0
    }

    /// Whether it is the same entry in the same index.
    pub(crate) fn is(&self, other: &Self) -> bool {
        (self.owner, self.entry) == (other.owner, other.entry)
    }
}

//! What is in force, for health checks and metrics.

use super::crl::Crl;
use super::list::RevocationList;
use super::snapshot::counts;
use crate::time::Timestamp;

/// A revocation list that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlStatus {
    issuer: Box<str>,
    this_update: Timestamp,
    next_update: Timestamp,
    entries: usize,
    /// Until when its key is expected to sign a successor.
    signs_until: Timestamp,
    /// Until when the last key of its issuer's is.
    issuer_signs_until: Timestamp,
}

impl CrlStatus {
    /// The issuer, for people to read.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// When it was issued.
    pub const fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// When its successor is due.
    pub const fn next_update(&self) -> Timestamp {
        self.next_update
    }

    /// How many certificates it revokes.
    pub const fn entries(&self) -> usize {
        self.entries
    }

    /// Whether its successor is overdue at this time: by default its issuer's certificates are
    /// refused then. The list of a key that signs no more (it has expired, or its CA is not
    /// configured any more) has no successor, and is none that is overdue while another key of
    /// its issuer's signs lists.
    pub fn is_overdue(&self, now: Timestamp) -> bool {
        self.next_update < now && self.counts(now)
    }

    /// Whether it should have a successor.
    pub(crate) fn counts(&self, now: Timestamp) -> bool {
        counts(self.signs_until, self.issuer_signs_until, now)
    }
}

impl RevocationList {
    /// The lists that are in force. What was revoked by a call is in none of them.
    pub fn lists(&self) -> Vec<CrlStatus> {
        let status = |(crl, signs_until, issuer_signs_until): (&Crl, _, _)| CrlStatus {
            issuer: crl.subject.clone(),
            this_update: crl.this_update,
            next_update: crl.next_update,
            entries: crl.len(),
            signs_until,
            issuer_signs_until,
        };
        self.snapshot().signed_lists().map(status).collect()
    }
}

//! What is in force, for health checks and metrics.

use super::crl::Crl;
use super::list::RevocationList;
use crate::time::Timestamp;

/// A revocation list that is in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CrlStatus {
    issuer: Box<str>,
    this_update: Timestamp,
    next_update: Timestamp,
    entries: usize,
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
}

impl From<&Crl> for CrlStatus {
    fn from(crl: &Crl) -> Self {
        Self {
            issuer: crl.subject.clone(),
            this_update: crl.this_update,
            next_update: crl.next_update,
            entries: crl.len(),
        }
    }
}

impl RevocationList {
    /// The lists that are in force. What was revoked by a call is in none of them.
    pub fn lists(&self) -> Vec<CrlStatus> {
        self.snapshot().lists().map(CrlStatus::from).collect()
    }
}

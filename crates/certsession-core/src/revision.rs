//! Identifiers for the states of a record.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::random::{RandomError, random};

/// Identifies one state of one record: each commit gives its record a new one.
///
/// A store that cannot hold a lock compares revisions: if the record still has the revision for
/// which a commit was made, nothing has changed. A revision is not a plain counter. After a
/// failover a store may have lost the latest states of a record, and a later state must not get the
/// same revision as a lost one. So each process counts from a random start.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revision(u64);

impl Revision {
    /// Returns a revision that no state of any record has had.
    pub(crate) fn fresh() -> Result<Self, RandomError> {
        static NEXT: OnceLock<AtomicU64> = OnceLock::new();
        let next = match NEXT.get() {
            Some(next) => next,
            None => {
                let start = u64::from_le_bytes(random()?);
                NEXT.get_or_init(|| AtomicU64::new(start))
            }
        };
        Ok(Self(next.fetch_add(1, Ordering::Relaxed)))
    }

    /// Creates a revision from the bytes that a store kept.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }

    /// The bytes, for a store to keep and compare.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revision({:016x})", self.0)
    }
}

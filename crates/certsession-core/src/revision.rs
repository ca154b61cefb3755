//! Which state of a record one has seen.

use std::fmt;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::random::{RandomError, random};

/// Names one state of one record: each commit gives its record a new one.
///
/// A store that cannot hold a lock compares it: if the record still has the revision that a
/// commit was made for, nothing has changed. It is no counter. After a failover a store may have
/// lost the last states of a record, and what is written next must not look like one of them;
/// so each process counts from a random start.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Revision(u64);

impl Revision {
    /// A revision that no state of any record has had.
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

    /// The revision that a store kept.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(u64::from_be_bytes(bytes))
    }

    /// The bytes, for a store to keep and to compare.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_be_bytes()
    }
}

impl fmt::Debug for Revision {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Revision({:016x})", self.0)
    }
}

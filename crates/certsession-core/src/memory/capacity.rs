//! The store's capacity: sessions and bytes of data.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Which part of the capacity in bytes is reserved, in addition, for the sessions that exist: so
/// that a client who fills the store with new sessions does not keep the others from writing.
const RESERVED_PART: usize = 4;

/// Counts sessions and the bytes of their data against the capacity. The count is exact: every
/// caller that takes room gives back the same amount.
pub(super) struct Room {
    sessions: Count,
    bytes: Count,
}

impl Room {
    pub(super) const fn new(sessions: usize, bytes: usize) -> Self {
        Self {
            sessions: Count::new(sessions),
            bytes: Count::new(bytes),
        }
    }

    pub(super) const fn sessions(&self) -> &Count {
        &self.sessions
    }

    pub(super) const fn bytes(&self) -> &Count {
        &self.bytes
    }

    /// Takes room for one session with this much data. Returns false if there is none.
    pub(super) fn take(&self, bytes: usize) -> bool {
        if !self.sessions.take(1) {
            return false;
        }
        if !self.bytes.take(bytes) {
            self.sessions.give(1);
            return false;
        }
        true
    }

    /// Gives back the room of one session.
    pub(super) fn give(&self, bytes: usize) {
        self.sessions.give(1);
        self.bytes.give(bytes);
    }

    /// Adjusts the room of a session that grows or shrinks. Returns false if there is no room to
    /// grow, not even in the reserve.
    pub(super) fn resize(&self, from: usize, to: usize) -> bool {
        self.bytes.give(from.saturating_sub(to));
        let limit = self.bytes.limit;
        let with_reserve = limit.saturating_add(limit / RESERVED_PART);
        self.bytes
            .take_within(to.saturating_sub(from), with_reserve)
    }
}

/// A counter with a limit.
pub(super) struct Count {
    held: AtomicUsize,
    limit: usize,
}

impl Count {
    const fn new(limit: usize) -> Self {
        let held = AtomicUsize::new(0);
        Self { held, limit }
    }

    // No other memory access depends on this counter, so relaxed ordering is sufficient.
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    fn take(&self, more: usize) -> bool {
        self.take_within(more, self.limit)
    }

    fn take_within(&self, more: usize, limit: usize) -> bool {
        let taken = |held: usize| {
            held.checked_add(more)
                .filter(|sum| *sum <= limit || more == 0)
        };
        self.held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    }

    fn give(&self, less: usize) {
        self.held.fetch_sub(less, Ordering::Relaxed);
    }
}

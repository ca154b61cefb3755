//! How much the store holds, and how much it may.

use std::sync::atomic::{AtomicUsize, Ordering};

/// Counts sessions and the bytes of their data against what there is room for. It is exact:
/// whoever takes room gives the same back.
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

    /// Takes the place of one session with so much data. False if there is none.
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

    /// Gives the place of one session back.
    pub(super) fn give(&self, bytes: usize) {
        self.sessions.give(1);
        self.bytes.give(bytes);
    }

    /// Lets a session grow or shrink. False if there is no room to grow.
    pub(super) fn resize(&self, from: usize, to: usize) -> bool {
        self.bytes.give(from.saturating_sub(to));
        self.bytes.take(to.saturating_sub(from))
    }
}

/// A number that cannot pass its limit.
pub(super) struct Count {
    held: AtomicUsize,
    limit: usize,
}

impl Count {
    const fn new(limit: usize) -> Self {
        let held = AtomicUsize::new(0);
        Self { held, limit }
    }

    // Nothing but the number itself depends on it, so no order between threads is needed.
    pub(super) fn held(&self) -> usize {
        self.held.load(Ordering::Relaxed)
    }

    pub(super) const fn limit(&self) -> usize {
        self.limit
    }

    fn take(&self, more: usize) -> bool {
        let taken = |held: usize| held.checked_add(more).filter(|sum| *sum <= self.limit);
        self.held
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken)
            .is_ok()
    }

    fn give(&self, less: usize) {
        self.held.fetch_sub(less, Ordering::Relaxed);
    }
}

//! The events, kept for assertions.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::event::{EventSink, SessionEvent};

/// An event sink that stores all events. Clones share the same log.
///
/// ```
/// use certsession_core::test_util::EventLog;
/// use certsession_core::{MemoryStore, SessionManager};
///
/// let log = EventLog::new();
/// let sessions = SessionManager::builder(MemoryStore::new()).event_sink(log.clone()).build();
/// assert_eq!(log.take(), []);
/// ```
#[derive(Clone, Debug, Default)]
pub struct EventLog(Arc<Mutex<Vec<SessionEvent>>>);

impl EventLog {
    /// Creates an empty log.
    pub fn new() -> Self {
        Self::default()
    }

    /// Every event since the last [`take`](Self::take), in order.
    pub fn events(&self) -> Vec<SessionEvent> {
        self.lock().clone()
    }

    /// Removes and returns the events, so that the next call returns only later ones.
    pub fn take(&self) -> Vec<SessionEvent> {
        std::mem::take(&mut self.lock())
    }

    /// Counts the events that match.
    pub fn count(&self, is_like: impl Fn(&SessionEvent) -> bool) -> usize {
        self.lock().iter().filter(|event| is_like(event)).count()
    }

    fn lock(&self) -> MutexGuard<'_, Vec<SessionEvent>> {
        // If a test failed while it held the log, do not hide that behind a second panic.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl EventSink for EventLog {
    fn record(&self, event: &SessionEvent) {
        self.lock().push(event.clone());
    }
}

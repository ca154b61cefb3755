//! The environment of a request: the rules, the store under them, and the time.

use std::time::Duration;

use certsession_core::test_util::{EventLog, Faults, FaultyStore, ManualClock, block_on};
use certsession_core::{
    Handle, MemoryStore, Owner, Principal, SessionEvent, SessionManager, SessionManagerBuilder,
    Timestamp,
};

pub(crate) const SECOND: Duration = Duration::from_secs(1);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);
pub(crate) const HOUR: Duration = Duration::from_secs(60 * 60);

/// The time at which every test begins: a full second, like the dates of a certificate.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

type Store = FaultyStore<MemoryStore>;

pub(crate) struct World {
    pub(crate) sessions: SessionManager<Store>,
    pub(crate) clock: ManualClock,
    pub(crate) faults: Faults,
    pub(crate) log: EventLog,
}

impl World {
    /// Creates a world with all defaults.
    pub(crate) fn new() -> Self {
        Self::with(|rules| rules)
    }

    pub(crate) fn with(
        rules: impl FnOnce(SessionManagerBuilder<Store>) -> SessionManagerBuilder<Store>,
    ) -> Self {
        let store = FaultyStore::new(MemoryStore::new());
        let (clock, faults, log) = (ManualClock::new(NOW), store.faults(), EventLog::new());
        let builder = SessionManager::builder(store)
            .clock(clock.clone())
            .event_sink(log.clone());
        Self {
            sessions: rules(builder).build(),
            clock,
            faults,
            log,
        }
    }

    /// The sessions of a principal, oldest first. It bypasses the rules, so it emits no event and
    /// is not counted.
    pub(crate) fn sessions_of(&self, principal: &str) -> Vec<Handle> {
        let owner = Owner::Principal(Principal::new(principal).unwrap());
        self.sessions_by(&owner)
    }

    pub(crate) fn sessions_by(&self, owner: &Owner) -> Vec<Handle> {
        use certsession_core::{Clock, SessionStore};
        let store = self.sessions.store().inner();
        let records = block_on(store.sessions(owner, self.clock.now())).unwrap();
        records.iter().map(|record| record.handle()).collect()
    }

    /// How many sessions there are.
    pub(crate) fn count(&self) -> usize {
        self.sessions.store().inner().len()
    }

    /// The events since the last call.
    pub(crate) fn events(&self) -> Vec<SessionEvent> {
        self.log.take()
    }
}

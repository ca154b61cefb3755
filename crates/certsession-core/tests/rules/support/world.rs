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
        // By default one creation in sixteen would cost a step more, and tests count steps.
        let builder = SessionManager::builder(store)
            .certificate_limit(None)
            .clock(clock.clone())
            .event_sink(log.clone());
        Self {
            sessions: rules(builder).build(),
            clock,
            faults,
            log,
        }
    }

    /// The same world, as a manager with a realm sees it.
    pub(crate) fn in_realm(&self, name: Option<&str>) -> Self {
        Self {
            sessions: self.sessions.with_realm(name),
            clock: self.clock.clone(),
            faults: self.faults.clone(),
            log: self.log.clone(),
        }
    }

    /// The sessions of a principal, oldest first. It bypasses the rules, so it emits no event and
    /// is not counted.
    pub(crate) fn sessions_of(&self, principal: &str) -> Vec<Handle> {
        let owner = Owner::Principal(Principal::new(principal).unwrap());
        self.sessions_by(&owner)
    }

    pub(crate) fn sessions_by(&self, owner: &Owner) -> Vec<Handle> {
        use certsession_core::{Clock, Page, SessionStore, SessionSummary};
        let store = self.sessions.store().inner();
        let page = block_on(store.sessions(owner, &Page::default(), self.clock.now())).unwrap();
        let sessions = page.sessions().iter();
        sessions.map(SessionSummary::handle).collect()
    }

    /// How many sessions there are.
    pub(crate) fn count(&self) -> usize {
        self.sessions.store().inner().len()
    }

    /// Ends what was queued to end, as the adapter's task does.
    pub(crate) fn end_revoked(&self) {
        block_on(self.sessions.end_revoked()).unwrap();
    }

    /// The events since the last call.
    pub(crate) fn events(&self) -> Vec<SessionEvent> {
        self.log.take()
    }
}

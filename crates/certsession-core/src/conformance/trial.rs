//! One store under test, and helpers for the clauses.

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use super::Harness;
use super::race::StartingLine;
use crate::binding::Binding;
use crate::handle::Handle;
use crate::record::{Record, SessionSummary};
use crate::store::{Admission, Creation, Outcome, Owner, OwnerKey, Page, Removal, SessionStore};
use crate::test_util::{SampleCommit, SampleRecord};
use crate::time::{Clock, SystemClock, Timestamp};

pub(super) const SECOND: Duration = Duration::from_secs(1);
pub(super) const MINUTE: Duration = Duration::from_secs(60);

/// One store under test. An operation that fails makes the clause fail.
pub(super) struct Trial<H: Harness> {
    pub(super) harness: H,
    pub(super) store: Arc<H::Store>,
    /// A time close to the real time: a store may let its engine expire records, and the engine has
    /// a clock of its own.
    pub(super) now: Timestamp,
}

impl<H: Harness> Trial<H> {
    pub(super) fn new() -> Self {
        let harness = H::default();
        let store = harness.block_on(harness.store());
        Self::of(harness, store)
    }

    /// `None` if this kind of store cannot be bounded.
    pub(super) fn bounded(capacity: usize) -> Option<Self> {
        let harness = H::default();
        let store = harness.block_on(harness.bounded(capacity))?;
        Some(Self::of(harness, store))
    }

    fn of(harness: H, store: H::Store) -> Self {
        Self {
            harness,
            store: Arc::new(store),
            now: SystemClock.now(),
        }
    }

    /// A sample that begins now.
    pub(super) fn sample(&self, number: u32) -> SampleRecord {
        SampleRecord::new(number).created_at(self.now)
    }

    /// Creates a sample in the store, which must succeed.
    pub(super) fn keep(&self, sample: SampleRecord) -> Arc<Record> {
        let record = sample.build();
        let created = Creation::Created { evicted: vec![] };
        assert_eq!(self.create(&record, None), created);
        record
    }

    pub(super) fn create(&self, record: &Arc<Record>, admission: Option<Admission>) -> Creation {
        let now = record.created_at;
        self.run(self.store.create(Arc::clone(record), admission, now))
    }

    pub(super) fn load(&self, handle: Handle) -> Option<Arc<Record>> {
        self.load_at(handle, self.now)
    }

    pub(super) fn load_at(&self, handle: Handle, now: Timestamp) -> Option<Arc<Record>> {
        self.run(self.store.load(handle, now))
    }

    pub(super) fn commit(&self, commit: SampleCommit) -> Outcome {
        self.run(self.store.commit(commit.build()))
    }

    /// Commits and returns the record. The commit must be applied without ending another session.
    pub(super) fn apply(&self, commit: SampleCommit) -> Arc<Record> {
        match self.commit(commit) {
            Outcome::Applied {
                record, evicted, ..
            } if evicted.is_empty() => record,
            other => panic!("expected an applied commit, got {other:?}"),
        }
    }

    pub(super) fn remove(&self, handle: Handle) -> bool {
        self.run(self.store.remove(handle))
    }

    pub(super) fn revoke(&self, owner: &Owner) -> Vec<Handle> {
        let mut revoked = self.run(self.store.revoke(owner));
        revoked.sort_unstable();
        revoked
    }

    pub(super) fn remove_unchanged(&self, loaded: &Record) -> Removal {
        self.run(self.store.remove_unchanged(loaded))
    }

    /// The handles of an owner's sessions, in the order in which the store lists them.
    pub(super) fn list(&self, owner: &Owner) -> Vec<Handle> {
        let pages = self.pages(owner, Page::default(), self.now);
        handles(&pages.concat())
    }

    /// An owner's sessions, page by page.
    pub(super) fn pages(
        &self,
        owner: &Owner,
        mut page: Page,
        now: Timestamp,
    ) -> Vec<Vec<SessionSummary>> {
        let mut pages = Vec::new();
        loop {
            let listed = self.run(self.store.sessions(owner, &page, now));
            let next = listed.next();
            pages.push(listed.into_sessions());
            assert!(pages.len() < 10_000, "the list has no end");
            match next {
                Some(cursor) => page = page.after(cursor),
                None => return pages,
            }
        }
    }

    /// Asserts that the store has exactly this record, and lists it for each of its owners.
    #[track_caller]
    pub(super) fn assert_active(&self, record: &Record) {
        let loaded = self.load(record.handle);
        assert_eq!(loaded.as_deref(), Some(record), "it does not load");
        for owner in owners(record) {
            let listed = self.list(&owner);
            assert!(listed.contains(&record.handle), "not listed for {owner:?}");
        }
    }

    /// Asserts that the record is gone, and that no index of its owners lists it.
    #[track_caller]
    pub(super) fn assert_gone(&self, record: &Record) {
        assert_eq!(self.load(record.handle), None, "it still loads");
        for owner in owners(record) {
            let listed = self.list(&owner);
            assert!(!listed.contains(&record.handle), "listed for {owner:?}");
        }
    }

    /// Runs tasks that all start at the same moment.
    pub(super) fn race<F>(&self, tasks: Vec<F>) -> Vec<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let line = StartingLine::for_tasks(tasks.len());
        let tasks = tasks.into_iter().map(|task| {
            let line = line.clone();
            async move {
                line.wait().await;
                task.await
            }
        });
        self.harness.run_all(tasks.collect())
    }

    pub(super) fn run<T>(&self, step: impl Future<Output = Result<T, crate::StoreError>>) -> T {
        answered(self.harness.block_on(step))
    }
}

/// Unwraps the result of a store operation that must not fail.
#[track_caller]
pub(super) fn answered<T>(answer: Result<T, crate::StoreError>) -> T {
    answer.unwrap_or_else(|error| panic!("the store failed: {error:?}"))
}

pub(super) fn handles(sessions: &[SessionSummary]) -> Vec<Handle> {
    sessions.iter().map(|session| session.handle).collect()
}

/// The certificate that a sample is bound to.
pub(super) fn binding_of(record: &Record) -> &Arc<Binding> {
    match &record.binding {
        Some(binding) => binding,
        None => panic!("the sample is not bound"),
    }
}

pub(super) fn principal(name: &str) -> Owner {
    let record = SampleRecord::new(0).principal(name).build();
    match record.principal() {
        Some(principal) => Owner::Principal(principal.clone()),
        None => panic!("the sample has no principal"),
    }
}

fn owners(record: &Record) -> Vec<Owner> {
    let certificate = record.binding().map(Owner::bound_to);
    let principal = record.principal().cloned().map(Owner::Principal);
    let owners: Vec<_> = certificate.into_iter().chain(principal).collect();
    let keys: Vec<OwnerKey> = owners.iter().map(Owner::key).collect();
    assert!(record.owners().eq(keys), "the record names other owners");
    owners
}

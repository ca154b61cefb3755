//! Helpers for the models.

use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Instant;

use certsession_core::test_util::{SampleCommit, SampleRecord};
use certsession_core::{
    Admission, Creation, Handle, MemoryStore, Outcome, Owner, Page, Principal, Record,
    SessionStore, SessionSummary, Timestamp,
};
use loom::thread::JoinHandle;

/// The time of every step, unless a model says otherwise.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_800_000_000_000);

/// Runs a model for every order of its steps, and prints how many there were.
#[allow(clippy::print_stderr, reason = "the figure is what the run is for")]
pub(crate) fn explore(name: &str, model: impl Fn() + Send + Sync + 'static) {
    let orders = Arc::new(AtomicU64::new(0));
    let counted = Arc::clone(&orders);
    let began = Instant::now();
    loom::model(move || {
        counted.fetch_add(1, Ordering::Relaxed);
        model();
    });
    let orders = orders.load(Ordering::Relaxed);
    eprintln!("{name}: {orders} orders in {:.1?}", began.elapsed());
    assert!(orders > 1, "the threads of {name} have no lock in common");
}

/// Runs a future that is ready at once: the memory store's futures always are.
pub(crate) fn now_or_never<F: Future>(future: F) -> F::Output {
    let mut context = Context::from_waker(Waker::noop());
    match std::pin::pin!(future).poll(&mut context) {
        Poll::Ready(output) => output,
        Poll::Pending => panic!("the memory store waited"),
    }
}

/// The store of a model, with helpers. Clones share the store.
#[derive(Clone)]
pub(crate) struct Model(pub(crate) Arc<MemoryStore>);

impl Model {
    pub(crate) fn new() -> Self {
        Self::with_capacity(100)
    }

    pub(crate) fn with_capacity(capacity: usize) -> Self {
        Self(Arc::new(MemoryStore::with_capacity(capacity)))
    }

    /// Creates a sample before the threads begin.
    pub(crate) fn keep(&self, sample: SampleRecord) -> Arc<Record> {
        let record = sample.build();
        let created = self.create(&record, None);
        assert_eq!(created, Creation::Created { evicted: vec![] });
        record
    }

    pub(crate) fn create(&self, record: &Arc<Record>, admission: Option<Admission>) -> Creation {
        let (record, now) = (Arc::clone(record), record.created_at());
        now_or_never(self.0.create(record, admission, now)).unwrap()
    }

    pub(crate) fn load(&self, handle: Handle) -> Option<Arc<Record>> {
        now_or_never(self.0.load(handle, NOW)).unwrap()
    }

    pub(crate) fn commit(&self, commit: SampleCommit) -> Outcome {
        now_or_never(self.0.commit(commit.build())).unwrap()
    }

    /// Runs a request: loads the session, and applies the commit that `change` makes of it.
    pub(crate) fn request(
        &self,
        handle: Handle,
        make: impl FnOnce(SampleCommit) -> SampleCommit,
    ) -> Outcome {
        match self.load(handle) {
            Some(record) => self.commit(make(SampleCommit::on(&record))),
            None => Outcome::Gone,
        }
    }

    pub(crate) fn remove(&self, handle: Handle) -> bool {
        now_or_never(self.0.remove(handle)).unwrap()
    }

    pub(crate) fn revoke(&self, owner: &Owner) -> Vec<Handle> {
        now_or_never(self.0.revoke(owner)).unwrap()
    }

    pub(crate) fn sessions(&self, owner: &Owner) -> Vec<Handle> {
        let page = now_or_never(self.0.sessions(owner, &Page::default(), NOW)).unwrap();
        let sessions = page.sessions().iter();
        sessions.map(SessionSummary::handle).collect()
    }

    /// Starts a thread of the model.
    pub(crate) fn spawn<T: 'static>(
        &self,
        task: impl FnOnce(Self) -> T + 'static,
    ) -> JoinHandle<T> {
        let model = self.clone();
        loom::thread::spawn(move || task(model))
    }

    /// After all threads: asserts that index and records agree, to the last entry.
    pub(crate) fn audit(&self) {
        if let Err(disagreement) = self.0.audit() {
            panic!("{disagreement}");
        }
    }
}

pub(crate) fn sample(number: u32) -> SampleRecord {
    SampleRecord::new(number).created_at(NOW)
}

pub(crate) fn principal(name: &str) -> Owner {
    Owner::Principal(Principal::new(name).unwrap())
}

pub(crate) fn is_applied(outcome: &Outcome) -> bool {
    matches!(outcome, Outcome::Applied { .. })
}

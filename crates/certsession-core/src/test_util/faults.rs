//! A store that fails on command.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Gate;
use crate::event::StoreOperation;
use crate::handle::Handle;
use crate::record::Record;
use crate::store::{
    Admission, Commit, Creation, Outcome, Owner, Page, Removal, SessionPage, SessionStore,
    StoreError, StoreErrorKind,
};
use crate::time::Timestamp;

/// A store that forwards to its inner store until its [`Faults`] tell it to fail.
///
/// ```
/// use certsession_core::test_util::{Fault, FaultyStore};
/// use certsession_core::{MemoryStore, SessionManager, StoreOperation};
///
/// let store = FaultyStore::new(MemoryStore::new());
/// let faults = store.faults();
/// let sessions = SessionManager::new(store);
/// faults.fail_next(StoreOperation::Commit, Fault::After);
/// ```
#[derive(Debug)]
pub struct FaultyStore<S> {
    inner: S,
    faults: Faults,
    max_record_size: Option<usize>,
}

/// Controls a [`FaultyStore`]. Clones control the same store.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

/// How an operation fails. Both kinds look the same to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The operation was not executed.
    Before,
    /// The operation was executed, but its result was lost.
    After,
}

#[derive(Debug, Default)]
struct Plan {
    next: Vec<(StoreOperation, Fault)>,
    down: Vec<StoreOperation>,
    gates: Vec<(StoreOperation, Gate)>,
    calls: Vec<StoreOperation>,
    copies: Vec<Arc<Record>>,
}

impl<S> FaultyStore<S> {
    /// Wraps `inner`. No operation fails yet.
    pub fn new(inner: S) -> Self {
        let faults = Faults::default();
        Self {
            inner,
            faults,
            max_record_size: None,
        }
    }

    /// Says that it can keep no larger record than this, in bytes.
    #[must_use]
    pub fn with_max_record_size(self, bytes: usize) -> Self {
        let max_record_size = Some(bytes);
        Self {
            max_record_size,
            ..self
        }
    }

    /// The controls of this store.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// The inner store, which never fails on command.
    pub const fn inner(&self) -> &S {
        &self.inner
    }

    async fn step<T>(
        &self,
        operation: StoreOperation,
        work: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        let (gate, fault) = self.faults.begin(operation);
        if let Some(gate) = gate {
            gate.pass().await;
        }
        match fault {
            None => work.await,
            Some(Fault::Before) => Err(unavailable()),
            Some(Fault::After) => work.await.and_then(|_| Err(unavailable())),
        }
    }
}

impl Faults {
    /// Fails the next operation of this kind. Several commands apply to successive operations.
    pub fn fail_next(&self, operation: StoreOperation, fault: Fault) {
        self.lock().next.push((operation, fault));
    }

    /// Fails every operation of this kind from now on, before it is executed.
    pub fn fail_all(&self, operation: StoreOperation) {
        self.lock().down.push(operation);
    }

    /// Holds the next operation of this kind, before it is executed, until the gate is released.
    pub fn hold_next(&self, operation: StoreOperation) -> Gate {
        let gate = Gate::new();
        self.lock().gates.push((operation, gate.clone()));
        gate
    }

    /// Returns this copy of a record from now on when a copy is requested, however old it is.
    pub fn hold_copy(&self, record: Arc<Record>) {
        self.lock().copies.push(record);
    }

    /// Cancels every command that makes operations fail. An operation at a gate stays there.
    pub fn heal(&self) {
        let mut plan = self.lock();
        plan.next.clear();
        plan.down.clear();
    }

    /// How many operations of this kind were requested, including failed ones.
    pub fn calls(&self, operation: StoreOperation) -> usize {
        let plan = self.lock();
        plan.calls.iter().filter(|call| **call == operation).count()
    }

    /// Removes and returns the operations that were requested since the last call, in order.
    pub fn take_calls(&self) -> Vec<StoreOperation> {
        std::mem::take(&mut self.lock().calls)
    }

    fn begin(&self, operation: StoreOperation) -> (Option<Gate>, Option<Fault>) {
        let mut plan = self.lock();
        plan.calls.push(operation);
        let gate = take_first(&mut plan.gates, operation);
        let fault = if plan.down.contains(&operation) {
            Some(Fault::Before)
        } else {
            take_first(&mut plan.next, operation)
        };
        (gate, fault)
    }

    fn lock(&self) -> MutexGuard<'_, Plan> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<S: SessionStore> SessionStore for FaultyStore<S> {
    async fn create(
        &self,
        record: Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Result<Creation, StoreError> {
        let work = self.inner.create(record, admission, now);
        self.step(StoreOperation::Create, work).await
    }

    async fn load(
        &self,
        handle: Handle,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        let work = self.inner.load(handle, now);
        self.step(StoreOperation::Load, work).await
    }

    fn near(&self, handle: Handle, now: Timestamp) -> Option<Arc<Record>> {
        let is_of = |copy: &&Arc<Record>| copy.handle() == handle;
        let held = self.faults.lock().copies.iter().rfind(is_of).cloned();
        held.or_else(|| self.inner.near(handle, now))
    }

    async fn commit(&self, commit: Commit) -> Result<Outcome, StoreError> {
        let work = self.inner.commit(commit);
        self.step(StoreOperation::Commit, work).await
    }

    async fn remove(&self, handle: Handle) -> Result<bool, StoreError> {
        let work = self.inner.remove(handle);
        self.step(StoreOperation::Remove, work).await
    }

    async fn remove_unchanged(&self, loaded: &Record) -> Result<Removal, StoreError> {
        let work = self.inner.remove_unchanged(loaded);
        self.step(StoreOperation::Remove, work).await
    }

    async fn sessions(
        &self,
        owner: &Owner,
        page: &Page,
        now: Timestamp,
    ) -> Result<SessionPage, StoreError> {
        let work = self.inner.sessions(owner, page, now);
        self.step(StoreOperation::Sessions, work).await
    }

    async fn all_sessions(&self, page: &Page, now: Timestamp) -> Result<SessionPage, StoreError> {
        let work = self.inner.all_sessions(page, now);
        self.step(StoreOperation::Sessions, work).await
    }

    async fn end_oldest(
        &self,
        owner: &Owner,
        most: usize,
        keep: usize,
        now: Timestamp,
    ) -> Result<Vec<Handle>, StoreError> {
        let work = self.inner.end_oldest(owner, most, keep, now);
        self.step(StoreOperation::EndOldest, work).await
    }

    async fn revoke(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        let work = self.inner.revoke(owner);
        self.step(StoreOperation::Revoke, work).await
    }

    async fn end_notification(&self, handle: Handle) {
        self.inner.end_notification(handle).await;
    }

    fn watch_interval(&self) -> Duration {
        self.inner.watch_interval()
    }

    fn live_sessions(&self) -> Option<usize> {
        self.inner.live_sessions()
    }

    fn max_record_size(&self) -> usize {
        let inner = self.inner.max_record_size();
        self.max_record_size.unwrap_or(inner)
    }
}

fn take_first<T>(commands: &mut Vec<(StoreOperation, T)>, operation: StoreOperation) -> Option<T> {
    let first = commands.iter().position(|(of, _)| *of == operation)?;
    Some(commands.remove(first).1)
}

fn unavailable() -> StoreError {
    StoreError::with_source(StoreErrorKind::Unavailable, "failed on command")
}

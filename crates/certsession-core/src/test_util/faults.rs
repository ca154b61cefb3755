//! A store that fails on command.

use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Gate;
use crate::event::StoreOperation;
use crate::handle::Handle;
use crate::record::Record;
use crate::store::{
    Admission, Commit, Creation, Outcome, Owner, SessionStore, StoreError, StoreErrorKind,
};
use crate::time::Timestamp;

/// A store that does what the one in it does, until its [`Faults`] say otherwise.
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
}

/// Commands a [`FaultyStore`]. Clones command the same one.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Plan>>);

/// How a step fails. Both look the same from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing happened.
    Before,
    /// It happened, but the answer was lost.
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
    /// A store around `inner` that works, so far.
    pub fn new(inner: S) -> Self {
        let faults = Faults::default();
        Self { inner, faults }
    }

    /// What commands this store.
    pub fn faults(&self) -> Faults {
        self.faults.clone()
    }

    /// The store that does the work: it never fails by command.
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
    /// Fails the next step of this kind. Several are failed one after another.
    pub fn fail_next(&self, operation: StoreOperation, fault: Fault) {
        self.lock().next.push((operation, fault));
    }

    /// Fails every step of this kind from now on, before anything happens.
    pub fn fail_all(&self, operation: StoreOperation) {
        self.lock().down.push(operation);
    }

    /// Holds the next step of this kind, before anything happens, until the gate is released.
    pub fn hold_next(&self, operation: StoreOperation) -> Gate {
        let gate = Gate::new();
        self.lock().gates.push((operation, gate.clone()));
        gate
    }

    /// Gives this copy of a record away from now on, where a copy is asked for, however old it is.
    pub fn hold_copy(&self, record: Arc<Record>) {
        self.lock().copies.push(record);
    }

    /// Takes back every command that fails a step. A step at a gate stays there.
    pub fn heal(&self) {
        let mut plan = self.lock();
        plan.next.clear();
        plan.down.clear();
    }

    /// How often a step of this kind was asked for, failed ones included.
    pub fn calls(&self, operation: StoreOperation) -> usize {
        let plan = self.lock();
        plan.calls.iter().filter(|call| **call == operation).count()
    }

    /// Takes out which steps were asked for since it was last called, in order.
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

    async fn sessions(
        &self,
        owner: &Owner,
        now: Timestamp,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        let work = self.inner.sessions(owner, now);
        self.step(StoreOperation::Sessions, work).await
    }

    async fn revoke(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        let work = self.inner.revoke(owner);
        self.step(StoreOperation::Revoke, work).await
    }

    async fn end_notification(&self, handle: Handle) {
        self.inner.end_notification(handle).await;
    }
}

fn take_first<T>(commands: &mut Vec<(StoreOperation, T)>, operation: StoreOperation) -> Option<T> {
    let first = commands.iter().position(|(of, _)| *of == operation)?;
    Some(commands.remove(first).1)
}

fn unavailable() -> StoreError {
    StoreError::with_source(StoreErrorKind::Unavailable, "failed on command")
}

//! Clauses about operations that fail. The store under test is wrapped in a
//! [`FaultyStore`](crate::test_util::FaultyStore).

use std::fmt::Debug;
use std::sync::Arc;

use super::Harness;
use super::trial::{Trial, principal};
use crate::event::StoreOperation;
use crate::record::Record;
use crate::store::{Page, SessionStore, StoreError, StoreErrorKind};
use crate::test_util::{Fault, Faults, FaultyStore, SampleCommit};

/// A failed operation is an error: never an absent session, and never a success.
pub fn a_step_that_fails_is_an_error<H: Harness>() {
    for fault in [Fault::Before, Fault::After] {
        let trial = Trial::<H>::new();
        let record = trial.keep(trial.sample(1).principal("alice"));
        let fails = Failing::new(&trial);
        let (alice, page, now) = (principal("alice"), Page::default(), trial.now);
        fails.step(StoreOperation::Load, fault, |store| {
            store.load(record.handle, now)
        });
        fails.step(StoreOperation::Sessions, fault, |store| {
            store.sessions(&alice, &page, now)
        });
        fails.step(StoreOperation::Remove, fault, |store| {
            store.remove_unchanged(&record)
        });
        let record = trial.keep(trial.sample(3).principal("alice"));
        fails.step(StoreOperation::EndOldest, fault, |store| {
            store.end_oldest(&alice, 9, 9, now)
        });
        let next = trial.sample(2).build();
        fails.step(StoreOperation::Create, fault, |store| {
            store.create(next, None, now)
        });
        let write = SampleCommit::on(&record).insert("a", "1").build();
        fails.step(StoreOperation::Commit, fault, |store| store.commit(write));
        fails.step(StoreOperation::Remove, fault, |store| {
            store.remove(record.handle)
        });
        fails.step(StoreOperation::Revoke, fault, |store| store.revoke(&alice));
    }
}

/// A failed creation has happened either completely, index included, or not at all.
pub fn a_failed_creation_happened_whole_or_not_at_all<H: Harness>() {
    for fault in [Fault::Before, Fault::After] {
        let trial = Trial::<H>::new();
        let record = trial.sample(1).principal("alice").insert("a", "1").build();
        Failing::new(&trial).step(StoreOperation::Create, fault, |store| {
            store.create(Arc::clone(&record), None, trial.now)
        });
        assert_either(&trial, &record, fault == Fault::After);
    }
}

/// A failed commit has happened either completely or not at all. A retry gives the same data.
pub fn a_failed_commit_happened_whole_or_not_at_all<H: Harness>() {
    for fault in [Fault::Before, Fault::After] {
        let trial = Trial::<H>::new();
        let record = trial.keep(trial.sample(1).insert("a", "1"));
        let commit = SampleCommit::on(&record).sign_in("alice").insert("b", "2");
        Failing::new(&trial).step(StoreOperation::Commit, fault, |store| {
            store.commit(commit.build())
        });
        let Some(found) = trial.load(record.handle) else {
            panic!("a failed commit ended the session");
        };
        trial.assert_active(&found);
        match fault {
            Fault::Before => {
                assert_eq!(found, record);
                assert_eq!(trial.list(&principal("alice")), []);
            }
            Fault::After => {
                assert_eq!(trial.list(&principal("alice")), [record.handle]);
                assert_eq!(found.data.get("b"), Some(&b"2"[..]));
            }
        }
        let again = trial.apply(SampleCommit::on(&found).insert("b", "2"));
        trial.assert_active(&again);
    }
}

/// A failed end can be retried, and is final then.
pub fn a_failed_end_can_be_repeated<H: Harness>() {
    for fault in [Fault::Before, Fault::After] {
        let trial = Trial::<H>::new();
        let (alice, bob) = (principal("alice"), principal("bob"));
        let removed = trial.keep(trial.sample(1).principal("alice"));
        let revoked = trial.keep(trial.sample(2).principal("bob"));
        let fails = Failing::new(&trial);
        fails.step(StoreOperation::Remove, fault, |store| {
            store.remove(removed.handle)
        });
        assert_either(&trial, &removed, fault == Fault::Before);
        fails.step(StoreOperation::Revoke, fault, |store| store.revoke(&bob));
        assert_either(&trial, &revoked, fault == Fault::Before);

        trial.remove(removed.handle);
        trial.revoke(&bob);
        trial.assert_gone(&removed);
        trial.assert_gone(&revoked);
        assert_eq!(trial.list(&alice), []);
        assert_eq!(trial.list(&bob), []);
    }
}

/// The store under test, wrapped in one that fails on command.
struct Failing<'a, H: Harness> {
    trial: &'a Trial<H>,
    store: FaultyStore<Arc<H::Store>>,
    faults: Faults,
}

impl<'a, H: Harness> Failing<'a, H> {
    fn new(trial: &'a Trial<H>) -> Self {
        let store = FaultyStore::new(Arc::clone(&trial.store));
        let faults = store.faults();
        Self {
            trial,
            store,
            faults,
        }
    }

    /// Runs an operation that must fail with an error.
    fn step<'s, T, F>(
        &'s self,
        operation: StoreOperation,
        fault: Fault,
        step: impl FnOnce(&'s FaultyStore<Arc<H::Store>>) -> F,
    ) where
        T: Debug,
        F: Future<Output = Result<T, StoreError>>,
    {
        self.faults.fail_next(operation, fault);
        let answer = self.trial.harness.block_on(step(&self.store));
        let kind = answer.map_err(|error| error.kind());
        assert!(
            matches!(kind, Err(StoreErrorKind::Unavailable)),
            "{operation:?} answered {kind:?}"
        );
    }
}

#[track_caller]
fn assert_either<H: Harness>(trial: &Trial<H>, record: &Record, is_active: bool) {
    if is_active {
        trial.assert_active(record);
    } else {
        trial.assert_gone(record);
    }
}

//! Clauses about the copies that a store holds in the process (`near`). A store without copies
//! satisfies all of them.

use std::sync::Arc;

use super::Harness;
use super::trial::{MINUTE, Trial, answered, principal};
use crate::record::Record;
use crate::store::{Outcome, SessionStore};
use crate::test_util::SampleCommit;

const TASKS: u32 = 8;
const TURNS: u32 = 16;

/// A copy equals the record that was loaded.
pub fn a_copy_is_the_record_that_was_loaded<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).insert("cart", "[7]"));
    let other = trial.keep(trial.sample(2));
    trial.load(record.handle);
    assert!(copy(&trial, &record).is_none_or(|copy| copy == record));
    assert!(copy(&trial, &other).is_none_or(|copy| copy == other));
}

/// A store returns a copy only before its record's deadline.
pub fn no_copy_is_expired<H: Harness>() {
    let trial = Trial::<H>::new();
    let deadline = trial.now + MINUTE;
    let record = trial.keep(trial.sample(1).idle_deadline(deadline));
    trial.load(record.handle);
    assert_eq!(trial.store.near(record.handle, deadline), None);
}

/// A process sees its own changes: no copy is older than an operation that has returned.
pub fn no_copy_is_older_than_a_step_that_has_returned<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).principal("alice"));
    trial.load(record.handle);
    let newer = trial.apply(SampleCommit::on(&record).insert("cart", "[7]"));
    assert!(copy(&trial, &newer).is_none_or(|copy| copy == newer));

    trial.load(record.handle);
    trial.remove(record.handle);
    assert_eq!(copy(&trial, &record), None);

    let record = trial.keep(trial.sample(2).principal("alice"));
    trial.load(record.handle);
    trial.revoke(&principal("alice"));
    assert_eq!(copy(&trial, &record), None);
}

/// The same, while other tasks load the record.
pub fn no_reader_keeps_a_copy_from_before_a_step<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let record = trial.keep(trial.sample(round));
        let now = trial.now;
        let tasks = (0..TASKS).map(|task| {
            let (store, mut record) = (Arc::clone(&trial.store), Arc::clone(&record));
            async move {
                let handle = record.handle;
                for turn in 0..TURNS {
                    if task > 0 {
                        answered(store.load(handle, now).await);
                        continue;
                    }
                    let commit = SampleCommit::on(&record).insert("turn", &turn.to_string());
                    let outcome = answered(store.commit(commit.build()).await);
                    let Outcome::Applied { record: newer, .. } = outcome else {
                        panic!("{outcome:?}");
                    };
                    record = newer;
                    let copy = store.near(handle, now);
                    assert!(copy.is_none_or(|copy| copy == record), "turn {turn}");
                }
                if task == 0 {
                    answered(store.remove(handle).await);
                    assert_eq!(store.near(handle, now), None);
                }
            }
        });
        trial.race(tasks.collect());
        assert_eq!(copy(&trial, &record), None);
    }
}

fn copy<H: Harness>(trial: &Trial<H>, record: &Record) -> Option<Arc<Record>> {
    trial.store.near(record.handle, trial.now)
}

//! Clauses about `load`.

use std::time::Duration;

use super::Harness;
use super::trial::{MINUTE, Trial};
use crate::test_util::{SampleCommit, SampleRecord};
use crate::time::Timestamp;

const TICK: Duration = Duration::from_millis(1);

/// An unknown handle loads as `None`.
pub fn an_absent_record_loads_as_none<H: Harness>() {
    let trial = Trial::<H>::new();
    trial.keep(trial.sample(1));
    assert_eq!(trial.load(SampleRecord::new(2).build().handle), None);
}

/// A removed record loads as `None`, at any time.
pub fn an_ended_record_loads_as_none<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1));
    trial.remove(record.handle);
    assert_eq!(trial.load(record.handle), None);
    assert_eq!(
        trial.load_at(record.handle, Timestamp::from_millis(0)),
        None
    );
}

/// A record exists until its idle deadline, to the millisecond.
pub fn a_record_is_gone_at_exactly_its_idle_deadline<H: Harness>() {
    let trial = Trial::<H>::new();
    let deadline = trial.now + MINUTE;
    let record = trial.keep(trial.sample(1).idle_deadline(deadline));
    let before = Timestamp::from_millis(deadline.as_millis() - 1);
    assert_eq!(trial.load_at(record.handle, before), Some(record.clone()));
    assert_eq!(trial.load_at(record.handle, deadline), None);
    assert_eq!(trial.load_at(record.handle, deadline + TICK), None);
}

/// A record exists until its absolute deadline, to the millisecond.
pub fn a_record_is_gone_at_exactly_its_absolute_deadline<H: Harness>() {
    let trial = Trial::<H>::new();
    let deadline = trial.now + MINUTE;
    let record = trial.keep(trial.sample(1).expires_at(deadline));
    // Whatever idle deadline the request asks for.
    let record = trial.apply(SampleCommit::on(&record).idle_deadline(deadline + MINUTE));
    let before = Timestamp::from_millis(deadline.as_millis() - 1);
    assert_eq!(trial.load_at(record.handle, before), Some(record.clone()));
    assert_eq!(trial.load_at(record.handle, deadline), None);
}

/// A record that was found expired does not come back if the clock goes back.
pub fn a_record_that_was_found_expired_does_not_come_back<H: Harness>() {
    let trial = Trial::<H>::new();
    let deadline = trial.now + MINUTE;
    for (number, sample) in [
        (1, trial.sample(1).idle_deadline(deadline)),
        (2, trial.sample(2).expires_at(deadline)),
    ] {
        let record = trial.keep(sample);
        assert_eq!(trial.load_at(record.handle, deadline), None, "{number}");
        assert_eq!(trial.load(record.handle), None, "{number}");
        trial.assert_gone(&record);
    }
}

/// A use that moves the idle deadline keeps the record beyond the old deadline.
pub fn a_record_that_was_used_outlives_its_first_idle_deadline<H: Harness>() {
    let trial = Trial::<H>::new();
    let first = trial.now + MINUTE;
    let record = trial.keep(trial.sample(1).idle_deadline(first));
    let second = first + MINUTE;
    let record = trial.apply(SampleCommit::on(&record).idle_deadline(second));
    assert_eq!(trial.load_at(record.handle, first), Some(record.clone()));

    // Other operations at that time must not remove it: a store may clear expired records then.
    for n in 100..400 {
        trial.keep(SampleRecord::new(n).created_at(first));
    }
    assert_eq!(trial.load_at(record.handle, first), Some(record.clone()));
    assert_eq!(trial.load_at(record.handle, second), None);
}

/// Handles that differ in one bit name two records.
pub fn each_handle_loads_its_own_record<H: Harness>() {
    let trial = Trial::<H>::new();
    let records: Vec<_> = (0..32)
        .map(|bit| trial.keep(trial.sample(1 << bit).insert("bit", &bit.to_string())))
        .collect();
    for record in &records {
        assert_eq!(trial.load(record.handle).as_ref(), Some(record));
    }
}

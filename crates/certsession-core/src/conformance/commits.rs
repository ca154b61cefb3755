//! Clauses about what a commit changes, and when it is refused.

use std::sync::Arc;

use super::Harness;
use super::trial::{MINUTE, Trial, binding_of};
use crate::store::Outcome;
use crate::test_util::{SampleBinding, SampleCommit};

/// An applied commit returns the new record, and the store keeps the same.
pub fn an_applied_commit_returns_the_record_that_is_kept<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).insert("a", "1").insert("b", "2"));
    let commit = SampleCommit::on(&record).at(trial.now + MINUTE);
    let answered = trial.apply(commit.insert("a", "3").remove("b").insert("c", "4"));
    trial.assert_active(&answered);
    assert_eq!(answered.data.get("a"), Some(&b"3"[..]));
    assert_eq!(answered.data.get("b"), None);
    assert_eq!(answered.data.get("c"), Some(&b"4"[..]));
    assert_eq!(answered.last_seen_at, trial.now + MINUTE);
}

/// A commit to an unknown handle is `Gone`, and creates no record.
pub fn a_commit_to_an_absent_record_makes_none<H: Harness>() {
    let trial = Trial::<H>::new();
    let never_kept = trial.sample(1).principal("alice").build();
    for commit in each_kind_of_commit(&trial, &never_kept) {
        assert_eq!(trial.commit(commit), Outcome::Gone);
        trial.assert_gone(&never_kept);
    }
}

/// A commit to an ended session is `Gone`, and the session stays ended.
pub fn a_commit_to_a_removed_record_never_recreates_it<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1).principal("alice"));
    assert!(trial.remove(record.handle));
    for commit in each_kind_of_commit(&trial, &record) {
        assert_eq!(trial.commit(commit), Outcome::Gone);
        trial.assert_gone(&record);
    }
    assert_eq!(trial.list(&super::trial::principal("bob")), []);
    assert_eq!(trial.list(&SampleBinding::new(9).owner()), []);
}

/// A commit at or after the deadline is `Gone`, whatever idle deadline it asks for.
pub fn a_commit_to_an_expired_record_never_revives_it<H: Harness>() {
    let trial = Trial::<H>::new();
    let deadline = trial.now + MINUTE;
    let record = trial.keep(trial.sample(1).principal("alice").expires_at(deadline));
    for commit in each_kind_of_commit(&trial, &record) {
        let commit = commit
            .at(deadline)
            .idle_deadline(deadline + MINUTE)
            .absolute_deadline(deadline + MINUTE);
        assert_eq!(trial.commit(commit), Outcome::Gone);
        assert_eq!(trial.load_at(record.handle, deadline), None);
    }
}

/// A commit from before a sign-in is `Stale`, and changes nothing.
pub fn a_commit_from_an_older_epoch_is_stale<H: Harness>() {
    let trial = Trial::<H>::new();
    let loaded = trial.keep(trial.sample(1).insert("a", "1"));
    let signed_in = trial.apply(SampleCommit::on(&loaded).sign_in("alice"));
    assert!(signed_in.epoch > loaded.epoch);
    for commit in each_kind_of_commit(&trial, &loaded) {
        assert_eq!(trial.commit(commit), Outcome::Stale);
        trial.assert_active(&signed_in);
    }
}

/// Two requests that loaded the same record and write different keys are both applied.
pub fn writers_of_different_keys_both_win<H: Harness>() {
    let trial = Trial::<H>::new();
    let loaded = trial.keep(trial.sample(1).insert("a", "1").insert("b", "2"));
    trial.apply(SampleCommit::on(&loaded).insert("c", "3"));
    trial.apply(SampleCommit::on(&loaded).remove("a"));
    let last = trial.apply(SampleCommit::on(&loaded).insert("d", "4"));
    let kept: Vec<_> = last.data.iter().map(|(name, _)| name).collect();
    assert_eq!(kept, ["b", "c", "d"]);
    trial.assert_active(&last);
}

/// If two requests write the same key, the later commit wins.
pub fn the_last_writer_of_a_key_wins<H: Harness>() {
    let trial = Trial::<H>::new();
    let loaded = trial.keep(trial.sample(1).insert("a", "\"a longer text\""));
    trial.apply(SampleCommit::on(&loaded).insert("a", "\"first\""));
    let last = trial.apply(SampleCommit::on(&loaded).insert("a", "2"));
    assert_eq!(last.data.get("a"), Some(&b"2"[..]));
    trial.assert_active(&last);
}

/// A commit that drops all keys but some also drops the keys that other requests wrote, and nothing
/// else.
pub fn a_commit_can_drop_all_keys_but_some<H: Harness>() {
    let trial = Trial::<H>::new();
    let loaded = trial.keep(trial.sample(1).insert("cart", "[7]").insert("a", "1"));
    trial.apply(SampleCommit::on(&loaded).insert("b", "2"));
    let drop_all = SampleCommit::on(&loaded).retain(&["cart", "absent"]);
    let last = trial.apply(drop_all.insert("c", "3"));
    let kept: Vec<_> = last.data.iter().map(|(name, _)| name).collect();
    assert_eq!(kept, ["c", "cart"]);
    trial.assert_active(&last);

    let nothing = trial.apply(SampleCommit::on(&last).retain(&[]));
    assert_eq!(nothing.data.iter().count(), 0);
    trial.assert_active(&nothing);
}

/// A commit on the condition that a value is unchanged is applied once; the next one gets the record
/// as it is, and changes nothing.
pub fn a_value_is_taken_once<H: Harness>() {
    let trial = Trial::<H>::new();
    let loaded = trial.keep(trial.sample(1).insert("state", "\"x\"").insert("a", "1"));
    let take = SampleCommit::on(&loaded).take_once("state");
    let taken = trial.apply(take.clone());
    assert_eq!(taken.data.get("state"), None);
    let again = trial.commit(take.clone().insert("b", "2"));
    assert_eq!(again, Outcome::ValueChanged { record: Arc::clone(&taken) });
    trial.assert_active(&taken);

    let other = trial.apply(SampleCommit::on(&taken).insert("state", "\"y\""));
    let late = trial.commit(take);
    assert_eq!(late, Outcome::ValueChanged { record: Arc::clone(&other) });
    trial.assert_active(&other);
}

/// Of two commits that each write the first value of a key, one is applied.
pub fn a_first_value_is_written_once<H: Harness>() {
    let trial = Trial::<H>::new();
    let loaded = trial.keep(trial.sample(1));
    let first = trial.apply(SampleCommit::on(&loaded).insert_if_absent("k", "1"));
    let second = trial.commit(SampleCommit::on(&loaded).insert_if_absent("k", "2"));
    assert_eq!(second, Outcome::ValueChanged { record: Arc::clone(&first) });
    trial.assert_active(&first);
}

/// A commit to one session leaves every other session unchanged.
pub fn a_commit_touches_its_own_record_alone<H: Harness>() {
    let trial = Trial::<H>::new();
    let ours = trial.keep(trial.sample(1).principal("alice"));
    let theirs = trial.keep(trial.sample(2).principal("alice").bound_to(binding_of(&ours)));
    for commit in each_kind_of_commit(&trial, &ours) {
        trial.commit(commit);
        trial.assert_active(&theirs);
    }
}

/// A store may implement each of these kinds differently.
fn each_kind_of_commit<H: Harness>(
    trial: &Trial<H>,
    loaded: &crate::record::Record,
) -> [SampleCommit; 6] {
    let commit = SampleCommit::on(loaded);
    let newer = SampleBinding::new(9).newer_by(MINUTE).build();
    [
        commit.clone(),
        commit.clone().insert("late", "true"),
        commit.clone().renew(trial.now + MINUTE),
        commit.clone().rotate(),
        commit.clone().sign_in("bob").insert("late", "true"),
        commit.rebind(&newer).renew(trial.now + MINUTE),
    ]
}

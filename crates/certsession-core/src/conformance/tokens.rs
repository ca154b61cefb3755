//! Clauses about tokens: renewed with a grace period, or replaced at once.

use super::Harness;
use super::trial::{MINUTE, SECOND, Trial};
use crate::record::{Record, TokenStatus};
use crate::store::Outcome;
use crate::test_util::SampleCommit;
use crate::time::Timestamp;
use crate::token::TokenHash;
use std::sync::Arc;

/// A renewal keeps the previous token valid until the end of its grace period, to the millisecond.
pub fn a_renewed_token_is_kept_for_its_grace<H: Harness>() {
    let trial = Trial::<H>::new();
    let record = trial.keep(trial.sample(1));
    let until = trial.now + SECOND;
    trial.apply(SampleCommit::on(&record).renew(until));
    let before = Timestamp::from_millis(until.as_millis() - 1);
    assert_eq!(
        token_status(&trial, &record, record.token_hash, before),
        TokenStatus::InGrace
    );
    assert_eq!(
        token_status(&trial, &record, record.token_hash, until),
        TokenStatus::Unknown
    );
}

/// A second renewal ends the grace period of the first: there is at most one previous token.
pub fn a_second_renewal_ends_the_grace_of_the_first<H: Harness>() {
    let trial = Trial::<H>::new();
    let first = trial.keep(trial.sample(1));
    let until = trial.now + MINUTE;
    let second = trial.apply(SampleCommit::on(&first).renew(until));
    let third = trial.apply(SampleCommit::on(&second).renew(until));
    let now = trial.now;
    assert_eq!(
        token_status(&trial, &first, first.token_hash, now),
        TokenStatus::Unknown
    );
    assert_eq!(
        token_status(&trial, &first, second.token_hash, now),
        TokenStatus::InGrace
    );
    assert_eq!(
        token_status(&trial, &first, third.token_hash, now),
        TokenStatus::Current
    );
}

/// A renewal with a token that was already renewed is ignored and reported as such; its data is
/// merged.
pub fn a_renewal_that_lost_is_ignored_and_its_data_is_merged<H: Harness>() {
    let trial = Trial::<H>::new();
    let loaded = trial.keep(trial.sample(1));
    let until = trial.now + MINUTE;
    let won = SampleCommit::on(&loaded).renew(until).insert("won", "1");
    let (winner, rotated) = outcome(trial.commit(won));
    assert!(rotated);
    let lost = SampleCommit::on(&loaded).renew(until).insert("lost", "2");
    let (record, rotated) = outcome(trial.commit(lost));
    assert!(!rotated);
    assert_eq!(record.token_hash, winner.token_hash);
    assert_eq!(record.previous, winner.previous);
    assert_eq!(record.data.get("won"), Some(&b"1"[..]));
    assert_eq!(record.data.get("lost"), Some(&b"2"[..]));
    trial.assert_active(&record);
}

/// A privilege change invalidates both the current token and one in its grace period.
pub fn a_privilege_change_gives_no_grace<H: Harness>() {
    let trial = Trial::<H>::new();
    let first = trial.keep(trial.sample(1));
    let second = trial.apply(SampleCommit::on(&first).renew(trial.now + MINUTE));
    let third = trial.apply(SampleCommit::on(&second).rotate());
    for dead in [first.token_hash, second.token_hash] {
        assert_eq!(
            token_status(&trial, &first, dead, trial.now),
            TokenStatus::Unknown
        );
    }
    let fourth = trial.apply(SampleCommit::on(&third).sign_in("alice"));
    assert_eq!(
        token_status(&trial, &first, third.token_hash, trial.now),
        TokenStatus::Unknown
    );
    assert_eq!(
        token_status(&trial, &first, fourth.token_hash, trial.now),
        TokenStatus::Current
    );
}

/// A privilege change with a replaced token is `Stale`, and changes nothing.
pub fn a_privilege_change_by_a_dead_token_is_stale<H: Harness>() {
    let trial = Trial::<H>::new();
    let loaded = trial.keep(trial.sample(1));
    let rotated = trial.apply(SampleCommit::on(&loaded).rotate());
    let by_dead_token = SampleCommit::on(&loaded).insert("late", "1");
    let attempts = [
        by_dead_token.clone().rotate(),
        by_dead_token.sign_in("mallory"),
    ];
    for attempt in attempts {
        assert_eq!(trial.commit(attempt), Outcome::Stale);
        trial.assert_active(&rotated);
    }
    assert_eq!(trial.list(&super::trial::principal("mallory")), []);
}

/// A token in its grace period is still accepted: a sign-in with it is applied. After the grace
/// period it is `Stale`.
pub fn a_token_signs_in_during_its_grace_and_not_after_it<H: Harness>() {
    let trial = Trial::<H>::new();
    let until = trial.now + SECOND;
    let late = trial.keep(trial.sample(1));
    let renewed = trial.apply(SampleCommit::on(&late).renew(until));
    let attempt = SampleCommit::on(&late).sign_in("alice").at(until);
    assert_eq!(trial.commit(attempt), Outcome::Stale);
    trial.assert_active(&renewed);

    let in_time = trial.keep(trial.sample(2));
    trial.apply(SampleCommit::on(&in_time).renew(until));
    let signed_in = trial.apply(SampleCommit::on(&in_time).sign_in("alice"));
    trial.assert_active(&signed_in);
}

/// A commit without a new token leaves both the token and the one in its grace period unchanged.
pub fn a_write_leaves_the_token_alone<H: Harness>() {
    let trial = Trial::<H>::new();
    let loaded = trial.keep(trial.sample(1));
    let renewed = trial.apply(SampleCommit::on(&loaded).renew(trial.now + MINUTE));
    let (written, rotated) = outcome(trial.commit(SampleCommit::on(&loaded).insert("a", "1")));
    assert!(!rotated);
    assert_eq!(written.token_hash, renewed.token_hash);
    assert_eq!(written.previous, renewed.previous);
    trial.assert_active(&written);
}

fn token_status<H: Harness>(
    trial: &Trial<H>,
    record: &Record,
    token_hash: TokenHash,
    now: Timestamp,
) -> TokenStatus {
    match trial.load_at(record.handle, now) {
        Some(record) => record.token_status(&token_hash, now),
        None => panic!("the record does not load"),
    }
}

fn outcome(outcome: Outcome) -> (Arc<Record>, bool) {
    match outcome {
        Outcome::Applied {
            record, rotated, ..
        } => (record, rotated),
        other => panic!("expected an applied commit, got {other:?}"),
    }
}

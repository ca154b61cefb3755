//! Races between requests that replace the token.

use std::sync::Arc;

use super::Harness;
use super::trial::{MINUTE, Trial, answered, binding_of, principal};
use crate::record::Record;
use crate::store::{Outcome, SessionStore};
use crate::test_util::{SampleBinding, SampleCommit};

const REQUESTS: u32 = 8;

/// Of parallel renewals one token wins, the others learn that they lost, and no request's data is
/// lost.
pub fn of_parallel_renewals_one_wins<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let loaded = trial.keep(trial.sample(round));
        let until = trial.now + MINUTE;
        let outcomes = commit_at_once(&trial, &loaded, |request, commit| {
            commit.renew(until).insert(&request.to_string(), "true")
        });
        let winners: Vec<_> = outcomes
            .iter()
            .filter_map(|outcome| match outcome {
                Outcome::Applied {
                    record,
                    rotated: true,
                    ..
                } => Some(record.token_hash),
                Outcome::Applied { .. } => None,
                other => panic!("a renewal is never {other:?}"),
            })
            .collect();
        let [winner] = winners[..] else {
            panic!("{} renewals won", winners.len());
        };
        let record = still_there(&trial, &loaded);
        assert_eq!(record.token_hash, winner);
        assert_eq!(record.data.iter().count(), REQUESTS as usize);
        let previous = record.previous.map(|previous| previous.token_hash);
        assert_eq!(previous, Some(loaded.token_hash));
    }
}

/// Of parallel privilege changes with one token exactly one is applied.
pub fn of_parallel_privilege_changes_one_is_applied<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let loaded = trial.keep(trial.sample(round));
        let outcomes = commit_at_once(&trial, &loaded, |request, commit| {
            commit.rotate().insert(&request.to_string(), "true")
        });
        let winner = the_one_applied(&outcomes);
        let record = still_there(&trial, &loaded);
        assert_eq!(record, winner);
        assert_eq!(record.data.iter().count(), 1);
        assert_eq!(record.previous, None);
    }
}

/// Of parallel sign-ins in one session exactly one is applied, and no other principal is signed in.
pub fn of_parallel_sign_ins_one_is_applied<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let loaded = trial.keep(trial.sample(round));
        let name = |request| format!("{round} {request}");
        let outcomes = commit_at_once(&trial, &loaded, |request, commit| {
            commit.sign_in(&name(request))
        });
        let winner = the_one_applied(&outcomes);
        trial.assert_active(&winner);
        assert_eq!(winner.epoch, loaded.epoch + 1);
        for request in 0..REQUESTS {
            let name = name(request);
            let is_winner = winner.principal().is_some_and(|who| who.as_str() == name);
            let expected = is_winner.then_some(winner.handle);
            let listed = trial.list(&principal(&name));
            assert_eq!(listed, Vec::from_iter(expected), "{name}");
        }
    }
}

/// Of parallel sign-ins of the principal who is already signed in, exactly one is applied: sign-ins
/// that change no owner race in the same way.
pub fn of_parallel_sign_ins_of_one_principal_one_is_applied<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let loaded = trial.keep(trial.sample(round).principal("alice"));
        let outcomes = commit_at_once(&trial, &loaded, |request, commit| {
            let commit = commit.retain(&[]).insert(&request.to_string(), "true");
            commit.sign_in("alice")
        });
        let winner = the_one_applied(&outcomes);
        trial.assert_active(&winner);
        assert_eq!(winner.data.iter().count(), 1);
    }
}

/// Of parallel requests under renewed certificates one gets the token; the session and the index
/// belong to that certificate alone.
pub fn of_parallel_rebinds_one_wins_with_its_token<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let loaded = trial.keep(trial.sample(round));
        let certificate = |request| {
            let binding = SampleBinding::new(1000 * (round + 1) + request);
            binding.newer_by((request + 1) * MINUTE)
        };
        let until = trial.now + MINUTE;
        let outcomes = commit_at_once(&trial, &loaded, |request, commit| {
            commit.rebind(&certificate(request).build()).renew(until)
        });
        let record = still_there(&trial, &loaded);
        trial.assert_active(&record);
        for (request, outcome) in (0..).zip(&outcomes) {
            let has_token = matches!(outcome, Outcome::Applied { rotated: true, .. });
            let has_session = *binding_of(&record) == certificate(request).build();
            assert_eq!(has_token, has_session, "{request}: {outcome:?}");
            let expected = has_session.then_some(record.handle);
            let listed = trial.list(&certificate(request).owner());
            assert_eq!(listed, Vec::from_iter(expected));
        }
        assert_ne!(record.binding, loaded.binding);
    }
}

/// Of parallel requests whose certificates are the first of a session, one gets it; the index
/// lists it for that certificate alone.
pub fn of_parallel_first_certificates_one_gets_the_session<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let loaded = trial.keep(trial.sample(round).unbound());
        let certificate = |request| SampleBinding::new(1000 * (round + 1) + request);
        let outcomes = commit_at_once(&trial, &loaded, |request, commit| {
            commit.rebind(&certificate(request).build()).rotate()
        });
        let winner = the_one_applied(&outcomes);
        trial.assert_active(&winner);
        for request in 0..REQUESTS {
            let has_session = *binding_of(&winner) == certificate(request).build();
            let listed = trial.list(&certificate(request).owner());
            assert_eq!(listed, Vec::from_iter(has_session.then_some(winner.handle)));
        }
    }
}

fn commit_at_once<H: Harness>(
    trial: &Trial<H>,
    loaded: &Arc<Record>,
    make: impl Fn(u32, SampleCommit) -> SampleCommit,
) -> Vec<Outcome> {
    let requests = (0..REQUESTS).map(|request| {
        let store = Arc::clone(&trial.store);
        let commit = make(request, SampleCommit::on(loaded)).build();
        async move { answered(store.commit(commit).await) }
    });
    trial.race(requests.collect())
}

fn the_one_applied(outcomes: &[Outcome]) -> Arc<Record> {
    let mut applied = outcomes.iter().filter_map(|outcome| match outcome {
        Outcome::Applied { record, .. } => Some(record),
        Outcome::Stale => None,
        other => panic!("a request that lost is stale, not {other:?}"),
    });
    match (applied.next(), applied.next()) {
        (Some(only), None) => Arc::clone(only),
        (None, _) => panic!("no request was applied"),
        (Some(_), Some(_)) => panic!("two requests with one token were applied"),
    }
}

fn still_there<H: Harness>(trial: &Trial<H>, record: &Record) -> Arc<Record> {
    match trial.load(record.handle) {
        Some(record) => record,
        None => panic!("the token change ended the session"),
    }
}

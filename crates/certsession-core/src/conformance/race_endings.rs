//! Races between an end and everything else.

use std::sync::Arc;

use super::Harness;
use super::race::yield_once;
use super::trial::{MINUTE, Trial, answered, principal};
use crate::handle::Handle;
use crate::record::Record;
use crate::store::{Creation, Outcome, Owner, Removal, SessionStore};
use crate::test_util::{SampleBinding, SampleCommit, SampleRecord};

const TASKS: u32 = 8;
const TURNS: u32 = 8;

/// A session that ends while others write to it stays ended: their commits are `Gone`, and none of
/// them brings it back.
pub fn no_writer_brings_a_removed_session_back<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let record = trial.keep(trial.sample(round).principal("alice"));
        let writers = (0..TASKS).map(|task| {
            let (store, record) = (Arc::clone(&trial.store), Arc::clone(&record));
            async move {
                let mut has_ended = task == 0 && answered(store.remove(record.handle).await);
                for turn in 0..TURNS {
                    let commit = any_commit(&record, task + turn);
                    match answered(store.commit(commit.build()).await) {
                        Outcome::Gone => has_ended = true,
                        other => assert!(!has_ended, "after the end: {other:?}"),
                    }
                }
            }
        });
        trial.race(writers.collect());
        trial.assert_gone(&record);
        assert!(!trial.remove(record.handle));
        for name in ["alice", "bob"] {
            assert_eq!(trial.list(&principal(name)), []);
        }
    }
}

/// If several tasks end a session at once, exactly one call reports that it ended it.
pub fn of_parallel_ends_one_ends_the_session<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let record = trial.keep(trial.sample(round).principal("alice"));
        let ends = (0..TASKS).map(|task| {
            let (store, handle) = (Arc::clone(&trial.store), record.handle);
            async move {
                if task % 2 == 0 {
                    return usize::from(answered(store.remove(handle).await));
                }
                answered(store.revoke(&principal("alice")).await).len()
            }
        });
        let reported: usize = trial.race(ends.collect()).into_iter().sum();
        assert_eq!(reported, 1);
        trial.assert_gone(&record);
    }
}

/// A session that is ended as it was judged, while its principal signs in to it: either it ended, and
/// the sign-in found nothing, or the sign-in was first, and its session was not ended.
pub fn a_session_that_is_ended_as_it_was_judged_is_not_signed_in_to<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let record = trial.keep(trial.sample(round).principal("alice"));
        let tasks = (0..4).map(|task| {
            let (store, judged) = (Arc::clone(&trial.store), Arc::clone(&record));
            async move {
                if task == 0 {
                    let commit = SampleCommit::on(&judged).sign_in("bob").build();
                    return match answered(store.commit(commit).await) {
                        Outcome::Applied { .. } => (1, 0),
                        Outcome::Gone => (0, 0),
                        other => panic!("neither gone nor signed in: {other:?}"),
                    };
                }
                let removed = answered(store.remove_unchanged(&judged).await);
                (0, usize::from(removed == Removal::Removed))
            }
        });
        let counts = trial.race(tasks.collect());
        let signed_in: usize = counts.iter().map(|(signed_in, _)| signed_in).sum();
        let ended: usize = counts.iter().map(|(_, ended)| ended).sum();
        assert_eq!(signed_in + ended, 1, "{counts:?}");
        assert_eq!(trial.load(record.handle).is_some(), signed_in == 1);
        trial.remove(record.handle);
    }
}

/// A `revoke` that races creations, sign-ins and writes ends all earlier sessions, and each later
/// one is listed for its owner.
pub fn revoke_leaves_none_of_the_earlier_sessions<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let first = 1000 * round;
        let alice = principal("alice");
        let earlier: Vec<_> = (0..TASKS)
            .map(|n| trial.keep(trial.sample(first + n).principal("alice")))
            .collect();
        let anonymous: Vec<_> = (0..TASKS)
            .map(|n| trial.keep(trial.sample(first + 100 + n)))
            .collect();
        let tasks = (0..TASKS).map(|task| {
            let store = Arc::clone(&trial.store);
            let (earlier, alice) = (Arc::clone(&earlier[task as usize]), alice.clone());
            let anonymous = Arc::clone(&anonymous[task as usize]);
            let next = trial.sample(first + 200 + task).principal("alice").build();
            async move {
                if task == 0 {
                    return answered(store.revoke(&alice).await);
                }
                let write = SampleCommit::on(&earlier).insert("late", "1").build();
                answered(store.commit(write).await);
                let sign_in = SampleCommit::on(&anonymous).sign_in("alice").build();
                answered(store.commit(sign_in).await);
                let now = next.created_at;
                let created = answered(store.create(next, None, now).await);
                assert_eq!(created, Creation::Created { evicted: vec![] });
                let again = SampleCommit::on(&earlier).sign_in("alice").build();
                answered(store.commit(again).await);
                Vec::new()
            }
        });
        let revoked = trial.race(tasks.collect()).concat();
        for record in &earlier {
            assert!(revoked.contains(&record.handle), "not reported: {record:?}");
            trial.assert_gone(record);
        }
        assert_index_agrees(&trial, &alice, first..first + 300, &revoked);
        trial.revoke(&alice);
        assert_eq!(trial.list(&alice), []);
    }
}

/// A session that moves to another owner while its old owner is revoked has either ended or belongs
/// completely to the new owner.
pub fn a_session_that_moves_during_a_revoke_is_gone_or_moved<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let first = 100 * round;
        let sessions: Vec<_> = (0..TASKS * TURNS)
            .map(|n| trial.keep(trial.sample(first + n).principal("alice")))
            .collect();
        let tasks = sessions.chunks(TURNS as usize).enumerate().map(|(task, mine)| {
            let (store, mine) = (Arc::clone(&trial.store), mine.to_vec());
            async move {
                if task == 0 {
                    answered(store.revoke(&principal("alice")).await);
                }
                for session in mine {
                    move_to_bob(&*store, &session).await;
                }
            }
        });
        trial.race(tasks.collect());
        let (alice, bob) = (principal("alice"), principal("bob"));
        assert_eq!(trial.list(&alice), []);
        assert_index_agrees(&trial, &bob, first..first + TASKS * TURNS, &[]);
        let mut remaining = trial.list(&bob);
        remaining.sort_unstable();
        assert_eq!(trial.revoke(&bob), remaining);
        assert!(sessions.iter().all(|s| trial.load(s.handle).is_none()));
    }
}

/// Signs bob in under a renewed certificate. The outcome must match the record, at once and
/// afterwards.
async fn move_to_bob(store: &impl SessionStore, session: &Record) {
    let renewed = SampleBinding::new(u32::MAX).newer_by(MINUTE).build();
    let commit = SampleCommit::on(session).sign_in("bob").rebind(&renewed);
    let outcome = answered(store.commit(commit.build()).await);
    yield_once().await;
    let loaded = answered(store.load(session.handle, session.created_at).await);
    match outcome {
        Outcome::Applied { record, .. } => assert_eq!(loaded, Some(record)),
        Outcome::Gone => assert_eq!(loaded, None),
        other => panic!("neither gone nor moved: {other:?}"),
    }
}

/// One of the kinds of commits.
fn any_commit(record: &Record, which: u32) -> SampleCommit {
    let commit = SampleCommit::on(record).insert("late", "true");
    match which % 4 {
        0 => commit,
        1 => commit.renew(record.absolute_deadline),
        2 => commit.sign_in("bob"),
        _ => commit.rebind(&SampleBinding::new(9).newer_by(MINUTE).build()),
    }
}

/// Asserts that each of these samples that is active is in its owners' indexes, that each listed
/// one is active, and that no revoked one is.
fn assert_index_agrees<H: Harness>(
    trial: &Trial<H>,
    owner: &Owner,
    numbers: std::ops::Range<u32>,
    revoked: &[Handle],
) {
    let listed = trial.list(owner);
    for number in numbers {
        let handle = SampleRecord::new(number).build().handle;
        match trial.load(handle) {
            Some(record) => {
                assert!(!revoked.contains(&handle), "reported as revoked: {record:?}");
                trial.assert_active(&record);
            }
            None => assert!(!listed.contains(&handle), "listed, but it does not load"),
        }
    }
}

//! Races between an end and everything else.

use std::sync::Arc;

use super::Harness;
use super::race::give_way;
use super::trial::{MINUTE, Trial, answered, principal};
use crate::handle::Handle;
use crate::record::Record;
use crate::store::{Creation, Outcome, Owner, SessionStore};
use crate::test_util::{SampleBinding, SampleCommit, SampleRecord};

const TASKS: u32 = 8;
const TURNS: u32 = 8;

/// A session that ends while others write to it stays ended: they are told `Gone`, and none of
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

/// Of those who end a session at once exactly one is told that it did.
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
        let told: usize = trial.race(ends.collect()).into_iter().sum();
        assert_eq!(told, 1);
        trial.assert_gone(&record);
    }
}

/// `revoke` that races creations, sign-ins and writers leaves none of the earlier sessions, and
/// each later one is found by its owner.
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
            assert!(revoked.contains(&record.handle), "not told: {record:?}");
            trial.assert_gone(record);
        }
        assert_index_agrees(&trial, &alice, first..first + 300, &revoked);
        trial.revoke(&alice);
        assert_eq!(trial.list(&alice), []);
    }
}

/// A session that changes hands while its owner is revoked either went with the old owner or
/// belongs to the new one, whole.
pub fn a_session_that_changes_hands_during_a_revoke_is_gone_or_moved<H: Harness>() {
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
        let mut left = trial.list(&bob);
        left.sort_unstable();
        assert_eq!(trial.revoke(&bob), left);
        assert!(sessions.iter().all(|s| trial.load(s.handle).is_none()));
    }
}

/// Signs bob in under a renewed certificate. The answer has to be true, then and afterwards.
async fn move_to_bob(store: &impl SessionStore, session: &Record) {
    let renewed = SampleBinding::new(u32::MAX).newer_by(MINUTE).build();
    let commit = SampleCommit::on(session).sign_in("bob").rebind(&renewed);
    let outcome = answered(store.commit(commit.build()).await);
    give_way().await;
    let loaded = answered(store.load(session.handle, session.created_at).await);
    match outcome {
        Outcome::Applied { record, .. } => assert_eq!(loaded, Some(record)),
        Outcome::Gone => assert_eq!(loaded, None),
        other => panic!("neither gone nor moved: {other:?}"),
    }
}

/// One of the ways in which a request writes.
fn any_commit(record: &Record, which: u32) -> SampleCommit {
    let commit = SampleCommit::on(record).insert("late", "true");
    match which % 4 {
        0 => commit,
        1 => commit.renew(record.absolute_deadline),
        2 => commit.sign_in("bob"),
        _ => commit.rebind(&SampleBinding::new(9).newer_by(MINUTE).build()),
    }
}

/// What stands among these samples is in its owners' indexes, what is listed stands, and what
/// was revoked does not.
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
                assert!(!revoked.contains(&handle), "told as revoked: {record:?}");
                trial.assert_active(&record);
            }
            None => assert!(!listed.contains(&handle), "listed, but not there"),
        }
    }
}

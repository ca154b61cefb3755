//! Races between requests that write.

use std::sync::Arc;

use super::Harness;
use super::trial::{MINUTE, Trial, answered, principal};
use crate::store::{Outcome, SessionStore};
use crate::test_util::SampleCommit;

const WRITERS: u32 = 8;
const KEYS: u32 = 8;

/// Concurrent requests that loaded the same record and write different keys are all applied.
pub fn no_key_is_lost_among_writers_of_different_keys<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let record = trial.keep(trial.sample(round));
        let writers = (0..WRITERS).map(|writer| {
            let (store, record) = (Arc::clone(&trial.store), Arc::clone(&record));
            async move {
                for key in 0..KEYS {
                    let commit = SampleCommit::on(&record);
                    let commit = commit.insert(&format!("{writer}.{key}"), &key.to_string());
                    let outcome = answered(store.commit(commit.build()).await);
                    assert!(matches!(outcome, Outcome::Applied { .. }), "{outcome:?}");
                }
            }
        });
        trial.race(writers.collect());
        let Some(record) = trial.load(record.handle) else {
            panic!("a write ended the session");
        };
        for writer in 0..WRITERS {
            for key in 0..KEYS {
                let kept = record.data.get(&format!("{writer}.{key}"));
                assert_eq!(kept, Some(key.to_string().as_bytes()), "{writer}.{key}");
            }
        }
        trial.assert_active(&record);
    }
}

/// Concurrent requests that write the same keys leave the values of one of them, never a mixture.
pub fn writers_of_the_same_keys_leave_no_mixture<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let record = trial.keep(trial.sample(round).insert("a", "0").insert("z", "0"));
        let writers = (1..=WRITERS).map(|writer| {
            let (store, record) = (Arc::clone(&trial.store), Arc::clone(&record));
            async move {
                for turn in 0..KEYS {
                    // The texts have different lengths, so that a partial write would be visible.
                    let value = format!("\"{}\"", "x".repeat((writer * KEYS + turn) as usize));
                    let commit = SampleCommit::on(&record).insert("a", &value);
                    let commit = commit.insert("z", &value).build();
                    answered(store.commit(commit).await);
                    let loaded = answered(store.load(record.handle, record.created_at).await);
                    let Some(loaded) = loaded else {
                        panic!("a write ended the session");
                    };
                    assert_eq!(loaded.data.get("a"), loaded.data.get("z"));
                }
            }
        });
        trial.race(writers.collect());
    }
}

/// A request that began before a sign-in writes nothing into the signed-in session, however close
/// the race.
pub fn no_writer_from_before_a_sign_in_writes_after_it<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let record = trial.keep(trial.sample(round));
        let mut tasks = Vec::new();
        for writer in 0..WRITERS {
            let (store, record) = (Arc::clone(&trial.store), Arc::clone(&record));
            let sign_in = (writer == WRITERS / 2)
                .then(|| SampleCommit::on(&record).retain(&[]).sign_in("alice"));
            tasks.push(async move {
                let key = format!("late {writer}");
                let write = SampleCommit::on(&record).insert(&key, "true");
                let turns = if sign_in.is_some() { 1 } else { KEYS };
                for _ in 0..turns {
                    let commit = sign_in.clone().unwrap_or_else(|| write.clone());
                    let outcome = answered(store.commit(commit.build()).await);
                    let is_fine = match outcome {
                        Outcome::Applied { .. } => true,
                        Outcome::Stale => sign_in.is_none(),
                        _ => false,
                    };
                    assert!(is_fine, "{outcome:?}");
                }
            });
        }
        trial.race(tasks);
        let Some(record) = trial.load(record.handle) else {
            panic!("a sign-in ended the session");
        };
        let kept: Vec<_> = record.data.iter().map(|(name, _)| name).collect();
        assert!(kept.is_empty(), "written by a request from before the sign-in: {kept:?}");
        trial.assert_active(&record);
        assert!(trial.list(&principal("alice")).contains(&record.handle));
    }
}

/// A sign-in keeps the carried keys as the session holds them at that moment, not as its request
/// loaded them: an applied write is not undone.
pub fn a_sign_in_carries_what_writers_have_written<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let loaded = trial.keep(trial.sample(round));
        let tasks = (0..WRITERS).map(|writer| {
            let commit = SampleCommit::on(&loaded);
            let commit = match writer {
                0 => commit.sign_in("alice"),
                _ => commit.insert(&writer.to_string(), "true"),
            };
            let store = Arc::clone(&trial.store);
            async move { answered(store.commit(commit.build()).await) }
        });
        let outcomes = trial.race(tasks.collect());
        let Some(record) = trial.load(loaded.handle) else {
            panic!("a sign-in ended the session");
        };
        for (writer, outcome) in outcomes.iter().enumerate().skip(1) {
            let is_applied = matches!(outcome, Outcome::Applied { .. });
            let is_kept = record.data.get(&writer.to_string()).is_some();
            assert_eq!(is_applied, is_kept, "{writer}: {outcome:?}");
        }
        trial.assert_active(&record);
    }
}

/// Concurrent requests never exceed the session's maximum data size together.
pub fn writers_together_never_pass_the_data_limit<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let loaded = trial.keep(trial.sample(round));
        let writers = (0..WRITERS).map(|writer| {
            let commit = SampleCommit::on(&loaded).max_data_size(100);
            let commit = commit.insert(&writer.to_string(), &"1".repeat(40));
            let store = Arc::clone(&trial.store);
            async move { answered(store.commit(commit.build()).await) }
        });
        let outcomes = trial.race(writers.collect());
        let applied = |outcome: &&Outcome| matches!(outcome, Outcome::Applied { .. });
        assert_eq!(outcomes.iter().filter(applied).count(), 2);
        let record = trial.load(loaded.handle);
        assert_eq!(record.map(|record| record.data.iter().count()), Some(2));
    }
}

/// Of parallel requests that take the same value exactly one gets it, while others write beside
/// them, and none takes a value that came after its own.
pub fn of_parallel_takes_one_gets_the_value<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let loaded = trial.keep(trial.sample(round).insert("state", "\"x\""));
        let takers = (0..WRITERS).map(|taker| {
            let write = SampleCommit::on(&loaded).insert(&format!("beside {taker}"), "true");
            let take = SampleCommit::on(&loaded).take_once("state");
            let store = Arc::clone(&trial.store);
            async move {
                let written = answered(store.commit(write.build()).await);
                assert!(matches!(written, Outcome::Applied { .. }), "{written:?}");
                answered(store.commit(take.build()).await)
            }
        });
        let outcomes = trial.race(takers.collect());
        let winners = outcomes
            .iter()
            .filter(|outcome| matches!(outcome, Outcome::Applied { .. }));
        assert_eq!(winners.count(), 1, "{outcomes:?}");
        for outcome in &outcomes {
            match outcome {
                Outcome::Applied { record, .. } | Outcome::ValueChanged { record } => {
                    assert_eq!(record.data.get("state"), None);
                }
                other => panic!("{other:?}"),
            }
        }
        let record = trial.load(loaded.handle);
        let kept = record.map_or(0, |record| record.data.iter().count());
        assert_eq!(kept, WRITERS as usize, "a write beside was lost");
    }
}

/// Each of a thousand values goes to one of the requests that take it at the same time.
pub fn a_thousand_values_are_taken_once_each<H: Harness>() {
    const VALUES: u32 = 1_000;
    const AT_ONCE: u32 = 10;
    const TAKERS: usize = 4;
    let trial = Trial::<H>::new();
    for first in (0..VALUES).step_by(AT_ONCE as usize) {
        let keep = |n| trial.keep(trial.sample(n).insert("state", "\"x\""));
        let records: Vec<_> = (first..first + AT_ONCE).map(keep).collect();
        let takers = records.iter().flat_map(|record| {
            (0..TAKERS).map(|_| {
                let commit = SampleCommit::on(record).take_once("state").build();
                let store = Arc::clone(&trial.store);
                async move { answered(store.commit(commit).await) }
            })
        });
        for of_value in trial.race(takers.collect()).chunks(TAKERS) {
            let won = |outcome: &&Outcome| matches!(outcome, Outcome::Applied { .. });
            let lost = |outcome: &&Outcome| matches!(outcome, Outcome::ValueChanged { .. });
            assert_eq!(of_value.iter().filter(won).count(), 1, "{of_value:?}");
            assert_eq!(of_value.iter().filter(lost).count(), TAKERS - 1, "{of_value:?}");
        }
    }
}

/// The latest use counts, in whatever order the uses are committed.
pub fn the_latest_use_decides_the_idle_deadline<H: Harness>() {
    let trial = Trial::<H>::new();
    for round in 0..trial.harness.rounds() {
        let record = trial.keep(trial.sample(round).idle_deadline(trial.now + MINUTE));
        let uses = (1..=WRITERS).map(|used| {
            let (store, record) = (Arc::clone(&trial.store), Arc::clone(&record));
            let deadline = trial.now + (used + 1) * MINUTE;
            async move {
                let commit = SampleCommit::on(&record).idle_deadline(deadline);
                answered(store.commit(commit.build()).await);
            }
        });
        trial.race(uses.collect());
        let latest = trial.now + (WRITERS + 1) * MINUTE;
        let deadline = trial
            .load(record.handle)
            .map(|record| record.idle_deadline);
        assert_eq!(deadline, Some(latest));
    }
}

//! Races between a request that extends a session and one that finds it expired, by its own clock.

use std::num::NonZeroU32;
use std::sync::Arc;

use super::Harness;
use super::trial::{MINUTE, Trial, answered, principal};
use crate::record::Record;
use crate::store::{Admission, Outcome, SessionStore};
use crate::test_util::SampleCommit;

const LOADS: u32 = 4;
const SESSIONS: u32 = 4;

/// A request uses a session in its last moment, while others find it expired: either it ended, and
/// the use found nothing, or the use was first, and the session stays.
pub fn a_session_that_is_extended_while_it_is_found_expired_stays<H: Harness>() {
    let trial = Trial::<H>::new();
    let deadline = trial.now + MINUTE;
    for round in 0..trial.harness.rounds() {
        let record = trial.keep(trial.sample(round).idle_deadline(deadline));
        let tasks = (0..=LOADS).map(|task| {
            let (store, record) = (Arc::clone(&trial.store), Arc::clone(&record));
            async move {
                if task == 0 {
                    return extend(&*store, &record).await;
                }
                answered(store.load(record.handle, deadline).await);
                None
            }
        });
        let extended = trial.race(tasks.collect());
        let extended = extended.into_iter().flatten().next();
        assert_eq!(trial.load_at(record.handle, deadline), extended);
    }
}

/// A request uses a session in its last moment, while its principal signs in elsewhere under a
/// limit, by a clock for which it has expired: either it ended, or it is still listed, so that
/// `revoke` finds it.
pub fn a_session_that_is_extended_during_a_sign_in_stays_listed<H: Harness>() {
    let trial = Trial::<H>::new();
    let deadline = trial.now + MINUTE;
    let limit = Admission::at_most(NonZeroU32::MIN.saturating_add(SESSIONS));
    let alice = principal("alice");
    for round in 0..trial.harness.rounds() {
        let sample = |n| trial.sample(100 * round + n).principal("alice");
        let due: Vec<_> = (0..SESSIONS)
            .map(|n| trial.keep(sample(n).idle_deadline(deadline)))
            .collect();
        // With these, there is no room for one more unless the others have expired.
        trial.keep(sample(SESSIONS));
        let tasks = (0..2 * SESSIONS).map(|task| {
            let store = Arc::clone(&trial.store);
            let due = due.get(task as usize).cloned();
            let next = sample(50 + task).build();
            async move {
                match due {
                    Some(record) => extend(&*store, &record).await,
                    None => {
                        answered(store.create(next, Some(limit), deadline).await);
                        None
                    }
                }
            }
        });
        trial.race(tasks.collect());
        let live: Vec<_> = due
            .iter()
            .filter_map(|record| trial.load_at(record.handle, deadline))
            .collect();
        let revoked = trial.revoke(&alice);
        for record in live {
            assert!(revoked.contains(&record.handle), "revoke misses {record:?}");
        }
    }
}

/// Uses a session. Returns the record that came of it, unless the session has ended.
async fn extend(store: &impl SessionStore, record: &Record) -> Option<Arc<Record>> {
    let use_it = SampleCommit::on(record).idle_deadline(record.idle_deadline + 2 * MINUTE);
    match answered(store.commit(use_it.build()).await) {
        Outcome::Applied { record, .. } => Some(record),
        Outcome::Gone => None,
        other => panic!("neither gone nor extended: {other:?}"),
    }
}

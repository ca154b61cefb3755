//! Races for the last place under a limit.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use super::Harness;
use super::race::yield_once;
use super::trial::{Trial, answered, principal};
use crate::handle::Handle;
use crate::store::{Admission, Creation, OnLimit, Outcome, Page, SessionStore, StoreErrorKind};
use crate::test_util::SampleCommit;

const TASKS: u32 = 20;
const TURNS: u32 = 50;
const LIMIT: NonZeroU32 = NonZeroU32::MIN.saturating_add(4);

/// A thousand concurrent sign-ins, half of them in existing sessions, never leave more sessions
/// than the limit if the oldest is evicted; each ended session is reported once.
pub fn a_thousand_sign_ins_never_leave_more_than_the_limit<H: Harness>() {
    race_for_places::<H>(OnLimit::EvictOldest, |tally| {
        let mut evicted = tally.evicted;
        evicted.sort_unstable();
        evicted.dedup();
        assert_eq!(tally.refused, 0);
        assert_eq!(tally.remaining.len(), LIMIT.get() as usize);
        assert_eq!(evicted.len() + tally.remaining.len(), (TASKS * TURNS) as usize);
        assert!(tally.remaining.iter().all(|handle| !evicted.contains(handle)));
    });
}

/// A thousand concurrent sign-ins never leave more sessions than the limit if the policy refuses;
/// the first sessions keep their places.
pub fn a_thousand_sign_ins_are_refused_beyond_the_limit<H: Harness>() {
    race_for_places::<H>(OnLimit::Refuse, |tally| {
        assert_eq!(tally.evicted, []);
        assert_eq!(tally.remaining.len(), LIMIT.get() as usize);
        assert_eq!(tally.refused, TASKS * TURNS - LIMIT.get());
    });
}

/// Concurrent creations never take more places than there are. (Stores that can be bounded.)
pub fn creations_never_take_more_places_than_there_are<H: Harness>() {
    let Some(trial) = Trial::<H>::bounded(LIMIT.get() as usize) else {
        return;
    };
    for round in 0..trial.harness.rounds() {
        let creations = (0..TASKS).map(|task| {
            let store = Arc::clone(&trial.store);
            let record = trial.sample(TASKS * round + task).build();
            async move {
                let now = record.created_at;
                match store.create(Arc::clone(&record), None, now).await {
                    Ok(Creation::Created { .. }) => Some(record),
                    Err(error) if error.kind() == StoreErrorKind::Full => None,
                    other => panic!("neither created nor full: {other:?}"),
                }
            }
        });
        let created: Vec<_> = trial.race(creations.collect());
        let created: Vec<_> = created.into_iter().flatten().collect();
        assert_eq!(created.len(), LIMIT.get() as usize);
        for record in created {
            trial.assert_active(&record);
            assert!(trial.remove(record.handle));
        }
    }
}

/// The outcome of the sign-ins.
struct Tally {
    remaining: Vec<Handle>,
    evicted: Vec<Handle>,
    refused: u32,
}

fn race_for_places<H: Harness>(on_limit: OnLimit, check: impl Fn(Tally)) {
    // Each race consists of a thousand races already.
    for _ in 0..H::default().rounds().div_ceil(10) {
        check(race_once(&Trial::<H>::new(), on_limit));
    }
}

fn race_once<H: Harness>(trial: &Trial<H>, on_limit: OnLimit) -> Tally {
    let alice = principal("alice");
    let admission = Admission::at_most(LIMIT).on_limit(on_limit);
    // Odd numbers sign in within an existing session, even ones create a session.
    let anonymous = (0..TASKS * TURNS).filter(|n| n % 2 == 1);
    for n in anonymous {
        trial.keep(trial.sample(n));
    }
    let signing_in = Arc::new(AtomicU32::new(TASKS));
    let requests = (0..TASKS).map(|task| {
        let (store, signing_in) = (Arc::clone(&trial.store), Arc::clone(&signing_in));
        let samples = (0..TURNS).map(|turn| trial.sample(TURNS * task + turn));
        let samples: Vec<_> = (task * TURNS..).zip(samples).collect();
        async move {
            let (mut all_evicted, mut refused) = (Vec::new(), 0);
            for (n, sample) in samples {
                let evicted = if n % 2 == 1 {
                    let commit = SampleCommit::on(&sample.build()).sign_in("alice");
                    match answered(store.commit(commit.admission(admission).build()).await) {
                        Outcome::Applied { evicted, .. } => Some(evicted),
                        Outcome::LimitReached => None,
                        other => panic!("neither signed in nor refused: {other:?}"),
                    }
                } else {
                    let record = sample.principal("alice").build();
                    let now = record.created_at;
                    match answered(store.create(record, Some(admission), now).await) {
                        Creation::Created { evicted } => Some(evicted),
                        Creation::LimitReached => None,
                        Creation::Exists => panic!("the handle was taken"),
                    }
                };
                match evicted {
                    Some(evicted) => all_evicted.extend(evicted),
                    None => refused += 1,
                }
            }
            signing_in.fetch_sub(1, Ordering::AcqRel);
            (all_evicted, refused)
        }
    });
    // One more task watches while the others sign in.
    let watch = {
        let (store, signing_in) = (Arc::clone(&trial.store), Arc::clone(&signing_in));
        let (alice, now) = (alice.clone(), trial.now);
        let lists_moments = trial.harness.lists_moments();
        async move {
            let count = async || {
                let live = answered(store.sessions(&alice, &Page::default(), now).await);
                live.sessions().len()
            };
            let most = LIMIT.get() as usize;
            while signing_in.load(Ordering::Acquire) > 0 {
                let mut live = count().await;
                if live > most && !lists_moments {
                    live = count().await;
                }
                assert!(live <= most, "{live} sessions at the same time");
                yield_once().await;
            }
            (Vec::new(), 0)
        }
    };
    let tasks: Vec<_> = requests.map(boxed).chain([boxed(watch)]).collect();
    let (mut evicted, mut refused) = (Vec::new(), 0);
    for (task_evicted, task_refused) in trial.race(tasks) {
        evicted.extend(task_evicted);
        refused += task_refused;
    }
    let remaining = trial.list(&alice);
    for handle in &remaining {
        assert!(trial.load(*handle).is_some(), "listed, but it does not load");
    }
    Tally {
        remaining,
        evicted,
        refused,
    }
}

type Boxed<T> = std::pin::Pin<Box<dyn Future<Output = T> + Send>>;

fn boxed<T>(task: impl Future<Output = T> + Send + 'static) -> Boxed<T> {
    Box::pin(task)
}

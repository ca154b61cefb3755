//! A limit on sessions holds in every race.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use certsession_core::test_util::{SampleCommit, SampleRecord};
use certsession_core::{Admission, Creation, Handle, OnLimit, Outcome, Record};
use loom::thread::JoinHandle;

use crate::support::{Model, NOW, explore, principal, sample};

const ONE: Admission = Admission::at_most(NonZeroU32::MIN);

/// The sessions that ended for a sign-in; `None` if the sign-in was refused.
type Evicted = Option<Vec<Handle>>;

/// A sample that is later for a higher number, so that the oldest session is known.
fn at(number: u32) -> SampleRecord {
    SampleRecord::new(number).created_at(NOW + Duration::from_secs(number.into()))
}

fn creation(model: &Model, number: u32, admission: Admission) -> JoinHandle<Evicted> {
    let record = at(number).principal("alice").build();
    model.spawn(move |model| match model.create(&record, Some(admission)) {
        Creation::Created { evicted } => Some(evicted),
        Creation::LimitReached => None,
        other => panic!("{other:?}"),
    })
}

fn sign_in(model: &Model, anonymous: &Arc<Record>, admission: Admission) -> JoinHandle<Evicted> {
    let commit = SampleCommit::on(anonymous).sign_in("alice");
    let commit = commit.admission(admission);
    model.spawn(move |model| match model.commit(commit) {
        Outcome::Applied { evicted, .. } => Some(evicted),
        Outcome::LimitReached => None,
        other => panic!("{other:?}"),
    })
}

#[test]
fn a_creation_and_a_sign_in_never_leave_more_than_one_session() {
    explore("limit of one, the oldest ends", || {
        let model = Model::new();
        let anonymous = model.keep(at(1));
        let tasks = [creation(&model, 2, ONE), sign_in(&model, &anonymous, ONE)];
        // A concurrent reader sees no more sessions than the limit.
        assert!(model.sessions(&principal("alice")).len() <= 1);
        check_evictions(&model, tasks, &[1, 2]);
    });
}

#[test]
fn two_creations_at_a_full_limit_each_end_one_session() {
    explore("limit of one, two more", || {
        let model = Model::new();
        model.keep(at(1).principal("alice"));
        let tasks = [creation(&model, 2, ONE), creation(&model, 3, ONE)];
        check_evictions(&model, tasks, &[1, 2, 3]);
    });
}

/// Asserts that one session remains and that every other one was reported as evicted once.
fn check_evictions<const N: usize>(model: &Model, tasks: [JoinHandle<Evicted>; N], all: &[u32]) {
    let mut evicted = tasks.map(|task| task.join().unwrap().unwrap()).concat();
    let remaining = model.sessions(&principal("alice"));
    assert_eq!(remaining.len(), 1);
    assert_eq!(model.0.len(), 1);
    evicted.extend(remaining);
    evicted.sort_unstable();
    let all: Vec<_> = all.iter().map(|n| at(*n).build().handle()).collect();
    assert_eq!(evicted, all);
    model.audit();
}

#[test]
fn where_the_limit_refuses_one_of_three_gets_the_place() {
    explore("limit of one, refused", || {
        let refuse = ONE.on_limit(OnLimit::Refuse);
        let model = Model::new();
        let anonymous = model.keep(at(1));
        let tasks = [
            creation(&model, 2, refuse),
            creation(&model, 3, refuse),
            sign_in(&model, &anonymous, refuse),
        ];
        let evicted = tasks.map(|task| task.join().unwrap());
        assert_eq!(evicted.iter().flatten().count(), 1);
        assert!(evicted.iter().flatten().all(Vec::is_empty));
        assert_eq!(model.sessions(&principal("alice")).len(), 1);
        model.audit();
    });
}

#[test]
fn a_session_that_is_evicted_while_it_ends_is_reported_once() {
    explore("eviction and end", || {
        let model = Model::new();
        let oldest = model.keep(sample(1).principal("alice"));
        let handle = oldest.handle();
        let next = creation(&model, 2, ONE);
        let end = model.spawn(move |model| model.remove(handle));
        let write = SampleCommit::on(&oldest).insert("late", "1");
        let writer = model.spawn(move |model| model.commit(write));
        let evicted = next.join().unwrap().unwrap();
        let ended = end.join().unwrap();
        writer.join().unwrap();
        assert_eq!(evicted.len() + usize::from(ended), 1);
        assert_eq!(model.load(handle), None);
        assert_eq!(model.0.len(), 1);
        model.audit();
    });
}

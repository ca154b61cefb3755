//! A limit holds whatever runs beside it.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use certsession_core::test_util::{SampleCommit, SampleRecord};
use certsession_core::{Admission, Creation, Handle, OnLimit, Outcome, Record};
use loom::thread::JoinHandle;

use crate::support::{Model, NOW, explore, principal, sample};

const ONE: Admission = Admission::at_most(NonZeroU32::MIN);

/// What a sign-in was told: which sessions ended for it; `None` if it was refused.
type Told = Option<Vec<Handle>>;

/// A later one for each number, so that it is certain which session is the oldest.
fn at(number: u32) -> SampleRecord {
    SampleRecord::new(number).created_at(NOW + Duration::from_secs(number.into()))
}

fn creation(model: &Model, number: u32, admission: Admission) -> JoinHandle<Told> {
    let record = at(number).principal("alice").build();
    model.spawn(move |model| match model.create(&record, Some(admission)) {
        Creation::Created { evicted } => Some(evicted),
        Creation::LimitReached => None,
        other => panic!("{other:?}"),
    })
}

fn sign_in(model: &Model, anonymous: &Arc<Record>, admission: Admission) -> JoinHandle<Told> {
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
        // Whoever looks meanwhile sees no more than the limit.
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

/// Each session is left or was told to have ended, once; and one is left.
fn check_evictions<const N: usize>(model: &Model, tasks: [JoinHandle<Told>; N], all: &[u32]) {
    let mut told = tasks.map(|task| task.join().unwrap().unwrap()).concat();
    let left = model.sessions(&principal("alice"));
    assert_eq!(left.len(), 1);
    assert_eq!(model.0.len(), 1);
    told.extend(left);
    told.sort_unstable();
    let all: Vec<_> = all.iter().map(|n| at(*n).build().handle()).collect();
    assert_eq!(told, all);
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
        let told = tasks.map(|task| task.join().unwrap());
        assert_eq!(told.iter().flatten().count(), 1);
        assert!(told.iter().flatten().all(Vec::is_empty));
        assert_eq!(model.sessions(&principal("alice")).len(), 1);
        model.audit();
    });
}

#[test]
fn a_session_that_is_evicted_while_it_ends_is_told_once() {
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

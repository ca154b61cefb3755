//! Calls that are lost on the way, refused, or answered too late.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use certsession_core::test_util::{SampleCommit, SampleRecord};
use certsession_core::{
    Admission, Creation, Outcome, Owner, Page, Record, SessionStore, StoreError, StoreErrorKind,
};
use certsession_firestore::FirestoreStore;
use certsession_tests::firestore::{CallProxy, Emulator, Fault, new_collection, shared, url};
use certsession_tests::stores::{firestore_settings, open_firestore};

/// A store behind a proxy, and one that looks at the same collection past it.
struct Trial {
    proxy: CallProxy,
    store: FirestoreStore,
    beside: FirestoreStore,
}

const TIMEOUT: Duration = Duration::from_millis(1500);
const CUTS: [Fault; 2] = [Fault::CutBefore, Fault::CutAfter];

impl Trial {
    async fn start() -> Self {
        let proxy = CallProxy::before(shared());
        let collection = new_collection();
        let settings = firestore_settings(&url(proxy.port(), &collection));
        let store = settings.timeout(TIMEOUT).connect().await.unwrap();
        let beside = open_firestore(&url(shared(), &collection)).await;
        // What is slow the first time is not what is tested here.
        let warm = SampleRecord::new(u32::MAX).build();
        let now = warm.created_at();
        beside.create(Arc::clone(&warm), None, now).await.unwrap();
        beside
            .revoke(&Owner::bound_to(warm.binding().unwrap()))
            .await
            .unwrap();
        proxy.take_calls();
        Self {
            proxy,
            store,
            beside,
        }
    }

    async fn create(&self, number: u32) -> Result<Arc<Record>, StoreError> {
        let record = SampleRecord::new(number).principal("alice").build();
        let now = record.created_at();
        let created = self.store.create(Arc::clone(&record), None, now).await?;
        assert_eq!(created, Creation::Created { evicted: vec![] });
        Ok(record)
    }

    /// As it is, seen past the proxy.
    async fn seen(&self, record: &Record) -> Option<Arc<Record>> {
        let loaded = self.beside.load(record.handle(), record.created_at()).await;
        loaded.unwrap()
    }
}

fn is_unavailable<T>(result: &Result<T, StoreError>) -> bool {
    matches!(result, Err(error) if error.kind() == StoreErrorKind::Unavailable)
}

fn alice() -> Owner {
    Owner::principal("alice").unwrap()
}

#[tokio::test]
async fn a_read_that_is_lost_is_sent_again() {
    let trial = Trial::start().await;
    let record = trial.create(1).await.unwrap();
    for cut in CUTS {
        trial.proxy.fail_next("BatchGetDocuments", cut.clone());
        let loaded = trial.store.load(record.handle(), record.created_at()).await;
        assert_eq!(loaded.unwrap(), Some(Arc::clone(&record)));
        trial.proxy.fail_next("RunQuery", cut);
        let (page, now) = (Page::default(), record.created_at());
        let listed = trial.store.sessions(&alice(), &page, now).await;
        assert_eq!(listed.unwrap().sessions(), [(&*record).into()]);
    }
}

#[tokio::test]
async fn a_creation_is_sent_once_and_its_outcome_is_read() {
    let trial = Trial::start().await;
    trial.proxy.fail_next("Commit", Fault::CutAfter);
    trial.proxy.take_calls();
    let kept = trial.create(1).await.unwrap();
    let commits = |calls: Vec<String>| calls.iter().filter(|call| *call == "Commit").count();
    assert_eq!(commits(trial.proxy.take_calls()), 1);
    assert_eq!(trial.seen(&kept).await, Some(kept));

    trial.proxy.fail_next("Commit", Fault::CutBefore);
    assert!(is_unavailable(&trial.create(2).await));
    assert_eq!(commits(trial.proxy.take_calls()), 1);
    let lost = SampleRecord::new(2).build();
    assert_eq!(trial.seen(&lost).await, None);
}

#[tokio::test]
async fn p4_a_creation_whose_answer_is_lost_does_not_bring_a_revoked_session_back() {
    let trial = Trial::start().await;
    trial.proxy.fail_next("Commit", Fault::Late(2 * TIMEOUT));
    trial.proxy.take_calls();
    let revokes = async {
        loop {
            let ended = trial.beside.revoke(&alice()).await.unwrap();
            if !ended.is_empty() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    let (created, ()) = tokio::join!(trial.create(1), revokes);
    assert!(is_unavailable(&created));
    assert_eq!(trial.proxy.take_calls(), ["Commit", "BatchGetDocuments"]);
    tokio::time::sleep(2 * TIMEOUT).await;
    assert_eq!(trial.seen(&SampleRecord::new(1).build()).await, None);
}

#[tokio::test]
async fn a_write_that_is_lost_is_applied_once() {
    let trial = Trial::start().await;
    let created = trial.create(1).await.unwrap();
    for (turn, cut) in CUTS.into_iter().enumerate() {
        let loaded = trial
            .store
            .load(created.handle(), created.created_at())
            .await;
        let loaded = loaded.unwrap().unwrap();
        let key = turn.to_string();
        let commit = SampleCommit::on(&loaded).insert(&key, "1");
        trial.proxy.fail_next("Commit", cut.clone());
        let outcome = trial.store.commit(commit.build()).await.unwrap();
        let Outcome::Applied { record, .. } = outcome else {
            panic!("{cut:?}: {outcome:?}");
        };
        assert_eq!(trial.seen(&created).await, Some(record));

        // By a sign-in and under a limit, too.
        let loaded = trial
            .store
            .load(created.handle(), created.created_at())
            .await;
        let sign_in = SampleCommit::on(&loaded.unwrap().unwrap()).sign_in("alice");
        let limit = Admission::at_most(NonZeroU32::new(2).unwrap());
        trial.proxy.fail_next("Commit", cut.clone());
        let signed_in = trial.store.commit(sign_in.admission(limit).build()).await;
        let Outcome::Applied {
            record, evicted, ..
        } = signed_in.unwrap()
        else {
            panic!("{cut:?}");
        };
        assert_eq!(evicted, []);
        assert_eq!(trial.seen(&created).await, Some(record));
    }
}

#[tokio::test]
async fn a_write_that_was_overtaken_after_its_answer_was_lost_is_an_error_and_undoes_nothing() {
    let trial = Trial::start().await;
    let created = trial.create(1).await.unwrap();
    let loaded = trial
        .store
        .load(created.handle(), created.created_at())
        .await;
    let loaded = loaded.unwrap().unwrap();
    // The first attempt is taken, and its answer lost. The second finds no connection for a while.
    trial.proxy.fail_next("Commit", Fault::CutAfter);
    trial.proxy.fail_next("Commit", Fault::Status(8, "busy"));
    trial.proxy.fail_next("Commit", Fault::Status(8, "busy"));
    let commit = SampleCommit::on(&loaded).insert("a", "\"ours\"").build();
    let overtakes = async {
        loop {
            let seen = trial.seen(&created).await.unwrap();
            if seen.data().get("a").is_some() {
                let commit = SampleCommit::on(&seen).insert("a", "\"theirs\"");
                return trial.beside.commit(commit.build()).await.unwrap();
            }
        }
    };
    let (outcome, _) = tokio::join!(trial.store.commit(commit), overtakes);
    // Either it was seen to have been applied in time, or no one knows.
    assert!(
        is_unavailable(&outcome) || matches!(outcome, Ok(Outcome::Applied { .. })),
        "{outcome:?}"
    );
    let seen = trial.seen(&created).await.unwrap();
    assert_eq!(seen.data().get("a"), Some(&b"\"theirs\""[..]));
}

#[tokio::test]
async fn an_end_that_is_lost_is_sent_again_and_told() {
    let trial = Trial::start().await;
    for (n, cut) in CUTS.into_iter().enumerate() {
        let record = trial.create(n as u32).await.unwrap();
        trial.proxy.fail_next("Commit", cut.clone());
        assert!(
            trial.store.remove(record.handle()).await.unwrap(),
            "{cut:?}"
        );
        assert_eq!(trial.seen(&record).await, None);
        assert!(!trial.store.remove(record.handle()).await.unwrap());
    }
}

#[tokio::test]
async fn revoking_all_goes_on_where_calls_are_lost_and_tells_each_once() {
    let trial = Trial::start().await;
    for method in ["RunQuery", "BatchWrite"] {
        for cut in CUTS {
            let mut all = Vec::new();
            for n in 0..5 {
                all.push(trial.create(n).await.unwrap().handle());
            }
            trial.proxy.fail_next(method, cut.clone());
            let mut ended = trial.store.revoke(&alice()).await.unwrap();
            ended.sort_unstable();
            assert_eq!(ended, all, "{method} {cut:?}");
            let alice = alice();
            let (page, never) = (Page::default(), certsession_core::Timestamp::MAX);
            let left = trial.beside.sessions(&alice, &page, never);
            assert_eq!(left.await.unwrap().sessions(), []);
        }
    }
}

#[tokio::test]
async fn what_the_database_refuses_for_now_is_asked_for_again() {
    let trial = Trial::start().await;
    for code in [10, 8, 14] {
        for _ in 0..2 {
            trial
                .proxy
                .fail_next("Commit", Fault::Status(code, "contention"));
        }
        let created = trial.create(u32::from(code)).await;
        // UNAVAILABLE does not say whether it was taken.
        assert_eq!(created.is_ok(), code != 14, "{code}: {created:?}");
    }
}

#[tokio::test]
async fn what_is_refused_for_good_is_an_error_at_once() {
    let trial = Trial::start().await;
    let record = trial.create(1).await.unwrap();
    trial
        .proxy
        .judge(|_| Some(Fault::Status(7, "no permission")));
    trial.proxy.take_calls();
    let loaded = trial.store.load(record.handle(), record.created_at()).await;
    assert!(is_unavailable(&loaded), "{loaded:?}");
    assert_eq!(trial.proxy.take_calls().len(), 1);
    // A missing database is not a missing session.
    trial
        .proxy
        .judge(|_| Some(Fault::Status(5, "The database (default) does not exist")));
    let loaded = trial.store.load(record.handle(), record.created_at()).await;
    assert!(loaded.is_err(), "{loaded:?}");
}

#[tokio::test]
async fn an_answer_that_does_not_come_is_asked_for_again_on_another_connection() {
    let trial = Trial::start().await;
    let record = trial.create(1).await.unwrap();
    for lost in [Fault::Late(2 * TIMEOUT), Fault::Silent] {
        trial.proxy.fail_next("BatchGetDocuments", lost.clone());
        let before = trial.proxy.connections();
        let loaded = trial.store.load(record.handle(), record.created_at()).await;
        assert_eq!(loaded.unwrap(), Some(Arc::clone(&record)), "{lost:?}");
        assert_eq!(trial.proxy.connections(), before + 1);

        trial.proxy.fail_next("RunQuery", lost);
        let (page, now) = (Page::default(), record.created_at());
        let listed = trial.store.sessions(&alice(), &page, now).await;
        assert_eq!(listed.unwrap().sessions(), [(&*record).into()]);
        assert_eq!(trial.proxy.connections(), before + 2);
    }
}

#[tokio::test]
async fn a_write_whose_answer_does_not_come_is_applied_once() {
    let trial = Trial::start().await;
    let created = trial.create(1).await.unwrap();
    for (turn, lost) in [Fault::Late(2 * TIMEOUT), Fault::Silent]
        .into_iter()
        .enumerate()
    {
        let loaded = trial.seen(&created).await.unwrap();
        let commit = SampleCommit::on(&loaded).insert(&turn.to_string(), "1");
        trial.proxy.fail_next("Commit", lost.clone());
        let outcome = trial.store.commit(commit.build()).await.unwrap();
        let Outcome::Applied { record, .. } = outcome else {
            panic!("{lost:?}: {outcome:?}");
        };
        assert_eq!(trial.seen(&created).await, Some(record));
    }
}

#[tokio::test]
async fn a_creation_whose_connection_is_dead_does_not_take_the_next_call_with_it() {
    let trial = Trial::start().await;
    let record = trial.create(1).await.unwrap();
    trial.proxy.fail_next("Commit", Fault::Silent);
    trial.proxy.take_calls();
    assert!(is_unavailable(&trial.create(2).await));
    // It is not sent again, and what became of it is read on another connection.
    assert_eq!(trial.proxy.take_calls(), ["Commit", "BatchGetDocuments"]);
    let loaded = trial.store.load(record.handle(), record.created_at()).await;
    assert_eq!(loaded.unwrap(), Some(record));
}

#[tokio::test]
async fn an_answer_that_is_too_late_is_an_error_within_the_time_out() {
    let trial = Trial::start().await;
    let record = trial.create(1).await.unwrap();
    trial.proxy.judge(|_| Some(Fault::Late(3 * TIMEOUT)));
    let began = std::time::Instant::now();
    let loaded = trial.store.load(record.handle(), record.created_at()).await;
    assert!(is_unavailable(&loaded), "{loaded:?}");
    assert!(began.elapsed() < 2 * TIMEOUT, "{:?}", began.elapsed());
    trial.proxy.heal();
    let loaded = trial.store.load(record.handle(), record.created_at()).await;
    assert_eq!(loaded.unwrap(), Some(record));
}

#[tokio::test]
async fn an_emulator_that_stops_is_an_error_and_its_sessions_are_there_again_afterwards() {
    let emulator = Emulator::start();
    let url = url(emulator.port(), "sessions");
    // What is slow the first time is not what is tested here.
    let warm = open_firestore(&url).await;
    for number in 100..110 {
        let record = SampleRecord::new(number).build();
        let now = record.created_at();
        warm.create(record, None, now).await.unwrap();
    }
    let store = firestore_settings(&url)
        .timeout(TIMEOUT)
        .connect()
        .await
        .unwrap();
    let record = SampleRecord::new(1).build();
    let now = record.created_at();
    store.create(Arc::clone(&record), None, now).await.unwrap();

    emulator.pause();
    assert!(is_unavailable(&store.load(record.handle(), now).await));
    let write = SampleCommit::on(&record).insert("a", "1").build();
    assert!(is_unavailable(&store.commit(write).await));
    emulator.resume();
    let loaded = store.load(record.handle(), now).await.unwrap();
    assert!(loaded.is_some());

    emulator.kill();
    assert!(is_unavailable(&store.load(record.handle(), now).await));
    assert!(is_unavailable(&store.remove(record.handle()).await));
    // It has lost everything: no session is accepted, and none is made by a write.
    emulator.restart();
    let patient = open_firestore(&url).await;
    let absent = patient.load(record.handle(), now).await.unwrap();
    assert_eq!(absent, None);
    assert_eq!(store.load(record.handle(), now).await.unwrap(), None);
    let write = SampleCommit::on(&record).insert("a", "1").build();
    assert_eq!(store.commit(write).await.unwrap(), Outcome::Gone);
    let next = SampleRecord::new(2).build();
    let created = store.create(next, None, now).await.unwrap();
    assert_eq!(created, Creation::Created { evicted: vec![] });
}

//! The near cache: copies in the process that the server invalidates.

use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use certsession_core::test_util::{SampleCommit, SampleRecord};
use certsession_core::{Handle, Outcome, Record, SessionStore, Timestamp};
use certsession_redis::{ConnectError, RedisStore};
use certsession_tests::redis::{RedisServer, shared};
use certsession_tests::stores::new_prefix;
use futures_util::future::{FutureExt, join_all};
use tokio::runtime::Runtime;
use tokio::time::sleep;

use crate::harness::{LEAST, cluster, cluster_url, sentinel, sentinel_url, valkey};

/// Longer than any of these tests, so that a dropped copy was not just too old.
const FOR_EVER: Duration = Duration::from_secs(600);

/// How long a test waits for a notification: far shorter than a copy lives by itself, and long
/// enough on a busy machine.
const PATIENCE: Duration = Duration::from_secs(20);

async fn open(url: &str, prefix: &str, max_age: Duration) -> RedisStore {
    let settings = RedisStore::builder(url).unwrap().key_prefix(prefix);
    settings.near_cache(max_age).connect().await.unwrap()
}

async fn keep(store: &RedisStore, number: u32) -> Arc<Record> {
    let record = SampleRecord::new(number).principal("alice").build();
    let now = record.created_at();
    store.create(record.clone(), None, now).await.unwrap();
    record
}

async fn load(store: &RedisStore, record: &Record) -> Option<Arc<Record>> {
    let loaded = store.load(record.handle(), record.created_at()).await;
    loaded.unwrap()
}

fn copy(store: &RedisStore, record: &Record) -> Option<Arc<Record>> {
    store.near(record.handle(), record.created_at())
}

/// Creates a record and a copy of it.
async fn keep_and_copy(store: &RedisStore, number: u32) -> Arc<Record> {
    let record = keep(store, number).await;
    load(store, &record).await.unwrap();
    assert_eq!(copy(store, &record), Some(record.clone()));
    record
}

/// How long the copy was still used after the change.
async fn dropped_after(store: &RedisStore, record: &Record) -> Duration {
    let began = Instant::now();
    while copy(store, record).is_some() {
        assert!(began.elapsed() < PATIENCE, "the copy stays");
        sleep(Duration::from_millis(1)).await;
    }
    began.elapsed()
}

async fn write(store: &RedisStore, record: &Arc<Record>) -> Arc<Record> {
    let commit = SampleCommit::on(record).insert("cart", "[7]").build();
    match store.commit(commit).await.unwrap() {
        Outcome::Applied { record, .. } => record,
        other => panic!("{other:?}"),
    }
}

/// Asserts that each kind of change to a record on one node drops the copy on another.
async fn assert_invalidated(url: &str) {
    let prefix = new_prefix();
    let here = open(url, &prefix, FOR_EVER).await;
    let there = open(url, &prefix, FOR_EVER).await;
    for (number, end) in ["write", "remove", "revoke"].into_iter().enumerate() {
        let record = keep(&here, u32::try_from(number).unwrap()).await;
        assert_eq!(copy(&there, &record), None);
        load(&there, &record).await.unwrap();
        assert_eq!(copy(&there, &record), Some(record.clone()));
        match end {
            "write" => {
                let newer = write(&here, &record).await;
                dropped_after(&there, &record).await;
                assert_eq!(load(&there, &record).await, Some(newer.clone()));
                assert_eq!(copy(&there, &record), Some(newer));
                continue;
            }
            "remove" => assert!(here.remove(record.handle()).await.unwrap()),
            _ => drop(here.revoke(&alice()).await.unwrap()),
        }
        dropped_after(&there, &record).await;
        assert_eq!(load(&there, &record).await, None);
        assert_eq!(copy(&there, &record), None);
    }
}

fn alice() -> certsession_core::Owner {
    certsession_core::Owner::principal("alice").unwrap()
}

#[tokio::test]
async fn a_change_on_another_node_drops_the_copy() {
    assert_invalidated(&shared().url()).await;
}

#[tokio::test]
async fn a_change_on_another_node_drops_the_copy_on_valkey() {
    assert_invalidated(&valkey().url()).await;
}

#[tokio::test]
async fn a_change_on_another_node_drops_the_copy_with_sentinel() {
    assert_invalidated(&sentinel_url(sentinel())).await;
}

#[tokio::test]
async fn a_read_from_a_copy_sends_no_command() {
    let server = RedisServer::start();
    let store = open(&server.url(), "cs:", FOR_EVER).await;
    let record = keep_and_copy(&store, 1).await;
    let before = server.commandstats();
    for _ in 0..100 {
        assert!(copy(&store, &record).is_some());
    }
    let commands = server.commands_since(&before);
    assert!(!commands.contains_key("get"), "{commands:?}");
}

/// The race that loses invalidations if the requesting task keeps the reply: the session ends after
/// the server's reply and before the task runs.
#[tokio::test]
async fn p4_no_session_that_ends_while_it_is_read_stays_in_a_copy() {
    const SESSIONS: u32 = 5_000;
    let prefix = new_prefix();
    let url = shared().url();
    let here = open(&url, &prefix, FOR_EVER).await;
    let there = Arc::new(open(&url, &prefix, FOR_EVER).await);
    let now = SampleRecord::new(0).build().created_at();
    let mut kept = 0;
    for first in (0..SESSIONS).step_by(100) {
        let records = join_all((first..first + 100).map(|number| keep(&here, number))).await;
        let race = records.iter().enumerate().map(|(place, record)| {
            let (here, there, handle) = (&here, Arc::clone(&there), record.handle());
            async move {
                let reader = tokio::spawn(read_and_look(there, handle, now));
                // The ends happen before, during and after the reads.
                for _ in 0..place % 5 {
                    tokio::task::yield_now().await;
                }
                assert!(here.remove(handle).await.unwrap());
                reader.await.unwrap()
            }
        });
        kept += join_all(race)
            .await
            .into_iter()
            .filter(|kept| *kept)
            .count();
        let stay = async || {
            let stays = |record: &&Arc<Record>| there.near(record.handle(), now).is_some();
            records.iter().filter(stays).count()
        };
        let began = Instant::now();
        while stay().await > 0 && began.elapsed() < PATIENCE {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(stay().await, 0, "sessions that have ended are still served");
    }
    // Otherwise there was no race.
    assert!(kept > 0, "no copy was ever kept");
    eprintln!("{kept} of {SESSIONS} copies were kept for a moment");
}

/// The same race within one connection. Some of the requests that change a session are given up at
/// some point, and their command may have been sent or not.
#[tokio::test]
async fn p4_no_copy_outlives_a_change_over_its_own_connection() {
    const SESSIONS: u32 = 3_000;
    let prefix = new_prefix();
    let store = Arc::new(open(&shared().url(), &prefix, FOR_EVER).await);
    let direct = RedisStore::builder(&shared().url()).unwrap();
    let direct = direct.key_prefix(&prefix).connect().await.unwrap();
    let (mut changed, mut unchanged) = (0, 0);
    for first in (0..SESSIONS).step_by(100) {
        let records = join_all((first..first + 100).map(|number| keep(&store, number))).await;
        let now = records[0].created_at();
        let race = records.iter().enumerate().map(|(place, record)| {
            let (store, handle) = (Arc::clone(&store), record.handle());
            async move {
                let readers: Vec<_> = (0..3)
                    .map(|_| tokio::spawn(read_and_look(Arc::clone(&store), handle, now)))
                    .collect();
                for _ in 0..place % 4 {
                    tokio::task::yield_now().await;
                }
                change_until_given_up(&store, record, place).await;
                let late = tokio::spawn(read_and_look(store, handle, now));
                for reader in readers.into_iter().chain([late]) {
                    reader.await.unwrap();
                }
            }
        });
        join_all(race).await;
        // The commands that were sent before this one have been executed.
        load(&store, &records[0]).await;
        for record in &records {
            let kept = load(&direct, record).await;
            match kept.as_ref() == Some(record) {
                true => unchanged += 1,
                false => changed += 1,
            }
            if let Some(copy) = copy(&store, record) {
                assert_eq!(Some(copy), kept, "the copy is not what the server has");
            }
        }
    }
    // Otherwise there was no race.
    assert!(changed > 0 && unchanged > 0, "{changed} {unchanged}");
    eprintln!("{changed} of {SESSIONS} sessions were changed");
}

/// Writes to a session or ends it; most such requests are given up before they have an answer.
async fn change_until_given_up(store: &RedisStore, record: &Arc<Record>, place: usize) {
    let change = async {
        match place % 2 {
            0 => drop(write(store, record).await),
            _ => drop(store.remove(record.handle()).await),
        }
    };
    let given_up = async {
        for _ in 0..place % 7 {
            tokio::task::yield_now().await;
        }
        if place % 7 == 6 {
            std::future::pending::<()>().await;
        }
    };
    tokio::select! {
        biased;
        () = change => {}
        () = given_up => {}
    }
}

/// Whether there was a copy after the reply.
async fn read_and_look(store: Arc<RedisStore>, handle: Handle, now: Timestamp) -> bool {
    let _ = store.load(handle, now).await.unwrap();
    store.near(handle, now).is_some()
}

/// Two threads have two connections; one thread sees the other's changes at once. (Its runtime does
/// not run, so it cannot receive the notification by itself.)
#[test]
fn a_process_sees_its_own_changes_at_once_on_every_thread() {
    let here = runtime();
    let store = Arc::new(here.block_on(open(&shared().url(), &new_prefix(), FOR_EVER)));
    let (to_there, records) = mpsc::channel::<Arc<Record>>();
    let turn = Arc::new(Barrier::new(2));
    let reader = {
        let (store, turn) = (Arc::clone(&store), Arc::clone(&turn));
        thread::spawn(move || {
            let there = runtime();
            for record in records {
                there.block_on(load(&store, &record)).unwrap();
                assert!(copy(&store, &record).is_some());
                turn.wait();
                turn.wait();
                assert_eq!(copy(&store, &record), None);
            }
        })
    };
    for number in 0..100 {
        let record = here.block_on(keep(&store, number));
        to_there.send(record.clone()).unwrap();
        turn.wait();
        match number % 2 {
            0 => drop(here.block_on(write(&store, &record))),
            _ => drop(here.block_on(store.remove(record.handle()))),
        }
        turn.wait();
    }
    drop(to_there);
    reader.join().unwrap();
}

fn runtime() -> Runtime {
    let mut builder = tokio::runtime::Builder::new_current_thread();
    builder.enable_all().build().unwrap()
}

#[tokio::test]
async fn a_cancelled_change_leaves_no_copy() {
    let store = open(&shared().url(), &new_prefix(), FOR_EVER).await;
    let record = keep_and_copy(&store, 1).await;
    let commit = SampleCommit::on(&record).insert("cart", "[7]").build();
    let given_up = store.commit(commit).now_or_never();
    assert!(given_up.is_none(), "it must wait for the server");
    assert_eq!(copy(&store, &record), None);
}

#[tokio::test]
async fn a_lost_connection_drops_its_copies() {
    let server = RedisServer::start();
    let store = open(&server.url(), "cs:", FOR_EVER).await;
    let record = keep_and_copy(&store, 1).await;
    server.kill();
    dropped_after(&store, &record).await;
    server.restart();
    // The server has lost all data, and the read goes to the server.
    assert_eq!(load(&store, &record).await, None);
}

#[tokio::test]
async fn copies_of_an_unresponsive_server_are_used_only_until_their_maximum_age() {
    // Longer than a busy machine keeps the test from looking at the copy, and far shorter than its
    // patience.
    const MAX_AGE: Duration = Duration::from_secs(2);
    let server = RedisServer::start();
    let store = open(&server.url(), "cs:", MAX_AGE).await;
    let record = keep(&store, 1).await;
    let began = Instant::now();
    load(&store, &record).await.unwrap();
    assert!(copy(&store, &record).is_some());
    server.pause();
    let took = dropped_after(&store, &record).await;
    server.resume();
    assert!(began.elapsed() >= MAX_AGE, "{took:?}");
}

#[tokio::test]
async fn emptying_the_server_drops_all_copies() {
    let server = RedisServer::start();
    let store = open(&server.url(), "cs:", FOR_EVER).await;
    let record = keep_and_copy(&store, 1).await;
    server.ask(&["FLUSHALL"]).unwrap();
    dropped_after(&store, &record).await;
    assert_eq!(load(&store, &record).await, None);
}

#[tokio::test]
async fn a_full_tracking_table_drops_copies_early_and_none_late() {
    let server = RedisServer::builder()
        .arguments(&["--tracking-table-max-keys", "10"])
        .start();
    let here = open(&server.url(), "cs:", FOR_EVER).await;
    let there = open(&server.url(), "cs:", FOR_EVER).await;
    let records = join_all((0..100).map(|number| keep(&here, number))).await;
    for record in &records {
        load(&there, record).await.unwrap();
    }
    for record in &records {
        here.remove(record.handle()).await.unwrap();
    }
    for record in &records {
        dropped_after(&there, record).await;
    }
}

#[tokio::test]
async fn a_near_cache_on_a_cluster_is_an_error() {
    let url = cluster_url(cluster());
    let settings = RedisStore::builder(&url).unwrap().near_cache(FOR_EVER);
    let error = settings.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::NoNearCache { .. }), "{error}");
    assert!(error.to_string().contains("do not set `near_cache`"));
}

#[tokio::test]
async fn a_user_needs_one_more_permission() {
    let server = RedisServer::builder()
        .tcp()
        .user(&format!(
            "least on >secret ~cs:* resetchannels &cs:ended {LEAST}"
        ))
        .user(&format!(
            "more on >secret ~cs:* resetchannels &cs:ended {LEAST} +client|tracking"
        ))
        .start();
    let connect = async |user| {
        let url = server.url_as(user, "secret");
        let settings = RedisStore::builder(&url).unwrap().near_cache(FOR_EVER);
        settings.connect().await
    };
    let error = connect("least").await.unwrap_err();
    assert!(
        matches!(error, ConnectError::NotPermitted { .. }),
        "{error}"
    );
    let store = connect("more").await.unwrap();
    keep_and_copy(&store, 1).await;
}

//! The near cache: copies in the process that the server keeps true.

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

/// Longer than any of these tests: what is dropped has not merely become too old.
const FOR_EVER: Duration = Duration::from_secs(600);

/// How long word of a change may take.
const AT_ONCE: Duration = Duration::from_secs(1);

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

/// A new record, of which there is a copy.
async fn keep_and_copy(store: &RedisStore, number: u32) -> Arc<Record> {
    let record = keep(store, number).await;
    load(store, &record).await.unwrap();
    assert_eq!(copy(store, &record), Some(record.clone()));
    record
}

/// How long the copy was still given away.
async fn dropped_after(store: &RedisStore, record: &Record) -> Duration {
    let began = Instant::now();
    while copy(store, record).is_some() {
        assert!(began.elapsed() < AT_ONCE, "the copy stays");
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

/// Whatever changes a record on one node drops the copy on another.
async fn assert_kept_true(url: &str) {
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
    assert_kept_true(&shared().url()).await;
}

#[tokio::test]
async fn a_change_on_another_node_drops_the_copy_on_valkey() {
    assert_kept_true(&valkey().url()).await;
}

#[tokio::test]
async fn a_change_on_another_node_drops_the_copy_under_sentinels() {
    assert_kept_true(&sentinel_url(sentinel())).await;
}

#[tokio::test]
async fn a_read_from_a_copy_asks_the_server_nothing() {
    let server = RedisServer::start();
    let store = open(&server.url(), "cs:", FOR_EVER).await;
    let record = keep_and_copy(&store, 1).await;
    let before = server.commandstats();
    for _ in 0..100 {
        assert!(copy(&store, &record).is_some());
    }
    let asked = server.commands_since(&before);
    assert!(!asked.contains_key("get"), "{asked:?}");
}

/// The race that loses invalidations where the answer is kept by whoever asked: the session ends
/// between the server's answer and that moment.
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
                // The ends fall before, into and after the reads.
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
        while stay().await > 0 && began.elapsed() < AT_ONCE {
            sleep(Duration::from_millis(1)).await;
        }
        assert_eq!(stay().await, 0, "sessions that have ended are still served");
    }
    // Otherwise nothing was raced for.
    assert!(kept > 0, "no copy was ever kept");
    eprintln!("{kept} of {SESSIONS} copies were kept for a moment");
}

/// Whether a copy was there after the answer.
async fn read_and_look(store: Arc<RedisStore>, handle: Handle, now: Timestamp) -> bool {
    let _ = store.load(handle, now).await.unwrap();
    store.near(handle, now).is_some()
}

/// Two threads have two connections; what one of them changes, the other sees at once. (Its runtime
/// stands still, so that it cannot hear of the change by itself.)
#[test]
fn what_this_process_changes_it_sees_at_once_on_every_thread() {
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
async fn a_change_that_is_given_up_half_way_leaves_no_copy() {
    let store = open(&shared().url(), &new_prefix(), FOR_EVER).await;
    let record = keep_and_copy(&store, 1).await;
    let commit = SampleCommit::on(&record).insert("cart", "[7]").build();
    let given_up = store.commit(commit).now_or_never();
    assert!(given_up.is_none(), "it waits for the server");
    assert_eq!(copy(&store, &record), None);
}

#[tokio::test]
async fn a_connection_that_is_lost_takes_its_copies_along() {
    let server = RedisServer::start();
    let store = open(&server.url(), "cs:", FOR_EVER).await;
    let record = keep_and_copy(&store, 1).await;
    server.kill();
    let took = dropped_after(&store, &record).await;
    assert!(took < Duration::from_millis(100), "{took:?}");
    server.restart();
    // The server has forgotten everything, and is asked.
    assert_eq!(load(&store, &record).await, None);
}

#[tokio::test]
async fn a_server_that_falls_silent_is_believed_no_longer_than_a_copy_may_be_old() {
    const MAX_AGE: Duration = Duration::from_millis(300);
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
async fn a_server_that_is_emptied_empties_the_copies() {
    let server = RedisServer::start();
    let store = open(&server.url(), "cs:", FOR_EVER).await;
    let record = keep_and_copy(&store, 1).await;
    server.ask(&["FLUSHALL"]).unwrap();
    dropped_after(&store, &record).await;
    assert_eq!(load(&store, &record).await, None);
}

#[tokio::test]
async fn a_server_that_remembers_too_little_drops_copies_early_and_none_late() {
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
async fn a_cluster_has_no_near_cache_and_says_so() {
    let url = cluster_url(cluster());
    let settings = RedisStore::builder(&url).unwrap().near_cache(AT_ONCE);
    let error = settings.connect().await.unwrap_err();
    assert!(matches!(error, ConnectError::NoNearCache { .. }), "{error}");
    assert!(error.to_string().contains("leave `near_cache` out"));
}

#[tokio::test]
async fn a_user_needs_one_permission_more() {
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
        let settings = RedisStore::builder(&url).unwrap().near_cache(AT_ONCE);
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

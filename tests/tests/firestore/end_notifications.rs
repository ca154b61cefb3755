//! An end on one node, heard on another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use certsession_core::test_util::{SampleCommit, SampleRecord};
use certsession_core::{Handle, Outcome, Owner, SessionStore};
use certsession_firestore::FirestoreStore;
use certsession_tests::firestore::{CallProxy, new_collection, shared, url};
use certsession_tests::stores::{firestore_settings, open_firestore};
use tokio::time::timeout;

/// By then a node has begun to listen, and is listening again after its connection was cut.
const A_MOMENT: Duration = Duration::from_millis(1500);
const SOON: Duration = Duration::from_secs(1);

/// Two nodes; what reaches the second goes through the proxy.
async fn nodes() -> (FirestoreStore, FirestoreStore, CallProxy) {
    let (collection, proxy) = (new_collection(), CallProxy::before(shared()));
    let here = open_firestore(&url(shared(), &collection)).await;
    let there = open_firestore(&url(proxy.port(), &collection)).await;
    (here, there, proxy)
}

async fn begin(store: &FirestoreStore, number: u32) -> Handle {
    let record = SampleRecord::new(number).principal("alice").build();
    let now = record.created_at();
    store.create(Arc::clone(&record), None, now).await.unwrap();
    record.handle()
}

async fn assert_silent(store: &FirestoreStore, handle: Handle) {
    let heard = timeout(A_MOMENT, store.end_notification(handle)).await;
    assert!(heard.is_err(), "a notification without an end");
}

/// Waits for it on one node while something happens on the other.
async fn assert_heard<T>(store: &FirestoreStore, handle: Handle, happens: impl Future<Output = T>) {
    let happens = async {
        tokio::time::sleep(Duration::from_millis(50)).await;
        happens.await;
        Instant::now()
    };
    let heard = timeout(Duration::from_secs(20), store.end_notification(handle));
    let (heard, since) = tokio::join!(heard, happens);
    heard.unwrap();
    assert!(since.elapsed() < SOON, "{:?}", since.elapsed());
}

#[tokio::test]
async fn an_end_on_another_node_is_heard_at_once() {
    let (here, there, _proxy) = nodes().await;
    let (removed, revoked) = (begin(&here, 1).await, begin(&here, 2).await);
    assert_silent(&there, removed).await;
    assert_heard(&there, removed, here.remove(removed)).await;
    assert_silent(&there, revoked).await;
    let alice = Owner::principal("alice").unwrap();
    assert_heard(&there, revoked, here.revoke(&alice)).await;
    // What ended before anyone waited is heard at once.
    let began = Instant::now();
    there.end_notification(removed).await;
    assert!(began.elapsed() < SOON);
}

#[tokio::test]
async fn a_sign_in_is_heard_and_a_write_is_not() {
    let (here, there, _proxy) = nodes().await;
    let handle = begin(&here, 1).await;
    assert_silent(&there, handle).await;
    let now = SampleRecord::new(1).build().created_at();
    let loaded = here.load(handle, now).await.unwrap().unwrap();
    let write = SampleCommit::on(&loaded).insert("a", "1");
    let Outcome::Applied { record, .. } = here.commit(write.build()).await.unwrap() else {
        panic!("not applied");
    };
    assert_silent(&there, handle).await;
    let sign_in = SampleCommit::on(&record).sign_in("bob");
    assert_heard(&there, handle, here.commit(sign_in.build())).await;
}

#[tokio::test]
async fn listening_goes_on_after_its_connection_was_cut() {
    let (here, there, proxy) = nodes().await;
    let (first, second) = (begin(&here, 1).await, begin(&here, 2).await);
    assert_silent(&there, first).await;
    assert_silent(&there, second).await;
    for (n, handle) in [first, second].into_iter().enumerate() {
        let ends = async {
            proxy.reset();
            // In the first turn it ends while no one listens.
            if n == 1 {
                tokio::time::sleep(A_MOMENT).await;
            }
            here.remove(handle).await.unwrap();
            if n == 0 {
                tokio::time::sleep(A_MOMENT).await;
            }
        };
        assert_heard(&there, handle, ends).await;
    }
}

#[tokio::test]
async fn listening_takes_no_room_on_the_connection_of_the_requests() {
    let (here, there, proxy) = nodes().await;
    let handle = begin(&here, 1).await;
    let before = proxy.connections();
    assert_silent(&there, handle).await;
    assert_eq!(proxy.connections(), before + 1);
    let now = SampleRecord::new(1).build().created_at();
    assert!(there.load(handle, now).await.unwrap().is_some());
    assert_eq!(proxy.connections(), before + 1);
}

#[tokio::test]
async fn hundreds_of_sessions_are_watched_by_a_few_streams() {
    let (here, there, proxy) = nodes().await;
    let mut handles = Vec::new();
    for n in 0..250 {
        handles.push(begin(&here, n).await);
    }
    proxy.take_calls();
    let there = Arc::new(there);
    let waits: Vec<_> = handles
        .iter()
        .map(|handle| {
            let (there, handle) = (Arc::clone(&there), *handle);
            tokio::spawn(async move { there.end_notification(handle).await })
        })
        .collect();
    tokio::time::sleep(2 * A_MOMENT).await;
    assert_eq!(proxy.take_calls(), ["Listen"; 3]);
    let alice = Owner::principal("alice").unwrap();
    assert_eq!(here.revoke(&alice).await.unwrap().len(), 250);
    for wait in waits {
        timeout(Duration::from_secs(10), wait)
            .await
            .unwrap()
            .unwrap();
    }
}

#[tokio::test]
async fn the_interval_of_looks_is_a_setting() {
    let settings = firestore_settings(&url(shared(), &new_collection()));
    let store = settings.connect().await.unwrap();
    assert_eq!(store.watch_interval(), Duration::from_secs(30));
    let settings = firestore_settings(&url(shared(), &new_collection()));
    let settings = settings.watch_interval(Duration::from_secs(5));
    let store = settings.connect().await.unwrap();
    assert_eq!(store.watch_interval(), Duration::from_secs(5));
}

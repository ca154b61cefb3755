//! Sessions whose documents are still there after they have expired.

use std::sync::Arc;
use std::time::Duration;

use certsession_core::test_util::{SampleBinding, SampleCommit, SampleRecord};
use certsession_core::{Handle, Outcome, SessionStore};
use certsession_firestore::FirestoreStore;
use certsession_tests::firestore::{CallProxy, Fault, new_collection, new_url, shared, url};
use certsession_tests::stores::open_firestore;

const MINUTE: Duration = Duration::from_secs(60);
const HOUR: Duration = Duration::from_secs(60 * 60);

#[tokio::test]
async fn a_session_that_is_extended_while_a_request_finds_it_expired_stays() {
    let proxy = CallProxy::before(shared());
    let collection = new_collection();
    let store = open_firestore(&url(proxy.port(), &collection)).await;
    let beside = open_firestore(&url(shared(), &collection)).await;
    let record = SampleRecord::new(1).build();
    let now = record.created_at();
    beside.create(Arc::clone(&record), None, now).await.unwrap();
    let loaded = beside.load(record.handle(), now).await.unwrap().unwrap();
    let late = record.idle_deadline();
    assert!(late < record.absolute_deadline());

    proxy.fail_next("BatchGetDocuments", Fault::Late(Duration::from_secs(2)));
    proxy.take_calls();
    let extends = async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        let touch = SampleCommit::on(&loaded).idle_deadline(late + HOUR);
        beside.commit(touch.build()).await.unwrap()
    };
    let (found, outcome) = tokio::join!(store.load(record.handle(), late), extends);
    let Outcome::Applied {
        record: extended, ..
    } = outcome
    else {
        panic!("{outcome:?}");
    };
    assert!(extended.idle_deadline() > late);
    assert_eq!(found.unwrap(), Some(Arc::clone(&extended)));
    let calls = proxy.take_calls();
    assert_eq!(calls, ["BatchGetDocuments", "Commit", "BatchGetDocuments"]);
    assert_eq!(
        beside.load(record.handle(), late).await.unwrap(),
        Some(extended)
    );
}

/// Keeps sessions of one certificate, which begin one after another.
async fn keep(store: &FirestoreStore, samples: impl Iterator<Item = SampleRecord>) -> Vec<Handle> {
    let mut handles = Vec::new();
    for sample in samples {
        let record = sample.bound_to(&SampleBinding::new(7).build()).build();
        let now = record.created_at();
        store.create(Arc::clone(&record), None, now).await.unwrap();
        handles.push(record.handle());
    }
    handles
}

#[tokio::test]
async fn expired_sessions_end_no_live_ones_at_a_certificates_limit() {
    let proxy = CallProxy::before(shared());
    let store = open_firestore(&new_url(proxy.port())).await;
    let begin = SampleRecord::new(1).build().created_at();
    let now = begin + HOUR;
    // They began first, and are in use. The lower its number, the older a session.
    let live = (1..5).map(|n| {
        let sample = SampleRecord::new(n).created_at(begin + n * MINUTE);
        sample.idle_deadline(now + HOUR)
    });
    let live = keep(&store, live).await;
    // They began later, and expired after half an hour without use.
    let unused = |n| SampleRecord::new(n).created_at(begin + 10 * MINUTE);
    let expired = keep(&store, (5..9).map(unused)).await;

    let owner = SampleBinding::new(7).owner();
    proxy.take_calls();
    assert_eq!(store.end_oldest(&owner, 5, 3, now).await.unwrap(), []);
    let calls = ["RunAggregationQuery", "RunQuery", "BatchWrite"];
    assert_eq!(proxy.take_calls(), calls);
    for handle in &live {
        assert!(store.load(*handle, now).await.unwrap().is_some());
    }
    // Their documents are gone, and do not count the next time.
    for handle in &expired {
        assert_eq!(store.load(*handle, begin).await.unwrap(), None);
    }
    proxy.take_calls();
    assert_eq!(store.end_oldest(&owner, 5, 3, now).await.unwrap(), []);
    assert_eq!(proxy.take_calls(), ["RunAggregationQuery"]);

    // Beyond the limit the oldest of the live ones end, and they alone are named.
    let expired = keep(&store, (9..12).map(unused)).await;
    let mut ended = store.end_oldest(&owner, 3, 2, now).await.unwrap();
    let mut oldest = live[..2].to_vec();
    ended.sort_unstable();
    oldest.sort_unstable();
    assert_eq!(ended, oldest);
    for handle in live[..2].iter().chain(&expired) {
        assert_eq!(store.load(*handle, begin).await.unwrap(), None);
    }
    for handle in &live[2..] {
        assert!(store.load(*handle, now).await.unwrap().is_some());
    }
}

//! The end of a session on one node, noticed on another.

use std::time::{Duration, Instant};

use certsession_core::test_util::SampleRecord;
use certsession_core::{Owner, SessionStore};
use certsession_redis::RedisStore;
use certsession_tests::redis::{RedisServer, shared};
use certsession_tests::stores::{self, new_prefix};
use certsession_tests::{Http, Live, Stack, adapters, run};

use crate::harness::{cluster, cluster_url, sentinel, sentinel_url};

/// As long as a test waits that knows of no bound: other tests may have the machine.
const PATIENCE: Duration = Duration::from_secs(20);

async fn open(url: &str, prefix: &str) -> RedisStore {
    let settings = RedisStore::builder(url).unwrap().key_prefix(prefix);
    settings.connect().await.unwrap()
}

/// Ends sessions on one node until another is notified: from then on the other is subscribed.
async fn wait_until_subscribed(here: &RedisStore, there: &RedisStore) {
    let began = Instant::now();
    for n in 1_000.. {
        assert!(began.elapsed() < PATIENCE, "it does not subscribe");
        let record = SampleRecord::new(n).principal("bob").build();
        let notified = there.end_notification(record.handle());
        let notified = tokio::time::timeout(Duration::from_millis(200), notified);
        // A server that is restarting refuses both.
        let ends = async {
            let created = here.create(record.clone(), None, record.created_at()).await;
            created.is_ok() && here.remove(record.handle()).await.is_ok()
        };
        if let (Ok(()), true) = tokio::join!(notified, ends) {
            return;
        }
    }
}

/// Ends sessions in each way on one node, while another waits for the notification.
async fn assert_noticed(url: &str) {
    let prefix = new_prefix();
    let (here, there) = (open(url, &prefix).await, open(url, &prefix).await);
    wait_until_subscribed(&here, &there).await;
    for n in 1..=3 {
        let record = SampleRecord::new(n).principal("alice").build();
        let handle = record.handle();
        here.create(record.clone(), None, record.created_at())
            .await
            .unwrap();
        let waits = there.end_notification(handle);
        let ends = async {
            match n {
                1 => assert!(here.remove(handle).await.unwrap()),
                2 => drop(
                    here.revoke(&Owner::principal("alice").unwrap())
                        .await
                        .unwrap(),
                ),
                _ => drop(
                    here.revoke(&Owner::bound_to(record.binding().unwrap()))
                        .await
                        .unwrap(),
                ),
            }
        };
        // Nothing but the notification wakes it: the store looks at no record by itself.
        let notified = tokio::time::timeout(PATIENCE, waits);
        let (heard, ()) = tokio::join!(notified, ends);
        heard.unwrap();
    }
}

#[tokio::test]
async fn an_end_on_another_node_is_noticed_at_once() {
    assert_noticed(&shared().url()).await;
}

#[tokio::test]
async fn an_end_is_noticed_on_every_node_of_a_cluster() {
    assert_noticed(&cluster_url(cluster())).await;
}

#[tokio::test]
async fn an_end_is_noticed_with_sentinel() {
    assert_noticed(&sentinel_url(sentinel())).await;
}

#[tokio::test]
async fn the_subscription_continues_after_the_server_was_restarted() {
    let server = RedisServer::builder().append_only().start();
    let prefix = new_prefix();
    let (here, there) = (
        open(&server.url(), &prefix).await,
        open(&server.url(), &prefix).await,
    );
    let record = SampleRecord::new(1).build();
    here.create(record.clone(), None, record.created_at())
        .await
        .unwrap();
    let other = SampleRecord::new(2).build();
    here.create(other.clone(), None, other.created_at())
        .await
        .unwrap();
    let waits = there.end_notification(record.handle());
    let ends = async {
        wait_until_subscribed(&here, &there).await;
        server.restart();
        wait_until_subscribed(&here, &there).await;
        assert!(here.remove(record.handle()).await.unwrap());
    };
    let notified = tokio::time::timeout(2 * PATIENCE, waits);
    let (heard, ()) = tokio::join!(notified, ends);
    heard.unwrap();
}

#[test]
fn p8_a_websocket_closes_within_a_second_of_an_end_on_another_node() {
    run::<adapters::Actix, stores::Redis, _>(Stack::Rustls, Http::One, |plan| async move {
        let site = plan.start().await;
        let mut delays = Vec::new();
        // Each is closed; on a busy machine not each at once, and then the next one is tried.
        while !delays.iter().any(|delay| *delay < Duration::from_secs(1)) {
            assert!(delays.len() < 10, "{delays:?}");
            let alice = site.browser("alice");
            alice.sign_in("alice", &[]).await;
            let live = Live::open(&alice);
            let keys = shared().keys("test-*");
            let key = keys.iter().map(|key| std::str::from_utf8(key).unwrap());
            let (prefix, _) = key.filter_map(|key| key.split_once(":i:")).next().unwrap();
            let elsewhere = open(&shared().url(), &format!("{prefix}:")).await;
            // The WebSocket's node has subscribed by then.
            assert!(live.closed_within(Duration::from_millis(700)).is_none());
            let began = Instant::now();
            let alice = Owner::principal("alice").unwrap();
            assert_eq!(elsewhere.revoke(&alice).await.unwrap().len(), 1);
            let closed = live.closed_within(PATIENCE).expect("it is closed");
            delays.push(closed - began);
        }
    });
}

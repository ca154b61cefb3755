//! Many sessions end on one node, while very many others are watched on another.

use std::sync::Arc;
use std::time::{Duration, Instant};

use certsession_core::SessionStore;
use certsession_core::test_util::SampleRecord;
use certsession_redis::RedisStore;
use certsession_tests::redis::RedisServer;

use crate::process::cpu;
use crate::shared::log_to_nowhere;

const WATCHERS: u32 = 10_000;
const ENDS: u32 = 2_000;

/// When each end woke each watcher, these took more than five seconds of a processor.
const CPU: Duration = Duration::from_secs(2);

const PATIENCE: Duration = Duration::from_secs(30);

#[tokio::test]
async fn the_end_of_a_session_wakes_no_one_who_watches_another() {
    log_to_nowhere();
    let server = RedisServer::start();
    let store = Arc::new(RedisStore::connect(&server.url()).await.unwrap());
    let handle = |number| SampleRecord::new(number).build().handle();
    let watchers: Vec<_> = (0..WATCHERS)
        .map(|number| {
            let (store, watched) = (Arc::clone(&store), handle(number));
            tokio::spawn(async move { store.end_notification(watched).await })
        })
        .collect();
    // From now on it is subscribed.
    let channel = "cs:ended";
    let publish = |number| {
        let key = format!("cs:{}", handle(number));
        let heard = server.ask(&["PUBLISH", channel, key.as_str()]).unwrap();
        heard.to_string()
    };
    let began = Instant::now();
    while publish(WATCHERS) != "1" {
        assert!(began.elapsed() < PATIENCE, "it does not subscribe");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }

    let before = cpu();
    for number in 0..ENDS {
        publish(WATCHERS + number);
    }
    // Messages come in order: when the last watched session has ended, the others were heard.
    publish(0);
    let mut watchers = watchers.into_iter();
    let first = watchers.next().unwrap();
    tokio::time::timeout(PATIENCE, first)
        .await
        .unwrap()
        .unwrap();
    let took = cpu() - before;
    eprintln!("{ENDS} ends with {WATCHERS} watchers of others: {took:?} of a processor");
    assert!(watchers.all(|watcher| !watcher.is_finished()));
    assert!(took < CPU, "{took:?}");
}

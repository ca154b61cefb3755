//! Races over the network, between servers that share only Redis.

use std::time::Duration;

use certsession_core::{Admission, OnLimit};
use certsession_redis::RedisStore;
use certsession_tests::races::{self, Server, at_most_five};
use certsession_tests::redis::{self, RedisServer};
use certsession_tests::stores::new_prefix;

use crate::harness::valkey;

/// Servers of one application.
fn servers(count: usize, admission: Option<Admission>) -> Vec<Server<RedisStore>> {
    servers_over(redis::shared(), count, admission)
}

fn servers_over(
    redis: &RedisServer,
    count: usize,
    admission: Option<Admission>,
) -> Vec<Server<RedisStore>> {
    let prefix = new_prefix();
    races::servers(count, admission, async || {
        let store = RedisStore::builder(&redis.url()).unwrap();
        // This test does not check that replies arrive in time.
        let store = store.key_prefix(&prefix).timeout(Duration::from_secs(30));
        store.connect().await.unwrap()
    })
}

/// Runs a thousand concurrent sign-ins on four servers, half of them in existing sessions. Returns
/// how many were refused, how many of their tokens are active, and how many sessions are listed.
///
/// The cost of a sign-in must not grow with the number of concurrent ones: otherwise a principal
/// could keep the server busy.
fn a_thousand_sign_ins(on_limit: OnLimit) -> (usize, usize, usize) {
    let servers = servers(4, Some(at_most_five(on_limit)));
    let before = redis::shared().commandstats();
    let outcomes = races::sign_ins(&servers, 125, true);
    let commands: u64 = redis::shared().commands_since(&before).values().sum();
    assert!(commands <= 100 * 1000, "{commands} commands");
    races::count(&servers, outcomes)
}

#[test]
fn a_thousand_sign_ins_on_four_servers_never_leave_more_than_five_if_the_oldest_end() {
    let outcome = a_thousand_sign_ins(OnLimit::EvictOldest);
    assert_eq!(outcome, (0, 5, 5));
}

#[test]
fn a_thousand_sign_ins_on_four_servers_never_leave_more_than_five_if_others_are_refused() {
    let outcome = a_thousand_sign_ins(OnLimit::Refuse);
    assert_eq!(outcome, (995, 5, 5));
}

/// Servers without and with a compare-and-set of their own.
fn both() -> [&'static RedisServer; 2] {
    [redis::shared(), valkey()]
}

#[test]
fn revoking_all_against_200_sign_ins_and_writers_leaves_none_of_the_earlier_sessions() {
    for redis in both() {
        races::revoke_all_against_requests(&servers_over(redis, 4, None), 10, 50);
    }
}

#[test]
fn a_logout_against_a_slow_writer_a_thousand_times_revives_nothing() {
    for redis in both() {
        let servers = servers_over(redis, 2, None);
        races::logout_against_writer(&servers, 100, Duration::from_millis(1));
    }
}

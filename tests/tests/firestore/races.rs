//! Races over the network, between servers that share nothing but the database.

use std::time::Duration;

use certsession_core::{Admission, OnLimit};
use certsession_firestore::FirestoreStore;
use certsession_tests::firestore::{new_url, shared};
use certsession_tests::races::{self, Server, at_most_five};
use certsession_tests::stores::firestore_settings;

/// Servers of one application.
fn servers(count: usize, admission: Option<Admission>) -> Vec<Server<FirestoreStore>> {
    let url = new_url(shared());
    races::servers(count, admission, async || {
        let settings = firestore_settings(&url).timeout(Duration::from_secs(60));
        settings.connect().await.unwrap()
    })
}

/// Two hundred sign-ins at once, by four servers, half of them in sessions that exist. Returns how
/// many were refused, how many tokens of them are active, and how many sessions are listed.
fn two_hundred_sign_ins(on_limit: OnLimit) -> (usize, usize, usize) {
    let servers = servers(4, Some(at_most_five(on_limit)));
    // The emulator's queries can see half a commit.
    let outcomes = races::sign_ins(&servers, 25, false);
    races::count(&servers, outcomes)
}

#[test]
fn two_hundred_sign_ins_of_four_servers_never_leave_more_than_five_where_the_oldest_end() {
    assert_eq!(two_hundred_sign_ins(OnLimit::EvictOldest), (0, 5, 5));
}

#[test]
fn two_hundred_sign_ins_of_four_servers_never_leave_more_than_five_where_others_are_refused() {
    assert_eq!(two_hundred_sign_ins(OnLimit::Refuse), (195, 5, 5));
}

#[test]
fn revoking_all_against_sign_ins_and_writers_leaves_none_of_the_earlier_sessions() {
    races::revoke_all_against_requests(&servers(4, None), 5, 25);
}

#[test]
fn a_logout_against_a_slow_writer_a_thousand_times_brings_nothing_back() {
    races::logout_against_writer(&servers(2, None), 50, Duration::from_millis(2));
}

//! A master that sentinels watch.

use certsession_tests::redis::{Answer, RedisSentinel, RedisServer};

#[test]
fn a_replica_replaces_a_killed_master_and_the_sentinels_report_it() {
    let watched = RedisSentinel::start();
    assert_eq!((watched.urls().len(), watched.replicas().len()), (3, 2));
    let master = watched.master();
    master.set_on_replicas(2, "key", "value");

    let killed = watched.kill_master();
    assert_eq!(killed.port(), master.port());
    watched.wait_for_new_master();
    let new = watched.master();
    assert_ne!(new.port(), killed.port());
    assert_eq!(new.cli(&["GET", "key"]), "value");
    assert_eq!(new.cli(&["SET", "key", "other"]), "OK");
}

#[test]
fn a_replica_refuses_to_write() {
    let watched = RedisSentinel::start_as(RedisServer::builder().append_only());
    for replica in watched.replicas() {
        let answer = replica.ask(&["SET", "key", "value"]).unwrap();
        let Answer::Refused(message) = answer else {
            panic!("{answer}");
        };
        assert!(message.starts_with("READONLY"), "{message}");
    }
}

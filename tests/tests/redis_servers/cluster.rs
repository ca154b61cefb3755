//! A cluster.

use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use certsession_tests::redis::{Answer, RedisCluster, RedisServer, RedisTls};

#[test]
fn a_cluster_serves_each_key_on_one_master_and_copies_it_to_a_replica() {
    let cluster = RedisCluster::start();
    assert_eq!(cluster.urls().len(), 6);
    let roles = |role: &str| {
        let nodes = cluster.nodes().iter();
        nodes.filter(|node| node.info("role") == role).count()
    };
    assert_eq!((roles("master"), roles("slave")), (3, 3));
    for key in ["a", "b", "c", "d"] {
        let master = cluster.master_of(key);
        master.set_on_replicas(1, key, "value");
        let others = cluster.nodes().iter();
        for other in others.filter(|node| node.port() != master.port()) {
            let answer = other.ask(&["GET", key]).unwrap();
            assert!(answer.to_string().starts_with("MOVED "), "{answer}");
        }
    }
}

#[test]
fn a_replica_replaces_a_killed_master_with_what_it_had() {
    let cluster = RedisCluster::start();
    let master = cluster.master_of("key");
    master.set_on_replicas(1, "key", "value");
    let killed = cluster.kill_master_of("key");
    assert_eq!(killed.port(), master.port());
    cluster.wait_for_new_master_of("key");
    let new = cluster.master_of("key");
    assert_ne!(new.port(), killed.port());
    assert_eq!(new.cli(&["GET", "key"]), "value");
    killed.restart();
    cluster.wait_until_ready();
    assert_eq!(killed.info("role"), "slave");
}

#[test]
fn a_slot_moves_with_its_keys_while_they_are_written() {
    let cluster = RedisCluster::start();
    let key = |n: usize| format!("{{tag}}{n}");
    let from = cluster.master_of("{tag}");
    for n in 0..100 {
        from.cli(&["SET", &key(n), "before"]);
    }
    let done = AtomicBool::new(false);
    let to = thread::scope(|scope| {
        scope.spawn(|| {
            while !done.load(Ordering::Relaxed) {
                write_somewhere(from, &key(0));
            }
        });
        let to = cluster.migrate_slot_of("{tag}");
        done.store(true, Ordering::Relaxed);
        to
    });
    assert_ne!(from.port(), to.port());
    assert_eq!(cluster.master_of("{tag}").port(), to.port());
    for n in 0..100 {
        let value = to.cli(&["GET", &key(n)]);
        assert!(["before", "during"].contains(&&*value), "{value}");
    }
    assert!(from.keys("*").is_empty());
}

/// A write of a client that does not follow redirections: it is only a disturbance.
fn write_somewhere(node: &RedisServer, key: &str) {
    let answer = node.ask(&["SET", key, "during"]).unwrap();
    if let Answer::Refused(message) = answer {
        let code = message.split(' ').next().unwrap();
        assert!(["ASK", "MOVED", "TRYAGAIN"].contains(&code), "{message}");
    }
}

#[test]
fn a_cluster_can_use_tls_everywhere() {
    let tls = RedisTls::new();
    let cluster = RedisCluster::start_as(RedisServer::builder().tls(&tls));
    assert!(
        cluster
            .urls()
            .iter()
            .all(|url| url.starts_with("rediss://"))
    );
    let master = cluster.master_of("key");
    master.set_on_replicas(1, "key", "value");
}

//! A server that is up, but refuses commands.

use std::thread;
use std::time::Duration;

use certsession_tests::redis::RedisServer;

use crate::trial::{AT_ONCE, clients_of};
use crate::verdict::Verdict;

#[test]
fn a_full_server_reads_and_ends_sessions_and_accepts_no_writes() {
    let server = RedisServer::builder().tcp();
    let policy = ["--maxmemory-policy", "noeviction"];
    let server = server.arguments(&policy).start();
    let load = clients_of(&server.url());
    let fill = || {
        // Far below the used memory, so that sessions which end meanwhile make no room.
        server.cli(&["CONFIG", "SET", "maxmemory", "1mb"]);
        thread::sleep(Duration::from_secs(3));
    };
    let make_room = || {
        server.cli(&["CONFIG", "SET", "maxmemory", "0"]);
    };
    let outage = load.through(AT_ONCE, fill, make_room);
    let verdict = Verdict::on("a full server", load).with_outage(outage);
    verdict
        .may_be_full()
        .assert_serves(&["read", "end"])
        .assert();
}

#[test]
fn a_server_that_becomes_a_replica_reads_and_accepts_nothing_until_it_is_a_master_again() {
    let server = RedisServer::builder().tcp().start();
    let load = clients_of(&server.url());
    let demote = || {
        // A master that cannot be reached: the data stays.
        server.cli(&["REPLICAOF", "127.0.0.1", "1"]);
        thread::sleep(Duration::from_secs(3));
    };
    let promote = || {
        server.cli(&["REPLICAOF", "NO", "ONE"]);
    };
    let outage = load.through(AT_ONCE, demote, promote);
    let verdict = Verdict::on("a replica", load).with_outage(outage);
    verdict.assert_serves(&["read"]).assert();
}

#[test]
fn foreign_keys_under_the_same_prefix_cause_no_failure_and_stay_unchanged() {
    let debug = ["--enable-debug-command", "yes"];
    let server = RedisServer::builder().tcp().arguments(&debug).start();
    let mut client = server.connect().unwrap();
    for n in 0..20_000 {
        let (key, n) = (format!("cs:other-{n}"), n.to_string());
        let command = match n.len() % 3 {
            0 => ["SET", &key, &n].map(str::to_owned).to_vec(),
            1 => ["RPUSH", &key, &n].map(str::to_owned).to_vec(),
            _ => ["HSET", &key, "n", &n].map(str::to_owned).to_vec(),
        };
        client.ask(&command).unwrap();
    }
    let digest = |server: &RedisServer| {
        let mut keys = server.keys("cs:other-*");
        keys.sort_unstable();
        let mut command = vec![b"DEBUG".to_vec(), b"DIGEST-VALUE".to_vec()];
        command.extend(keys);
        server.cli(&command)
    };
    let before = digest(&server);
    let load = clients_of(&server.url());
    load.wait_for_requests(10_000);
    Verdict::on("a server full of foreign keys", load).assert();
    assert!(digest(&server) == before, "foreign keys were changed");
}

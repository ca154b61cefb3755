//! A server that is replaced by its replica, which may lack the writes that were acknowledged last.

use std::thread;
use std::time::{Duration, Instant};

use certsession_tests::redis::{Program, RedisCluster, RedisSentinel, RedisServer};

use crate::trial::clients_of;
use crate::verdict::Verdict;

/// How soon a new master must serve requests.
const SOON: Duration = Duration::from_secs(3);

/// The maximum lag of a connected replica: this much a failover may lose.
const LAG: Duration = Duration::from_secs(1);

fn hosts(urls: &[String]) -> String {
    let hosts = urls.iter().map(|url| url.strip_prefix("redis://").unwrap());
    hosts.collect::<Vec<_>>().join(",")
}

#[test]
fn sentinels_replace_a_killed_master() {
    let watched = RedisSentinel::start();
    let (hosts, name) = (hosts(&watched.urls()), RedisSentinel::MASTER_NAME);
    let load = clients_of(&format!("redis-sentinel://{hosts}/{name}"));
    let killed_at = Instant::now();
    let kill = || {
        watched.kill_master();
    };
    let outage = load.through(SOON, kill, || {
        watched.wait_for_new_master();
    });
    let verdict = Verdict::on("Sentinel", load).with_outage(outage);
    verdict.may_lose(LAG, killed_at).assert();
}

#[test]
fn sentinels_replace_a_silent_master_that_comes_back() {
    let watched = RedisSentinel::start();
    let (hosts, name) = (hosts(&watched.urls()), RedisSentinel::MASTER_NAME);
    let load = clients_of(&format!("redis-sentinel://{hosts}/{name}"));
    let paused_at = Instant::now();
    let master = watched.master();
    let pause = || master.pause();
    let outage = load.through(SOON, pause, || {
        watched.wait_for_new_master();
    });
    // It considers itself the master until the sentinels reach it.
    master.resume();
    thread::sleep(Duration::from_secs(3));
    load.wait_for_requests(2_000);
    let verdict = Verdict::on("Sentinel and SIGSTOP", load).with_outage(outage);
    verdict.may_lose(LAG, paused_at).assert();
}

fn start(program: Program) -> RedisCluster {
    RedisCluster::start_as(RedisServer::builder().program(program))
}

fn replaces_a_killed_master(name: &'static str, program: Program) {
    let cluster = start(program);
    let load = clients_of(&format!("redis-cluster://{}", hosts(&cluster.urls())));
    let killed_at = Instant::now();
    let kill = || {
        cluster.kill_master_of("cs:any");
    };
    let outage = load.through(SOON, kill, || {
        cluster.wait_for_new_master_of("cs:any");
    });
    let verdict = Verdict::on(name, load).with_outage(outage);
    verdict.may_lose(LAG, killed_at).assert();
}

#[test]
fn a_cluster_replaces_a_killed_master() {
    replaces_a_killed_master("a cluster's master killed", Program::Redis);
}

#[test]
fn a_cluster_of_valkey_replaces_a_killed_master() {
    replaces_a_killed_master("a Valkey cluster's master killed", Program::Valkey);
}

fn moves_slots_while_they_are_in_use(name: &'static str, program: Program) {
    let cluster = start(program);
    let load = clients_of(&format!("redis-cluster://{}", hosts(&cluster.urls())));
    let move_slots = || {
        for _ in 0..20 {
            let node = cluster.master_of("cs:any");
            let in_use = node.ask(&["RANDOMKEY"]).unwrap().to_string();
            cluster.migrate_slot_of(&in_use);
            load.wait_for_requests(500);
        }
    };
    let outage = load.through(SOON, move_slots, || ());
    let verdict = Verdict::on(name, load).may_fail_during(outage);
    verdict
        .assert_serves(&["read", "write", "begin", "end"])
        .assert();
}

#[test]
fn a_cluster_moves_slots_while_they_are_in_use() {
    moves_slots_while_they_are_in_use("a cluster's slots moved", Program::Redis);
}

#[test]
fn a_cluster_of_valkey_moves_slots_while_they_are_in_use() {
    moves_slots_while_they_are_in_use("a Valkey cluster's slots moved", Program::Valkey);
}

//! One server that is killed, paused or disconnected.

use std::thread;
use std::time::Duration;

use certsession_tests::ResettingProxy;
use certsession_tests::redis::{Program, RedisServer};

use crate::trial::{AT_ONCE, clients_of};
use crate::verdict::Verdict;

fn killed_and_restarted(name: &'static str, program: Program) {
    let server = RedisServer::builder().program(program).tcp();
    let server = server.append_only().start();
    let load = clients_of(&server.url());
    let kill = || {
        server.kill();
        thread::sleep(Duration::from_secs(2));
    };
    let outage = load.through(AT_ONCE, kill, || server.restart());
    Verdict::on(name, load).with_outage(outage).assert();
}

#[test]
fn a_redis_that_is_killed_and_restarted_has_lost_nothing() {
    killed_and_restarted("kill -9 of Redis", Program::Redis);
}

#[test]
fn a_valkey_that_is_killed_and_restarted_has_lost_nothing() {
    killed_and_restarted("kill -9 of Valkey", Program::Valkey);
}

#[test]
fn a_server_that_is_paused_for_ten_seconds_keeps_no_client_waiting() {
    let server = RedisServer::builder().tcp().start();
    let load = clients_of(&server.url());
    let pause = || {
        server.pause();
        thread::sleep(Duration::from_secs(10));
    };
    let outage = load.through(AT_ONCE, pause, || server.resume());
    Verdict::on("SIGSTOP", load).with_outage(outage).assert();
}

#[test]
fn a_server_whose_connections_were_reset_and_refused_is_reached_again() {
    let server = RedisServer::builder().tcp().start();
    let proxy = ResettingProxy::before(server.port().unwrap());
    let load = clients_of(&format!("redis://127.0.0.1:{}", proxy.port()));
    let cut_off = || {
        for _ in 0..20 {
            proxy.reset();
            thread::sleep(Duration::from_millis(100));
        }
        proxy.refuse(true);
        proxy.reset();
        thread::sleep(Duration::from_secs(2));
    };
    let outage = load.through(AT_ONCE, cut_off, || proxy.refuse(false));
    Verdict::on("resets", load).with_outage(outage).assert();
}

/// A write that was sent twice while another client wrote to the same session fails: it is unknown
/// which write was the last.
fn sometimes_drops_its_clients(name: &'static str, program: Program) {
    let server = RedisServer::builder().program(program).tcp().start();
    let load = clients_of(&server.url());
    let drop_clients = || {
        for _ in 0..20 {
            server.cli(&["CLIENT", "KILL", "TYPE", "normal"]);
            load.wait_for_requests(500);
        }
    };
    let outage = load.through(AT_ONCE, drop_clients, || ());
    let verdict = Verdict::on(name, load).may_fail_during(outage);
    verdict
        .assert_serves(&["read", "write", "begin", "end"])
        .assert();
}

#[test]
fn a_redis_that_sometimes_drops_its_clients_keeps_what_it_acknowledged() {
    sometimes_drops_its_clients("CLIENT KILL", Program::Redis);
}

#[test]
fn a_valkey_that_sometimes_drops_its_clients_keeps_what_it_acknowledged() {
    sometimes_drops_its_clients("CLIENT KILL of Valkey", Program::Valkey);
}

#[test]
fn a_server_that_loses_its_scripts_causes_no_failure() {
    let server = RedisServer::builder().tcp().start();
    let load = clients_of(&server.url());
    load.despite(20, || {
        server.cli(&["SCRIPT", "FLUSH"]);
    });
    Verdict::on("SCRIPT FLUSH", load).assert();
}

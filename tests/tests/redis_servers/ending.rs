//! No server outlives its test.

use std::env;
use std::path::PathBuf;
use std::process::Command;
use std::thread;
use std::time::Duration;

use certsession_tests::redis::{RedisServer, shared, wait_for};

/// Tells a test that it is the process that must abort.
const GOES_DOWN: &str = "CERTSESSION_TEST_GOES_DOWN";

fn process(id: u32) -> PathBuf {
    PathBuf::from(format!("/proc/{id}"))
}

#[test]
fn a_server_ends_when_it_is_dropped() {
    let server = RedisServer::start();
    let process = process(server.process_id());
    assert!(process.exists());
    drop(server);
    assert!(!process.exists());
}

#[test]
fn a_paused_server_ends_too() {
    let server = RedisServer::start();
    let process = process(server.process_id());
    server.pause();
    drop(server);
    assert!(!process.exists());
}

#[test]
fn a_server_ends_with_a_test_that_panics() {
    let server = RedisServer::start();
    let process = process(server.process_id());
    let test = thread::spawn(move || {
        let _held = server;
        panic!("on purpose");
    });
    assert!(test.join().is_err() && !process.exists());
}

#[test]
#[allow(clippy::print_stdout, reason = "the parent process reads it")]
fn servers_end_with_a_process_that_is_aborted() {
    if env::var_os(GOES_DOWN).is_some() {
        let server = RedisServer::start();
        println!(
            "\nservers: {} {}",
            server.process_id(),
            shared().process_id()
        );
        std::process::abort();
    }
    let mut again = Command::new(env::current_exe().unwrap());
    let name = "ending::servers_end_with_a_process_that_is_aborted";
    again.args(["--exact", name, "--nocapture"]);
    // It cannot clean up after itself.
    let folder = tempfile::tempdir().unwrap();
    again.env(GOES_DOWN, "yes").env("TMPDIR", folder.path());
    let output = String::from_utf8(again.output().unwrap().stdout).unwrap();
    let line = output
        .lines()
        .find_map(|line| line.strip_prefix("servers: "));
    let ids = line.unwrap().split(' ').map(|id| id.parse().unwrap());
    for process in ids.map(process) {
        wait_for("end of the server", Duration::from_secs(5), || {
            (!process.exists()).then_some(())
        });
    }
}

#[test]
#[should_panic(expected = "no-such-option")]
fn a_server_that_does_not_start_reports_why() {
    let builder = RedisServer::builder();
    let _server = builder.arguments(&["--no-such-option", "yes"]).start();
}

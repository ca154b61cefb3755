//! What operators need.

use std::fs::{self, File};
use std::net::TcpListener;
use std::process::Command;

use certsession_tests::programs::Example;
use certsession_tests::{Http, curl};

use crate::until;

/// The URL of the next line that an example prints, and that is not over TLS.
fn plain_url(example: &mut Example) -> String {
    loop {
        let line = example.line();
        if let Some(url) = line.trim().strip_prefix("curl http://") {
            return format!("http://{url}");
        }
    }
}

/// Calls it without a certificate: the status, and the body.
fn call(url: &str) -> (String, String) {
    let mut command = Command::new(curl::program());
    command.args(["-sS", "-w", "%{stderr}%{http_code}", url]);
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (text(output.stderr), text(output.stdout))
}

#[test]
fn a_revoked_certificate_is_refused_without_a_restart() {
    let example = Example::start("crl-reload");
    let (alice, bob) = (
        example.curl("alice", Http::Two),
        example.curl("bob", Http::Two),
    );
    assert_eq!(alice.get("/").status, 200);
    assert_eq!(bob.get("/").status, 200);
    certs_dev::revoke(example.pki.dir(), "alice").unwrap();
    until("alice is refused", || alice.try_run("/", &[]).is_err());
    assert_eq!(bob.get("/").status, 200);
}

#[test]
fn a_socket_of_systemd_is_served() {
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = socket.local_addr().unwrap().port();
    let example = Example::start_on("socket-activation", socket);
    assert_eq!(example.port, port);
    let alice = example.curl("alice", Http::Two);
    assert_eq!(alice.get("/").body, "visit 1\n");
    assert_eq!(alice.get("/").body, "visit 2\n");
    // Without one it opens its own.
    let example = Example::start("socket-activation");
    assert_ne!(example.port, port);
    assert_eq!(example.curl("alice", Http::Two).get("/").body, "visit 1\n");
}

#[test]
fn a_probe_needs_no_certificate() {
    let mut example = Example::start("health");
    let (live, ready) = (plain_url(&mut example), plain_url(&mut example));
    assert_eq!(call(&live), ("200".into(), "alive\n".into()));
    assert_eq!(call(&ready), ("200".into(), "ready\n".into()));
    assert_eq!(example.curl("alice", Http::One).get("/").body, "visit 1\n");
    // The probes are not on the port of the application.
    assert_eq!(example.curl("alice", Http::One).get("/ready").status, 404);
}

#[test]
fn prometheus_scrapes_requests_and_sessions() {
    let mut example = Example::start("prometheus");
    let metrics = plain_url(&mut example);
    let alice = example.curl("alice", Http::Two);
    alice.post("/sign-in");
    assert_eq!(alice.get("/").body, "alice\n");
    let bob = example.curl("bob", Http::Two).with_jar_of(&alice);
    assert_eq!(bob.get("/").status, 403);
    let (status, scraped) = call(&metrics);
    assert_eq!(status, "200");
    let line = |name: &str| scraped.lines().find(|line| line.starts_with(name));
    assert_eq!(
        line("certsession_sessions_live"),
        Some("certsession_sessions_live 1"),
        "{scraped}"
    );
    let refusals = line("certsession_refusals_total{");
    assert!(
        refusals.is_some_and(|line| line.ends_with(" 1")),
        "{scraped}"
    );
}

#[test]
fn the_lines_of_a_request_have_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("log");
    let example = Example::start_logging("request-ids", File::create(&file).unwrap());
    let alice = example.curl("alice", Http::Two);
    let signed_in = alice.post("/sign-in");
    let id = signed_in.header("x-request-id").unwrap();
    let other = alice.get("/");
    assert_ne!(other.header("x-request-id"), Some(id));
    let log = fs::read_to_string(&file).unwrap();
    // The suite searches its whole output for secrets.
    eprintln!("{log}");
    let lines: Vec<_> = log.lines().filter(|line| line.contains(id)).collect();
    for part in ["the application's own line", "certsession"] {
        let has = lines.iter().any(|line| line.contains(part));
        assert!(has, "{part}: {lines:#?}");
    }
    // A client does not choose it.
    let chosen = alice.run("/", &["-H", "x-request-id: mine"]);
    assert_ne!(chosen.header("x-request-id"), Some("mine"));
}

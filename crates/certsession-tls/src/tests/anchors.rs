//! Which client CA verified a chain, and open connections when it is taken away.

use std::fs;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use certsession_core::Timestamp;
use certsession_core::test_util::ManualClock;
use rcgen::date_time_ymd;
use rustls::{ClientConfig, ClientConnection, StreamOwned};

use super::pki::{Ca, STACKS};
use super::wire::{Server, VERSIONS, client, get};
use crate::{ClientAuth, Resumption};

#[test]
fn the_anchor_is_the_configured_ca_and_not_the_issuer() {
    for resumption in [Resumption::Off, Resumption::Cache] {
        for (stack, build) in STACKS {
            let (root, other) = (Ca::new("root"), Ca::new("other root"));
            let (one, two) = (root.intermediate("issuing"), root.intermediate("issuing"));
            let tls = root.mutual_tls(ClientAuth::Required);
            let tls = tls.client_ca_pem(other.pem()).resumption(resumption);
            let server = Server::start(build(&tls).unwrap());
            for version in VERSIONS {
                for intermediate in [&one, &two] {
                    let alice = intermediate.client("alice");
                    let sent = [&intermediate.der()[..]];
                    let client = Arc::new(client(&root, version, &sent, Some(&alice)));
                    // The second one is resumed, where that is on.
                    for _ in 0..2 {
                        let body = get(server.addr, &client).unwrap().body;
                        let by = format!(" by {}", root.key_hash());
                        assert!(body.ends_with(&by), "{stack}, {resumption:?}: {body}");
                    }
                }
                let bob = other.client("bob");
                let client = Arc::new(client(&root, version, &[], Some(&bob)));
                let body = get(server.addr, &client).unwrap().body;
                assert!(
                    body.ends_with(&format!(" by {}", other.key_hash())),
                    "{stack}: {body}"
                );
            }
        }
    }
}

/// A connection that stays open.
struct Open(StreamOwned<ClientConnection, TcpStream>);

impl Open {
    fn to(server: &Server, client: &Arc<ClientConfig>) -> Self {
        let name = "localhost".try_into().unwrap();
        let tls = ClientConnection::new(Arc::clone(client), name).unwrap();
        let socket = TcpStream::connect(server.addr).unwrap();
        Self(StreamOwned::new(tls, socket))
    }

    /// Who the server says that the client is.
    fn ask(&mut self) -> String {
        let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
        self.0.write_all(request).unwrap();
        let mut answer = Vec::new();
        let mut buffer = [0; 4096];
        while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
            let read = self.0.read(&mut buffer).unwrap();
            assert!(read > 0);
            answer.extend_from_slice(&buffer[..read]);
        }
        let answer = String::from_utf8(answer).unwrap();
        answer.split("\r\n\r\n").nth(1).unwrap().to_owned()
    }
}

fn write(dir: &Path, contents: &str) {
    let new = dir.join("new");
    fs::write(&new, contents).unwrap();
    fs::rename(new, dir.join("ca.pem")).unwrap();
}

#[test]
fn an_open_connection_notices_on_its_next_request_that_its_ca_was_taken_away() {
    for (stack, build) in STACKS {
        for version in VERSIONS {
            let dir = tempfile::tempdir().unwrap();
            let (server_ca, old, next) = (Ca::new("server"), Ca::new("old"), Ca::new("next"));
            let issuing = old.intermediate("issuing");
            write(dir.path(), &(old.pem() + &next.pem()));
            let tls = server_ca.mutual_tls(ClientAuth::Required);
            let tls = tls.client_ca_file(dir.path().join("ca.pem"));
            let server = Server::start(build(&tls).unwrap());
            let open = |ca: &Ca, sent: &[&[u8]]| {
                let leaf = ca.client("alice");
                let client = client(&server_ca, version, sent, Some(&leaf));
                Open::to(&server, &Arc::new(client))
            };
            let mut of_old = open(&issuing, &[&issuing.der()]);
            let mut of_next = open(&next, &[]);
            assert!(of_old.ask().starts_with("verified "), "{stack}");
            // What changes nothing for them is not noticed.
            let other = Ca::new("other");
            write(dir.path(), &(next.pem() + &old.pem() + &other.pem()));
            server.reload();
            assert!(of_old.ask().starts_with("verified "), "{stack}");
            assert!(of_next.ask().starts_with("verified "), "{stack}");
            write(dir.path(), &next.pem());
            server.reload();
            let said = of_old.ask();
            assert!(said.contains("no longer verifies"), "{stack}: {said}");
            assert!(of_next.ask().starts_with("verified "), "{stack}");
            // It does not come back with the CA: the client has to connect again.
            write(dir.path(), &(old.pem() + &next.pem()));
            server.reload();
            assert!(of_old.ask().starts_with("rejected: "), "{stack}");
        }
    }
}

#[test]
fn a_ca_that_expires_while_the_server_runs_verifies_nobody_any_more() {
    for resumption in [Resumption::Off, Resumption::Cache] {
        for (stack, build) in STACKS {
            let short = Ca::with("short", |ca| ca.not_after = date_time_ymd(2031, 1, 1));
            let long = Ca::new("long");
            // 2030-01-01.
            let start = Timestamp::from_millis(1_893_456_000_000);
            let clock = ManualClock::new(start);
            let tls = short.mutual_tls(ClientAuth::Required);
            let tls = tls.client_ca_pem(long.pem()).resumption(resumption);
            let server = Server::start(build(&tls.clock(clock.clone())).unwrap());
            for version in VERSIONS {
                let client = |ca: &Ca| {
                    let leaf = ca.client("alice");
                    Arc::new(client(&short, version, &[], Some(&leaf)))
                };
                let (of_short, of_long) = (client(&short), client(&long));
                assert!(get(server.addr, &of_short).is_ok(), "{stack}");
                clock.advance(Duration::from_secs(2 * 365 * 24 * 60 * 60));
                let answer = get(server.addr, &of_short);
                // A resumed connection is open, and its certificate rejected.
                let is_verified = answer.is_ok_and(|answer| answer.body.starts_with("verified "));
                assert!(!is_verified, "{stack}, {resumption:?}");
                assert!(get(server.addr, &of_long).is_ok(), "{stack}");
                clock.set(start);
            }
        }
    }
}

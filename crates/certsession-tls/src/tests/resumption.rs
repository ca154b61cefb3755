//! No connection is resumed unless it is asked for, since no verifier of the stack runs on it;
//! where it is on, each resumed connection is verified again.

use std::sync::Arc;

use rustls::HandshakeKind;

use super::pki::{Ca, STACKS};
use super::wire::{Answer, Server, VERSIONS, client, get};
use certsession_core::{PeerCertificate, Revocation, RevocationList};

use crate::{ClientAuth, MutualTls, Resumption, ServerTls};

#[test]
fn no_connection_is_resumed_and_no_ticket_is_given_out() {
    let ca = Ca::new("ca");
    for (stack, build) in STACKS {
        let server = Server::start(build(&ca.mutual_tls(ClientAuth::Required)).unwrap());
        for answer in two_connections_in_each_version(&ca, &server) {
            assert_ne!(answer.handshake, HandshakeKind::Resumed, "{stack}");
            assert_eq!(answer.tickets, 0, "{stack}");
        }
    }
}

/// The same client and the same measure, so that the test above can be believed.
#[test]
fn the_same_client_resumes_where_resumption_is_on() {
    let ca = Ca::new("ca");
    for (stack, server) in resuming(&ca) {
        let kinds: Vec<_> = two_connections_in_each_version(&ca, &server)
            .into_iter()
            .map(|answer| answer.handshake)
            .collect();
        let full_then_resumed = [HandshakeKind::Full, HandshakeKind::Resumed];
        assert_eq!(kinds, full_then_resumed.repeat(VERSIONS.len()), "{stack}");
    }
}

fn two_connections_in_each_version(ca: &Ca, server: &Server) -> Vec<Answer> {
    let alice = ca.client("alice");
    let mut answers = Vec::new();
    for version in VERSIONS {
        let client = Arc::new(client(ca, version, &[], Some(&alice)));
        for _ in 0..2 {
            answers.push(get(server.addr, &client).unwrap());
        }
    }
    answers
}

/// Configurations whose resumption was turned on by hand.
fn resuming(ca: &Ca) -> Vec<(&'static str, Server)> {
    STACKS
        .iter()
        .map(|(name, build)| {
            let tls = build(&ca.mutual_tls(ClientAuth::Required)).unwrap();
            let (mut stack, verifier) = tls.into_parts();
            match &mut stack {
                #[cfg(feature = "rustls-0_23")]
                ServerTls::Rustls(config) => {
                    config.session_storage = rustls::server::ServerSessionMemoryCache::new(32);
                    config.send_tls13_tickets = 2;
                }
                #[cfg(feature = "openssl")]
                ServerTls::OpenSsl(acceptor) => {
                    use openssl::ssl::{SslOptions, SslSessionCacheMode};
                    acceptor.set_session_cache_mode(SslSessionCacheMode::SERVER);
                    acceptor.clear_options(SslOptions::NO_TICKET);
                    acceptor.set_num_tickets(2).unwrap();
                    acceptor.set_session_id_context(b"test").unwrap();
                }
            }
            (*name, Server::start_with(stack, verifier))
        })
        .collect()
}

/// Two servers whose resumption is on, and a client that goes from one to the other.
#[test]
fn a_session_of_one_configuration_is_none_of_another() {
    for (stack, build) in STACKS {
        for resumption in [Resumption::Tickets, Resumption::Cache] {
            let ca = Ca::new("ca");
            let builder = ca.mutual_tls(ClientAuth::Required).resumption(resumption);
            let servers = [(); 2].map(|()| Server::start(build(&builder).unwrap()));
            for version in VERSIONS {
                let client = Arc::new(client(&ca, version, &[], Some(&ca.client("alice"))));
                let kind = |server: &Server| get(server.addr, &client).unwrap().handshake;
                let [first, second] = &servers;
                assert_eq!(kind(first), HandshakeKind::Full, "{stack}, {resumption:?}");
                assert_eq!(
                    kind(first),
                    HandshakeKind::Resumed,
                    "{stack}, {resumption:?}"
                );
                assert_eq!(kind(second), HandshakeKind::Full, "{stack}, {resumption:?}");
            }
        }
    }
}

#[test]
fn a_resumed_connection_is_verified_again_against_what_is_in_force() {
    for (stack, build) in STACKS {
        for resumption in [Resumption::Tickets, Resumption::Cache] {
            let ca = Ca::new("ca");
            let list = RevocationList::new();
            let builder = ca.mutual_tls(ClientAuth::Required).resumption(resumption);
            let server = Server::start(build(&builder.revocations(&list)).unwrap());
            for version in VERSIONS {
                let alice = ca.client("alice");
                let client = Arc::new(client(&ca, version, &[], Some(&alice)));
                let ask = || get(server.addr, &client).unwrap();
                ask();
                let resumed = ask();
                assert_eq!(resumed.handshake, HandshakeKind::Resumed, "{stack}");
                assert!(
                    resumed.body.starts_with("verified "),
                    "{stack}: {resumed:?}"
                );
                let peer = PeerCertificate::from_der(&alice.der).unwrap();
                list.revoke(Revocation::of_certificate(&peer));
                let resumed = ask();
                assert_eq!(resumed.handshake, HandshakeKind::Resumed, "{stack}");
                assert!(
                    resumed.body.starts_with("rejected: "),
                    "{stack}: {resumed:?}"
                );
            }
        }
    }
}

#[test]
fn a_resumed_connection_of_a_ca_that_was_taken_away_is_rejected() {
    for (stack, build) in STACKS {
        let dir = tempfile::tempdir().unwrap();
        let (ca, next) = (Ca::new("ca"), Ca::new("next"));
        let (alice, bob) = (ca.client("alice"), next.client("bob"));
        let file = dir.path().join("ca.pem");
        std::fs::write(&file, ca.pem()).unwrap();
        let server = ca.server();
        let builder = MutualTls::builder()
            .server_identity_pem(server.pem, server.key.serialize_pem())
            .client_ca_file(&file)
            .resumption(Resumption::Tickets);
        let server = Server::start(build(&builder).unwrap());
        let clients = VERSIONS.map(|version| Arc::new(client(&ca, version, &[], Some(&alice))));
        for client in &clients {
            get(server.addr, client).unwrap();
        }
        std::fs::write(&file, next.pem()).unwrap();
        server.reload();
        let new = Arc::new(client(&ca, VERSIONS[1], &[], Some(&bob)));
        get(server.addr, &new).unwrap();
        for client in &clients {
            let resumed = get(server.addr, client).unwrap();
            assert_eq!(resumed.handshake, HandshakeKind::Resumed, "{stack}");
            assert!(
                resumed.body.starts_with("rejected: "),
                "{stack}: {resumed:?}"
            );
        }
    }
}

#[test]
fn an_anonymous_session_that_is_resumed_stays_anonymous() {
    for (stack, build) in STACKS {
        for resumption in [Resumption::Tickets, Resumption::Cache] {
            let ca = Ca::new("ca");
            let builder = ca.mutual_tls(ClientAuth::Optional).resumption(resumption);
            let server = Server::start(build(&builder).unwrap());
            for version in VERSIONS {
                let anonymous = client(&ca, version, &[], None);
                let mut with_certificate = client(&ca, version, &[], Some(&ca.client("alice")));
                // The same memory of sessions, now together with a certificate.
                with_certificate.resumption = anonymous.resumption.clone();
                let first = get(server.addr, &Arc::new(anonymous)).unwrap();
                assert_eq!(first.body, "absent");
                let answer = get(server.addr, &Arc::new(with_certificate)).unwrap();
                let is_as_it_was = match answer.handshake {
                    HandshakeKind::Resumed => answer.body == "absent",
                    _ => answer.body.starts_with("verified "),
                };
                assert!(is_as_it_was, "{stack}, {version:?}: {answer:?}");
            }
        }
    }
}

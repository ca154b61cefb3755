//! No connection is resumed, since no verifier would run on it.

use std::sync::Arc;

use rustls::HandshakeKind;

use super::pki::{Ca, STACKS};
use super::wire::{Answer, Server, VERSIONS, client, get};
use crate::tls::ClientAuth;
use crate::tls::mutual::builder::{MutualTls, Stack};

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
    for (stack, tls) in resuming(&ca) {
        let server = Server::start(tls);
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

fn resuming(ca: &Ca) -> Vec<(&'static str, MutualTls)> {
    let builder = ca.mutual_tls(ClientAuth::Required);
    vec![
        #[cfg(feature = "rustls-0_23")]
        ("rustls", {
            let mut config = builder.build_rustls_0_23_config().unwrap();
            config.session_storage = rustls::server::ServerSessionMemoryCache::new(32);
            config.send_tls13_tickets = 2;
            MutualTls(Stack::Rustls(Box::new(config)))
        }),
        #[cfg(feature = "openssl")]
        ("openssl", {
            use openssl::ssl::{SslOptions, SslSessionCacheMode};
            let mut acceptor = builder.build_openssl_acceptor().unwrap();
            acceptor.set_session_cache_mode(SslSessionCacheMode::SERVER);
            acceptor.clear_options(SslOptions::NO_TICKET);
            acceptor.set_num_tickets(2).unwrap();
            acceptor.set_session_id_context(b"test").unwrap();
            MutualTls(Stack::OpenSsl(acceptor))
        }),
    ]
}

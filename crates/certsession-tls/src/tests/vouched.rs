//! TLS configurations of the application's own, and what it vouches for.

use std::sync::Arc;

use super::pki::Ca;
use super::wire::{Server, VERSIONS, client, get};
use crate::{ClientAuth, PeerVerifier, ServerTls};

/// An acceptor that the application has told to accept every certificate verifies none.
#[cfg(feature = "openssl")]
#[test]
fn a_certificate_that_openssl_let_through_unverified_is_rejected() {
    use openssl::ssl::SslVerifyMode;

    let ca = Ca::new("ca");
    let mallory = Ca::new("another").client("mallory");
    let tls = ca.mutual_tls(ClientAuth::Required).build_openssl().unwrap();
    #[allow(irrefutable_let_patterns, reason = "with one stack it is")]
    let (ServerTls::OpenSsl(mut acceptor), _) = tls.into_parts() else {
        unreachable!()
    };
    acceptor.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
    let vouched = PeerVerifier::caller_vouches_for_full_handshakes();
    let server = Server::start_with(ServerTls::OpenSsl(acceptor), vouched);
    for version in VERSIONS {
        let client = Arc::new(client(&ca, version, &[], Some(&mallory)));
        let answer = get(server.addr, &client).unwrap();
        assert!(answer.body.starts_with("rejected: "), "{}", answer.body);
    }
}

/// Verifies clients of the CA, and nothing else: as an application's own verifier might.
#[cfg(feature = "rustls-0_23")]
fn own_verifier(ca: &Ca) -> Arc<dyn rustls::server::danger::ClientCertVerifier> {
    use rustls::crypto::ring::default_provider;

    let mut roots = rustls::RootCertStore::empty();
    roots.add(ca.der().into()).unwrap();
    let builder = rustls::server::WebPkiClientVerifier::builder_with_provider(
        roots.into(),
        default_provider().into(),
    );
    builder.build().unwrap()
}

#[cfg(feature = "rustls-0_23")]
fn own_config(ca: &Ca, resumes: bool) -> ServerTls {
    let server = ca.server();
    let key = rustls_pki_types::PrivatePkcs8KeyDer::from(server.key.serialize_der());
    let provider = rustls::crypto::ring::default_provider();
    let mut config = rustls::ServerConfig::builder_with_provider(provider.into())
        .with_protocol_versions(&VERSIONS)
        .unwrap()
        .with_client_cert_verifier(own_verifier(ca))
        .with_single_cert(vec![server.der.into()], key.into())
        .unwrap();
    if resumes {
        config.session_storage = rustls::server::ServerSessionMemoryCache::new(32);
    } else {
        config.session_storage = Arc::new(rustls::server::NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
    }
    ServerTls::Rustls(Box::new(config))
}

/// What two connections of one client are answered, the second of them resumed where it can be.
#[cfg(feature = "rustls-0_23")]
fn two_answers(ca: &Ca, resumes: bool, verifier: &PeerVerifier) -> Vec<[String; 2]> {
    let server = Server::start_with(own_config(ca, resumes), verifier.clone());
    let ask = |version| {
        let client = Arc::new(client(ca, version, &[], Some(&ca.client("alice"))));
        [(); 2].map(|()| {
            let body = get(server.addr, &client).unwrap().body;
            body.split([' ', ':']).next().unwrap().to_owned()
        })
    };
    VERSIONS.map(ask).to_vec()
}

#[cfg(feature = "rustls-0_23")]
#[test]
fn full_handshakes_that_the_caller_vouches_for_are_verified_and_resumed_ones_are_rejected() {
    let ca = Ca::new("ca");
    let vouched = PeerVerifier::caller_vouches_for_full_handshakes();
    for answers in two_answers(&ca, false, &vouched) {
        assert_eq!(answers, ["verified", "verified"]);
    }
    for answers in two_answers(&ca, true, &vouched) {
        assert_eq!(answers, ["verified", "rejected"]);
    }
}

#[cfg(feature = "rustls-0_23")]
#[test]
fn a_resumed_connection_is_verified_again_by_the_callers_own_verifier() {
    let ca = Ca::new("ca");
    let own = PeerVerifier::caller_vouches_for_rustls_verifier(own_verifier(&ca));
    for answers in two_answers(&ca, true, &own) {
        assert_eq!(answers, ["verified", "verified"]);
    }
    let strict = own_verifier(&Ca::new("another"));
    let strict = PeerVerifier::caller_vouches_for_rustls_verifier(strict);
    for answers in two_answers(&ca, true, &strict) {
        assert_eq!(answers, ["verified", "rejected"]);
    }
}

/// The verifier of one configuration remembers no leaf of another, so it verifies the chain.
#[cfg(feature = "rustls-0_23")]
#[test]
fn a_connection_of_another_configuration_is_judged_by_the_verifier_that_is_asked() {
    let (ca, other) = (Ca::new("ca"), Ca::new("another"));
    let verifier = |ca: &Ca| {
        let tls = ca.mutual_tls(ClientAuth::Required).build_rustls().unwrap();
        tls.into_parts().1
    };
    for answers in two_answers(&ca, false, &verifier(&ca)) {
        assert_eq!(answers, ["verified", "verified"]);
    }
    for answers in two_answers(&ca, false, &verifier(&other)) {
        assert_eq!(answers, ["rejected", "rejected"]);
    }
}

#[cfg(all(feature = "rustls-0_23", feature = "openssl"))]
#[test]
fn a_connection_of_the_other_stack_is_rejected() {
    let ca = Ca::new("ca");
    let rustls = ca.mutual_tls(ClientAuth::Required).build_rustls().unwrap();
    let openssl = ca.mutual_tls(ClientAuth::Required).build_openssl().unwrap();
    let (rustls, of_rustls) = rustls.into_parts();
    let (openssl, of_openssl) = openssl.into_parts();
    for server in [
        Server::start_with(rustls, of_openssl),
        Server::start_with(openssl, of_rustls),
    ] {
        for version in VERSIONS {
            let alice = ca.client("alice");
            let client = Arc::new(client(&ca, version, &[], Some(&alice)));
            let answer = get(server.addr, &client).unwrap();
            assert!(answer.body.starts_with("rejected: "), "{}", answer.body);
        }
    }
}

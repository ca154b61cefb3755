//! What the hook takes from a connection.

use actix_web::dev::Extensions;
use certsession_core::PeerState;

use crate::tls::{CapturedPeer, capture_peer};

#[test]
fn a_plain_tcp_connection_has_no_certificate() {
    actix_web::rt::System::new().block_on(async {
        let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
        let addr = listener.local_addr().unwrap();
        let stream = actix_web::rt::net::TcpStream::connect(addr).await.unwrap();
        let mut extensions = Extensions::new();
        capture_peer(&stream, &mut extensions);
        let captured = extensions.get::<CapturedPeer>().unwrap();
        assert!(matches!(captured.0, PeerState::Absent));
    });
}

#[test]
fn from_an_unknown_kind_of_connection_nothing_is_captured() {
    let mut extensions = Extensions::new();
    capture_peer(&"not a connection", &mut extensions);
    assert!(extensions.get::<CapturedPeer>().is_none());
}

/// An acceptor that a user has told to let everyone in does not verify anyone.
#[cfg(feature = "openssl")]
#[test]
fn a_certificate_that_openssl_let_through_unverified_is_rejected() {
    use std::sync::Arc;

    use openssl::ssl::SslVerifyMode;

    use super::pki::Ca;
    use super::wire::{Server, VERSIONS, client, get};
    use crate::tls::ClientAuth;
    use crate::tls::mutual::builder::{MutualTls, Stack};

    let ca = Ca::new("ca");
    let mallory = Ca::new("another").client("mallory");
    let builder = ca.mutual_tls(ClientAuth::Required);
    let mut acceptor = builder.build_openssl_acceptor().unwrap();
    acceptor.set_verify_callback(SslVerifyMode::PEER, |_, _| true);
    let server = Server::start(MutualTls {
        stack: Stack::OpenSsl(acceptor),
        reloadable: None,
    });
    for version in VERSIONS {
        let client = Arc::new(client(&ca, version, &[], Some(&mallory)));
        let answer = get(server.addr, &client).unwrap();
        assert!(answer.body.starts_with("rejected: "), "{}", answer.body);
    }
}

//! Takes the peer's certificate from a connection, once, when it is accepted.

use std::any::Any;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use certsession_core::{CertificateError, PeerState};

/// The hook for [`HttpServer::on_connect`](actix_web::HttpServer::on_connect): takes the
/// certificate that the TLS peer proved possession of, and keeps it with the connection.
///
/// `bind_mutual_tls` installs it by itself. Call it where you
/// bind a server in another way, or from within a hook of your own; and mind that actix
/// copies the hook at bind time: `on_connect` comes **before** `bind_*` and `listen_*`.
///
/// ```no_run
/// # use actix_web::{App, HttpServer};
/// # fn server(config: impl Fn()) {
/// HttpServer::new(App::new)
///     .on_connect(|connection, extensions| {
///         certsession_actix::capture_peer(connection, extensions);
///         // ... and what else the connection should carry
///     });
///     // .bind_rustls_0_23(..) or .bind_openssl(..)
/// # }
/// ```
///
/// | the connection | what the middleware sees |
/// |---|---|
/// | TLS with a client certificate that parses | that certificate, verified |
/// | TLS with one that does not parse, or that OpenSSL did not verify | rejected, never "no certificate" |
/// | TLS without a client certificate, plain TCP | no certificate |
/// | anything else (a Unix socket, another TLS stack) | nothing was captured: a 500, and an error in the log |
///
/// Only the leaf is looked at: the rest of what rustls shows is the chain as the peer sent
/// it, not the chain that was verified.
///
/// This function does not verify anything: that is the TLS stack's part, by a configuration
/// such as [`MutualTls`](crate::MutualTls) makes.
pub fn capture_peer(connection: &dyn Any, extensions: &mut Extensions) {
    capture_verified_peer(connection, extensions, |_| true);
}

/// As [`capture_peer`], where somebody can say whether the certificate still verifies: on a
/// resumed connection the TLS stack has not asked.
pub(crate) fn capture_verified_peer(
    connection: &dyn Any,
    extensions: &mut Extensions,
    reverify: impl FnOnce(&dyn Any) -> bool,
) {
    match peer_of(connection) {
        Some(PeerState::Verified(_)) if !reverify(connection) => {
            let rejected = PeerState::Rejected(CertificateError::Unverified);
            extensions.insert(CapturedPeer(rejected));
        }
        Some(peer) => {
            extensions.insert(CapturedPeer(peer));
        }
        None => tracing::error!(
            target: "certsession::tls",
            "capture_peer does not know this type of connection; bind with bind_mutual_tls, \
             bind_rustls_0_23, bind_openssl or bind, with the crate feature of that TLS stack on",
        ),
    }
}

/// What [`capture_peer`] found, as it lies in the connection's extensions.
///
/// A type of this crate alone, so that nothing else can put a peer there.
#[derive(Debug, Clone)]
pub(crate) struct CapturedPeer(pub(crate) PeerState);

fn peer_of(connection: &dyn Any) -> Option<PeerState> {
    #[cfg(feature = "rustls-0_23")]
    if let Some(stream) =
        connection.downcast_ref::<actix_tls::accept::rustls_0_23::TlsStream<TcpStream>>()
    {
        let (_, tls) = stream.get_ref();
        let leaf = tls.peer_certificates().and_then(<[_]>::first);
        return Some(PeerState::from_leaf(leaf.map(|leaf| leaf.as_ref())));
    }
    #[cfg(feature = "openssl")]
    if let Some(stream) =
        connection.downcast_ref::<actix_tls::accept::openssl::TlsStream<TcpStream>>()
    {
        return Some(openssl_peer(stream.ssl()));
    }
    connection
        .downcast_ref::<TcpStream>()
        .map(|_| PeerState::Absent)
}

/// OpenSSL can be told to go on after a failed verification, and says so in
/// `verify_result` only: a certificate counts when that is in order too.
#[cfg(feature = "openssl")]
fn openssl_peer(tls: &openssl::ssl::SslRef) -> PeerState {
    use openssl::x509::X509VerifyResult;

    let Some(leaf) = tls.peer_certificate() else {
        return PeerState::Absent;
    };
    if tls.verify_result() != X509VerifyResult::OK {
        return PeerState::Rejected(CertificateError::Unverified);
    }
    // OpenSSL keeps the bytes of the signed part as it read them, and writes the rest as DER.
    match leaf.to_der() {
        Ok(der) => PeerState::from_leaf(Some(&der)),
        Err(_) => PeerState::Rejected(CertificateError::Unverified),
    }
}

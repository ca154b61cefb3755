//! Takes the peer's certificate from a connection when it is accepted.

use std::any::Any;
use std::net::IpAddr;

use actix_web::dev::Extensions;
use actix_web::rt::net::TcpStream;
use certsession_http::{TrustedProxies, warn_if_known_proxy};
use certsession_tls::PeerVerifier;

use crate::close::Closer;
use crate::peer::{CapturedPeer, Connection, Sender};

/// The hook for [`HttpServer::on_connect`](actix_web::HttpServer::on_connect): takes the
/// certificate whose key the TLS peer proved possession of, and keeps it with the connection.
///
/// `bind_mutual_tls` installs it. Call it where you bind a server in another way, or from within
/// a hook of your own. actix copies the hook at bind time: `on_connect` comes **before** `bind_*`
/// and `listen_*`.
///
/// ```no_run
/// # use actix_web::{App, HttpServer};
/// # use certsession_actix::{MutualTls, capture_peer};
/// # fn server(tls: MutualTls) {
/// let (stack, verifier) = tls.into_parts();
/// let capture = capture_peer(verifier);
/// HttpServer::new(App::new)
///     .on_connect(move |connection, extensions| {
///         capture(connection, extensions);
///         // ... and what else the connection should carry
///     });
///     // .bind_rustls_0_23(..) or .bind_openssl(..), with the configuration in `stack`
/// # drop(stack);
/// # }
/// ```
///
/// | the connection | what the middleware sees |
/// |---|---|
/// | TLS with a client certificate that the verifier confirms | that certificate, verified |
/// | TLS with one that it does not confirm, or whose client CA is taken away while it is open | rejected, never "no certificate" |
/// | TLS without a client certificate, plain TCP | no certificate |
/// | anything else (a Unix socket, another TLS stack) | nothing was captured: a 500, and an error in the log |
///
/// For a TLS configuration of your own, the constructors of [`PeerVerifier`] say what you vouch
/// for.
pub fn capture_peer(
    verifier: PeerVerifier,
) -> impl Fn(&dyn Any, &mut Extensions) + Send + Sync + Clone + 'static {
    move |connection, extensions| match peer_of(&verifier, connection) {
        Some(peer) => {
            warn_if_known_proxy(&peer.peer());
            extensions.insert(CapturedPeer::Direct(peer));
        }
        None => tracing::error!(
            target: "certsession::tls",
            "capture_peer does not know this type of connection: bind with bind_mutual_tls, \
             bind_rustls_0_23, bind_openssl or bind, with the crate feature of that TLS stack \
             on; a Unix socket carries no client certificate",
        ),
    }
}

/// As [`capture_peer`], for a socket whose connections come from proxies: who the client is, each
/// request says, and the connection says whether to believe it.
///
/// `bind_behind_proxy` installs it. For a Unix socket, which has no verifier, give one that vouches for
/// nothing: it is not asked.
pub fn capture_proxy(
    verifier: PeerVerifier,
    proxies: TrustedProxies,
) -> impl Fn(&dyn Any, &mut Extensions) + Send + Sync + Clone + 'static {
    move |connection, extensions| {
        let sender = match peer_of(&verifier, connection) {
            Some(peer) => Sender::Tcp {
                connection: peer,
                address: address_of(connection),
            },
            None if is_unix(connection) => Sender::UnixSocket,
            None => {
                tracing::error!(
                    target: "certsession::tls",
                    "capture_proxy does not know this type of connection: bind with \
                     bind_behind_proxy, or listen with listen_unix_behind_proxy",
                );
                return;
            }
        };
        let proxies = proxies.clone();
        extensions.insert(CapturedPeer::Proxy { proxies, sender });
    }
}

/// The hook of a socket for development over plain HTTP.
#[cfg(any(debug_assertions, feature = "development-http"))]
pub(crate) fn capture_development(connection: &dyn Any, extensions: &mut Extensions) {
    let plain = connection.downcast_ref::<TcpStream>();
    let client = plain.and_then(|tcp| tcp.peer_addr().ok());
    let client = client.map(|address| address.ip());
    extensions.insert(CapturedPeer::Development { client });
}

#[cfg(unix)]
fn is_unix(connection: &dyn Any) -> bool {
    connection.is::<actix_web::rt::net::UnixStream>()
}

#[cfg(not(unix))]
fn is_unix(_: &dyn Any) -> bool {
    false
}

/// The address that the connection itself comes from.
fn address_of(connection: &dyn Any) -> Option<IpAddr> {
    #[cfg(feature = "rustls-0_23")]
    if let Some(stream) =
        connection.downcast_ref::<actix_tls::accept::rustls_0_23::TlsStream<TcpStream>>()
    {
        return Some(stream.get_ref().0.peer_addr().ok()?.ip());
    }
    #[cfg(feature = "openssl")]
    if let Some(stream) =
        connection.downcast_ref::<actix_tls::accept::openssl::TlsStream<TcpStream>>()
    {
        return Some(stream.get_ref().peer_addr().ok()?.ip());
    }
    let plain = connection.downcast_ref::<TcpStream>()?;
    Some(plain.peer_addr().ok()?.ip())
}

fn peer_of(verifier: &PeerVerifier, connection: &dyn Any) -> Option<Connection> {
    #[cfg(feature = "rustls-0_23")]
    if let Some(stream) =
        connection.downcast_ref::<actix_tls::accept::rustls_0_23::TlsStream<TcpStream>>()
    {
        let (tcp, tls) = stream.get_ref();
        return Some(Connection::Tls {
            peer: verifier.rustls_connection(tls),
            closer: Closer::of_protocol(tls.alpn_protocol(), tcp),
        });
    }
    #[cfg(feature = "openssl")]
    if let Some(stream) =
        connection.downcast_ref::<actix_tls::accept::openssl::TlsStream<TcpStream>>()
    {
        let tls = stream.ssl();
        return Some(Connection::Tls {
            peer: verifier.openssl_connection(tls),
            closer: Closer::of_protocol(tls.selected_alpn_protocol(), stream.get_ref()),
        });
    }
    let is_plain = connection.downcast_ref::<TcpStream>().is_some();
    is_plain.then_some(Connection::Plain)
}

#[cfg(test)]
mod tests {
    use actix_web::dev::Extensions;
    use certsession_core::PeerState;
    use certsession_tls::PeerVerifier;

    use super::*;

    fn capture<C: 'static>(connection: &C, extensions: &mut Extensions) {
        let verifier = PeerVerifier::caller_vouches_for_full_handshakes();
        capture_peer(verifier)(connection, extensions);
    }

    #[test]
    fn a_plain_tcp_connection_has_no_certificate() {
        actix_web::rt::System::new().block_on(async {
            let listener = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
            let addr = listener.local_addr().unwrap();
            let stream = actix_web::rt::net::TcpStream::connect(addr).await.unwrap();
            let mut extensions = Extensions::new();
            capture(&stream, &mut extensions);
            let captured = extensions.get::<CapturedPeer>().unwrap();
            let CapturedPeer::Direct(connection) = captured else {
                panic!("{captured:?}");
            };
            assert!(matches!(connection.peer(), PeerState::Absent));
        });
    }

    #[test]
    fn from_an_unknown_kind_of_connection_nothing_is_captured() {
        let mut extensions = Extensions::new();
        capture(&"not a connection", &mut extensions);
        assert!(extensions.get::<CapturedPeer>().is_none());
    }
}

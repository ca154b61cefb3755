//! The peer of a request's connection, as it lies in the connection's extensions.

use actix_web::dev::ServiceRequest;
use certsession_core::PeerState;

#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
use crate::close::Closer;

/// What the hook took from a connection. The peer is asked for on each request, as client CAs may be
/// taken away while the connection is open.
///
/// A type of this crate alone, so that nothing else can put a peer there.
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
#[derive(Debug)]
pub(crate) enum CapturedPeer {
    Tls {
        peer: certsession_tls::ConnectionPeer,
        /// What closes a connection of HTTP/2.
        closer: Option<Closer>,
    },
    /// Plain TCP.
    Plain,
}

#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
impl CapturedPeer {
    pub(crate) fn state(&self) -> PeerState {
        match self {
            Self::Tls { peer, .. } => peer.state(),
            Self::Plain => PeerState::Absent,
        }
    }
}

/// The peer of a request, if one is known.
pub(crate) fn peer_of(request: &ServiceRequest) -> Option<PeerState> {
    #[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
    if let Some(captured) = request.conn_data::<CapturedPeer>() {
        return Some(captured.state());
    }
    peer_of_test(request)
}

/// What closes the connection of a request, where HTTP's own way is not open.
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
pub(crate) fn closer_of(request: &actix_web::HttpRequest) -> Option<&Closer> {
    match request.conn_data()? {
        CapturedPeer::Tls { closer, .. } => closer.as_ref(),
        CapturedPeer::Plain => None,
    }
}

/// The peer that a test has set. A connection that came through the hook never gets here.
#[cfg(feature = "test-util")]
fn peer_of_test(request: &ServiceRequest) -> Option<PeerState> {
    crate::test_util::peer_of(request).map(|peer| PeerState::clone(&peer))
}

#[cfg(not(feature = "test-util"))]
fn peer_of_test(_: &ServiceRequest) -> Option<PeerState> {
    None
}

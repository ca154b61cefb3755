//! The peer of a request's connection, as it lies in the request's extensions.

use std::net::SocketAddr;

use certsession_core::PeerState;
use http::Extensions;

/// The peer that one of this crate's servers took from the connection. It is asked for on each
/// request, as client CAs may be taken away while the connection is open.
///
/// A type of this crate alone, so that nothing else can put a peer there.
#[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
#[derive(Clone, Debug)]
pub(crate) struct CapturedPeer(pub(crate) std::sync::Arc<certsession_tls::ConnectionPeer>);

/// The address of a client, as one of this crate's servers accepted it.
#[cfg_attr(not(feature = "server"), allow(dead_code, reason = "a server's"))]
#[derive(Clone, Copy, Debug)]
pub(crate) struct ClientAddress(pub(crate) SocketAddr);

/// The peer of a connection that an acceptor of another crate has accepted, for a request's
/// extensions.
///
/// For servers that are not this crate's: axum-server, tonic's own, an acceptor for SPIFFE
/// workloads. Make it once for each connection, since it parses the certificate, and put a clone
/// into the extensions of each of its requests, in a layer outside of
/// [`CertSessionLayer`](crate::CertSessionLayer). Where the request came through a server of this
/// crate, the peer of its connection is used and this one is ignored.
///
/// ```
/// use certsession_axum::VouchedPeer;
///
/// # fn leaf_that_the_acceptor_has_verified() -> Option<Vec<u8>> { None }
/// // When a connection is accepted:
/// let leaf = leaf_that_the_acceptor_has_verified();
/// let peer = VouchedPeer::caller_vouches_for_verified_leaf(leaf.as_deref());
/// // For each request of it:
/// let mut request = http::Request::new(());
/// request.extensions_mut().insert(peer.clone());
/// ```
#[derive(Clone, Debug)]
pub struct VouchedPeer(Vouched);

#[derive(Clone, Debug)]
enum Vouched {
    Leaf(PeerState),
    #[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
    Connection(std::sync::Arc<certsession_tls::ConnectionPeer>),
}

impl VouchedPeer {
    /// The peer that presented this leaf, in DER, or no certificate at all.
    ///
    /// The caller vouches for three things, none of which can be checked here: that the peer of
    /// *this* connection has proved possession of the leaf's key; that the acceptor has verified
    /// the chain against the client CAs, also where the TLS session was resumed; and that `None`
    /// means that the client presented nothing. A header field of a proxy is no such leaf.
    ///
    /// Expiry and revocation are judged on each request, as on any connection.
    pub fn caller_vouches_for_verified_leaf(leaf: Option<&[u8]>) -> Self {
        Self(Vouched::Leaf(PeerState::from_leaf(leaf)))
    }

    fn state(&self) -> PeerState {
        match &self.0 {
            Vouched::Leaf(peer) => peer.clone(),
            #[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
            Vouched::Connection(peer) => peer.state(),
        }
    }
}

/// For an acceptor that serves a configuration of [`MutualTls`](crate::MutualTls): what its
/// [`PeerVerifier`](crate::PeerVerifier) says of the connection, for as long as it is open.
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
impl From<certsession_tls::ConnectionPeer> for VouchedPeer {
    fn from(peer: certsession_tls::ConnectionPeer) -> Self {
        Self(Vouched::Connection(std::sync::Arc::new(peer)))
    }
}

/// The peer of a request, if one is known: a connection's own goes before what is vouched for.
pub(crate) fn peer_of(extensions: &Extensions) -> Option<PeerState> {
    #[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
    if let Some(CapturedPeer(peer)) = extensions.get() {
        return Some(peer.state());
    }
    if let Some(vouched) = extensions.get::<VouchedPeer>() {
        return Some(vouched.state());
    }
    peer_of_test(extensions).cloned()
}

/// The address of the client, if it is known: from this crate's servers, or from axum's own.
pub(crate) fn address_of(extensions: &Extensions) -> Option<SocketAddr> {
    if let Some(ClientAddress(address)) = extensions.get() {
        return Some(*address);
    }
    #[cfg(feature = "axum")]
    if let Some(axum::extract::ConnectInfo(address)) = extensions.get() {
        return Some(*address);
    }
    None
}

#[cfg(feature = "test-util")]
fn peer_of_test(extensions: &Extensions) -> Option<&PeerState> {
    crate::test_util::peer_of(extensions)
}

#[cfg(not(feature = "test-util"))]
fn peer_of_test(_: &Extensions) -> Option<&PeerState> {
    None
}

//! The peer of a request's connection, as it lies in the request's extensions.

use std::net::SocketAddr;
#[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
use std::sync::Arc;

use certsession_core::PeerState;
use certsession_http::{ClientAddress, is_certificate_field, report_direct_certificate_field};
#[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
use certsession_http::{Hop, TrustedProxies};
#[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
use certsession_tls::ConnectionPeer;
use http::Extensions;
use http::header::{HeaderMap, HeaderName};
use http::request::Parts;

/// What one of this crate's servers knows of a connection, for each of its requests.
///
/// A type of this crate alone, so that nothing else can put a peer there.
#[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
#[derive(Clone, Debug)]
pub(crate) struct Captured {
    pub(crate) peer: CapturedPeer,
    /// Where it was accepted from. A Unix socket has no address.
    pub(crate) address: Option<SocketAddr>,
}

/// The peer that a server took from the connection. It is asked for on each request, as client CAs
/// may be taken away while the connection is open.
#[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
#[derive(Clone, Debug)]
pub(crate) enum CapturedPeer {
    /// The client itself.
    Direct(Arc<ConnectionPeer>),
    /// A sender that says who its clients are, request by request.
    Proxy(TrustedProxies, Sender),
    /// A client over plain HTTP, in development.
    #[cfg(any(debug_assertions, feature = "development-http"))]
    Development(std::net::IpAddr),
}

/// The sender of a connection to a socket for proxies.
#[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
#[derive(Clone, Debug)]
pub(crate) enum Sender {
    Tls(Arc<ConnectionPeer>),
    #[cfg(unix)]
    UnixSocket,
}

/// The peer that a proxy forwarded, for the layers further in: the fields that told it are gone by
/// then. A type of this crate alone, as [`CapturedPeer`].
#[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
#[derive(Clone, Debug)]
struct ForwardedPeer(PeerState);

/// Who sent a request.
pub(crate) struct Origin {
    /// `None` where nothing captured a peer.
    pub(crate) peer: Option<PeerState>,
    /// Whether a proxy has forwarded it.
    pub(crate) is_forwarded: bool,
}

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

/// The peer of a request, if one is known: a connection's own goes before what is vouched for. The
/// fields that say who a client is are gone afterwards.
pub(crate) fn take_peer(parts: &mut Parts) -> Origin {
    #[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
    if let Some(Captured {
        peer: CapturedPeer::Proxy(proxies, sender),
        address,
    }) = parts.extensions.get()
    {
        if let Some(ForwardedPeer(peer)) = parts.extensions.get() {
            return Origin {
                peer: Some(peer.clone()),
                is_forwarded: true,
            };
        }
        let fields = parts.headers.iter();
        let fields = fields.map(|(name, value)| (name.as_ref(), value.as_bytes()));
        let forwarded = match sender {
            Sender::Tls(peer) => {
                let (peer, address) = (&peer.state(), address.map(|address| address.ip()));
                proxies.peer_of(Hop::Tls { peer, address }, fields)
            }
            #[cfg(unix)]
            Sender::UnixSocket => proxies.peer_of(Hop::UnixSocket, fields),
        };
        let proxies = proxies.clone();
        remove_fields(&mut parts.headers, |name| proxies.is_hidden_field(name));
        if let Some(address) = forwarded.client_address {
            parts.extensions.insert(ClientAddress::new(address));
        }
        parts
            .extensions
            .insert(ForwardedPeer(forwarded.peer.clone()));
        return Origin {
            peer: Some(forwarded.peer),
            is_forwarded: true,
        };
    }
    if let Some(first) = remove_fields(&mut parts.headers, is_certificate_field) {
        let sender = || (direct_peer(parts), address_of(&parts.extensions));
        report_direct_certificate_field(first.as_str(), sender);
    }
    Origin {
        peer: direct_peer(parts),
        is_forwarded: false,
    }
}

fn direct_peer(parts: &Parts) -> Option<PeerState> {
    let extensions = &parts.extensions;
    #[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
    match extensions.get().map(|captured: &Captured| &captured.peer) {
        Some(CapturedPeer::Direct(peer)) => return Some(peer.state()),
        #[cfg(any(debug_assertions, feature = "development-http"))]
        Some(CapturedPeer::Development(client)) => {
            let fields = parts.headers.iter();
            let fields = fields.map(|(name, value)| (name.as_ref(), value.as_bytes()));
            let authority = parts.uri.authority();
            let authority = authority.map(|authority| authority.as_str().as_bytes());
            return Some(certsession_http::development_peer(
                Some(*client),
                authority,
                fields,
            ));
        }
        _ => {}
    }
    if let Some(vouched) = extensions.get::<VouchedPeer>() {
        return Some(vouched.state());
    }
    peer_of_test(extensions).cloned()
}

/// The address of the client, if it is known: as the authenticated proxy saw it, without a port, from
/// this crate's servers, or from axum's own.
pub(crate) fn address_of(extensions: &Extensions) -> Option<SocketAddr> {
    if let Some(forwarded) = extensions.get::<ClientAddress>() {
        return Some(SocketAddr::new(forwarded.get(), 0));
    }
    #[cfg(all(feature = "server", any(feature = "rustls-0_23", feature = "openssl")))]
    if let Some(Captured { address, .. }) = extensions.get() {
        return *address;
    }
    #[cfg(feature = "axum")]
    if let Some(axum::extract::ConnectInfo(address)) = extensions.get() {
        return Some(*address);
    }
    None
}

/// Whether the client came over plain HTTP in development mode.
pub(crate) fn is_development(extensions: &Extensions) -> bool {
    #[cfg(all(
        feature = "server",
        any(feature = "rustls-0_23", feature = "openssl"),
        any(debug_assertions, feature = "development-http"),
    ))]
    if let Some(Captured {
        peer: CapturedPeer::Development(_),
        ..
    }) = extensions.get()
    {
        return true;
    }
    let _ = extensions;
    false
}

/// Removes the fields of these names, and returns the name of the first.
fn remove_fields(headers: &mut HeaderMap, is_one: impl Fn(&[u8]) -> bool) -> Option<HeaderName> {
    let mut first = None;
    loop {
        let mut names = headers.keys();
        let Some(name) = names.find(|name| is_one(name.as_ref())).cloned() else {
            return first;
        };
        headers.remove(&name);
        first.get_or_insert(name);
    }
}

#[cfg(feature = "test-util")]
fn peer_of_test(extensions: &Extensions) -> Option<&PeerState> {
    crate::test_util::peer_of(extensions)
}

#[cfg(not(feature = "test-util"))]
fn peer_of_test(_: &Extensions) -> Option<&PeerState> {
    None
}

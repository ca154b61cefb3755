//! The peer of a request: of its connection, or who the proxy says that forwards it.

use std::net::SocketAddr;
use std::panic::{AssertUnwindSafe, catch_unwind};

use actix_web::HttpMessage;
use actix_web::dev::ServiceRequest;
use actix_web::http::header::UPGRADE;
use certsession_core::PeerState;
use certsession_http::{
    ClientAddress, SetUpFault, SetUpFaultKind, is_certificate_field,
    report_direct_certificate_field,
};
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
use {
    crate::close::Closer,
    certsession_http::{Hop, TrustedProxies},
    std::net::IpAddr,
};

/// What the hook took from a connection, as it lies in the connection's extensions.
///
/// A type of this crate alone, so that nothing else can put a peer there.
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
#[derive(Debug)]
pub(crate) enum CapturedPeer {
    /// The client itself.
    Direct(Connection),
    /// A sender that says who its clients are, request by request.
    Proxy {
        proxies: TrustedProxies,
        sender: Sender,
    },
    /// A client over plain HTTP, in development.
    #[cfg(any(debug_assertions, feature = "development-http"))]
    Development { client: Option<IpAddr> },
}

/// A connection over TCP. Its peer is asked for on each request, as client CAs may be taken away
/// while it is open.
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
#[derive(Debug)]
pub(crate) enum Connection {
    Tls {
        peer: certsession_tls::ConnectionPeer,
        /// What closes a connection of HTTP/2.
        closer: Option<Closer>,
    },
    Plain,
}

/// The sender of a connection to a socket for proxies.
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
#[derive(Debug)]
pub(crate) enum Sender {
    Tcp {
        connection: Connection,
        address: Option<IpAddr>,
    },
    UnixSocket,
}

#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
impl Connection {
    pub(crate) fn peer(&self) -> PeerState {
        match self {
            Self::Tls { peer, .. } => peer.state(),
            Self::Plain => PeerState::Absent,
        }
    }
}

/// The peer that a proxy forwarded, for the middleware further in: the fields that told it are gone
/// by then. A type of this crate alone, as [`CapturedPeer`].
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
struct ForwardedPeer(PeerState);

/// An outer middleware that keeps the request would make actix-web panic where a field is removed.
const REQUEST_HELD: SetUpFault = SetUpFault::new(
    SetUpFaultKind::RequestHeld,
    "a middleware outside of CertSessionMiddleware holds a clone of the `HttpRequest`, so that the \
     fields in which clients could name a certificate cannot be removed: let it drop the clone \
     before it calls the next service, or wrap it inside of CertSessionMiddleware",
);

/// Who sent a request.
pub(crate) struct Origin {
    /// `None` where nothing captured a peer.
    pub(crate) peer: Option<PeerState>,
    /// Whether a proxy has forwarded it.
    pub(crate) is_forwarded: bool,
    /// Whether it has an `Upgrade` field. Noted here, where each name is looked at in any case.
    pub(crate) has_upgrade: bool,
}

/// The peer of a request. The fields that say who a client is are gone afterwards.
pub(crate) fn take_peer(request: &mut ServiceRequest) -> Result<Origin, SetUpFault> {
    #[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
    if let Some(CapturedPeer::Proxy { proxies, sender }) = request.conn_data() {
        let has_upgrade = request.headers().contains_key(UPGRADE);
        let origin = |peer| Origin {
            peer: Some(peer),
            is_forwarded: true,
            has_upgrade,
        };
        if let Some(ForwardedPeer(peer)) = request.extensions().get() {
            return Ok(origin(peer.clone()));
        }
        let fields = request.headers().iter();
        let fields = fields.map(|(name, value)| (name.as_ref(), value.as_bytes()));
        let forwarded = match sender {
            Sender::Tcp {
                connection,
                address,
            } => {
                let (peer, address) = (&connection.peer(), *address);
                proxies.peer_of(Hop::Tls { peer, address }, fields)
            }
            Sender::UnixSocket => proxies.peer_of(Hop::UnixSocket, fields),
        };
        let proxies = proxies.clone();
        remove_fields(request, |name| proxies.is_hidden_field(name))?;
        let mut extensions = request.extensions_mut();
        if let Some(address) = forwarded.client_address {
            extensions.insert(ClientAddress::new(address));
        }
        extensions.insert(ForwardedPeer(forwarded.peer.clone()));
        return Ok(origin(forwarded.peer));
    }
    let (mut certificate_field, mut has_upgrade) = (None, false);
    for name in request.headers().keys() {
        has_upgrade |= *name == UPGRADE;
        if is_certificate_field(name.as_ref()) {
            certificate_field = Some(name);
        }
    }
    if let Some(name) = certificate_field {
        let sender = || (direct_peer(request), request.peer_addr());
        report_direct_certificate_field(name.as_str(), sender);
        remove_fields(request, is_certificate_field)?;
    }
    Ok(Origin {
        peer: direct_peer(request),
        is_forwarded: false,
        has_upgrade,
    })
}

/// Removes the fields of these names. That needs the one reference to the request, and actix-web has
/// no other way to find out whether it is the one.
fn remove_fields(
    request: &mut ServiceRequest,
    is_one: impl Fn(&[u8]) -> bool,
) -> Result<(), SetUpFault> {
    let mut names = request.headers().keys();
    if !names.any(|name| is_one(name.as_ref())) {
        return Ok(());
    }
    let removed = catch_unwind(AssertUnwindSafe(|| {
        let headers = request.headers_mut();
        headers.retain(|name, _| !is_one(name.as_ref()));
    }));
    removed.map_err(|_| REQUEST_HELD)
}

/// The address of the client: as the authenticated proxy saw it, without a port, or where the
/// connection comes from.
pub(crate) fn address_of(request: &ServiceRequest, is_forwarded: bool) -> Option<SocketAddr> {
    if is_forwarded && let Some(address) = request.extensions().get::<ClientAddress>() {
        return Some(SocketAddr::new(address.get(), 0));
    }
    request.peer_addr()
}

fn direct_peer(request: &ServiceRequest) -> Option<PeerState> {
    #[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
    match request.conn_data() {
        Some(CapturedPeer::Direct(connection)) => return Some(connection.peer()),
        #[cfg(any(debug_assertions, feature = "development-http"))]
        Some(CapturedPeer::Development { client }) => {
            let fields = request.headers().iter();
            let fields = fields.map(|(name, value)| (name.as_ref(), value.as_bytes()));
            let authority = request.uri().authority();
            let authority = authority.map(|authority| authority.as_str().as_bytes());
            return Some(certsession_http::development_peer(
                *client, authority, fields,
            ));
        }
        _ => {}
    }
    peer_of_test(request)
}

/// What closes the client's connection, where HTTP's own way is not open.
#[cfg(any(feature = "rustls-0_23", feature = "openssl"))]
pub(crate) fn closer_of(request: &actix_web::HttpRequest) -> Option<&Closer> {
    match request.conn_data()? {
        CapturedPeer::Direct(Connection::Tls { closer, .. }) => closer.as_ref(),
        _ => None,
    }
}

/// Whether the client came over plain HTTP in development mode.
pub(crate) fn is_development(request: &ServiceRequest) -> bool {
    #[cfg(all(
        any(feature = "rustls-0_23", feature = "openssl"),
        any(debug_assertions, feature = "development-http"),
    ))]
    if let Some(CapturedPeer::Development { .. }) = request.conn_data() {
        return true;
    }
    let _ = request;
    false
}

/// The peer that a test has set. A connection that came through the hook never gets here.
#[cfg(feature = "test-util")]
fn peer_of_test(request: &ServiceRequest) -> Option<PeerState> {
    crate::test_util::peer_of(request)
}

#[cfg(not(feature = "test-util"))]
fn peer_of_test(_: &ServiceRequest) -> Option<PeerState> {
    None
}

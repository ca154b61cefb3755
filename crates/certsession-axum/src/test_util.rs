//! For tests: the peer certificate of requests that never crossed a network.
//!
//! Nothing here can weaken a server. The seam is read only where no connection was captured, which
//! with one of this crate's servers is never; and only code inside the process can set it, not a
//! request.

use certsession_core::PeerState;
use http::{Extensions, Request};

/// Sets the peer of a request for `tower::ServiceExt::oneshot`.
///
/// ```
/// use axum_core::body::Body;
/// use certsession_axum::PeerState;
/// use certsession_axum::test_util::TestPeerExt;
/// use http::Request;
///
/// let request = Request::new(Body::empty()).with_peer(PeerState::Absent);
/// # let _ = request;
/// ```
pub trait TestPeerExt {
    /// The request, as if it came over a connection with this peer.
    #[must_use]
    fn with_peer(self, peer: PeerState) -> Self;
}

impl<B> TestPeerExt for Request<B> {
    fn with_peer(mut self, peer: PeerState) -> Self {
        self.extensions_mut().insert(TestPeer(peer));
        self
    }
}

#[derive(Clone)]
struct TestPeer(PeerState);

pub(crate) fn peer_of(extensions: &Extensions) -> Option<&PeerState> {
    extensions.get().map(|TestPeer(peer)| peer)
}

//! For tests: the peer certificate of requests that never crossed a network.
//!
//! Nothing here can weaken a server. The seam is read only where no connection was captured,
//! which with [`capture_peer`](crate::capture_peer) in place is never; and only code inside the
//! process can set it, not a request.

use actix_http::Request;
use actix_web::HttpMessage;
use actix_web::dev::ServiceRequest;
use actix_web::test::TestRequest;
use certsession_core::PeerState;

/// Sets the peer of an `actix_web::test` request.
///
/// ```
/// use actix_web::test::TestRequest;
/// use certsession_actix::PeerState;
/// use certsession_actix::test_util::TestPeerExt;
///
/// let request = TestRequest::get().uri("/").to_request_from(PeerState::Absent);
/// # let _ = request;
/// ```
pub trait TestPeerExt {
    /// The request, as if it came over a connection with this peer.
    fn to_request_from(self, peer: PeerState) -> Request;
}

impl TestPeerExt for TestRequest {
    fn to_request_from(self, peer: PeerState) -> Request {
        let request = self.to_request();
        request.extensions_mut().insert(TestPeer(peer));
        request
    }
}

struct TestPeer(PeerState);

pub(crate) fn peer_of(request: &ServiceRequest) -> Option<PeerState> {
    let extensions = request.extensions();
    extensions
        .get::<TestPeer>()
        .map(|TestPeer(peer)| peer.clone())
}

//! The clients that send requests.

use std::sync::Arc;

use certs_dev::{Authority, Identity, LeafRequest};
use certsession_core::{PeerCertificate, PeerState};

/// Issues a client certificate.
pub fn client(authority: &Authority, request: &LeafRequest) -> Identity {
    authority.issue(request).expect("the request is valid")
}

/// A connection of this client.
pub fn peer(identity: &Identity) -> PeerState {
    let certificate = PeerCertificate::from_der(identity.certificate_der());
    PeerState::Verified(Arc::new(certificate.expect("it was just issued")))
}

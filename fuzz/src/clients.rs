//! Who sends requests.

use std::sync::Arc;

use certs_dev::{Authority, Identity, LeafRequest};
use certsession_core::{PeerCertificate, PeerState};

/// A client that the authority has issued.
pub fn client(authority: &Authority, request: &LeafRequest) -> Identity {
    authority.issue(request).expect("the request is a good one")
}

/// A connection of this client's.
pub fn peer(identity: &Identity) -> PeerState {
    let certificate = PeerCertificate::from_der(identity.certificate_der());
    PeerState::Verified(Arc::new(certificate.expect("it was just issued")))
}

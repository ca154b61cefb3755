//! What is known about the peer of a connection.

use std::sync::Arc;

use super::{CertificateError, PeerCertificate, TrustAnchor};

/// What is known about the peer of a connection, once its certificate was looked for.
///
/// There are three answers, and they are never mixed up: a certificate that cannot be read is
/// [`Rejected`](Self::Rejected), not [`Absent`](Self::Absent), because a client with a broken
/// certificate must not be served as one that has none. That no one looked is not a state of
/// the peer but a fault of the set-up, and adapters report it as such.
#[derive(Clone, Debug)]
pub enum PeerState {
    /// The peer presented no certificate.
    Absent,
    /// The peer proved possession of this certificate's key.
    Verified(Arc<PeerCertificate>),
    /// The peer presented a certificate that cannot be used.
    Rejected(CertificateError),
}

impl PeerState {
    /// Judges the leaf that the TLS stack verified on this connection; `None` if the peer
    /// presented none.
    ///
    /// ```
    /// use certsession_core::PeerState;
    ///
    /// assert!(matches!(PeerState::from_leaf(None), PeerState::Absent));
    /// assert!(matches!(PeerState::from_leaf(Some(b"junk")), PeerState::Rejected(_)));
    /// ```
    pub fn from_leaf(der: Option<&[u8]>) -> Self {
        let usable = |der| {
            PeerCertificate::from_der(der)
                .and_then(|certificate| certificate.check_key_usage().map(|()| certificate))
                .map_err(|error| error.of(der))
        };
        match der.map(usable) {
            None => Self::Absent,
            Some(Ok(certificate)) => Self::Verified(Arc::new(certificate)),
            Some(Err(error)) => Self::Rejected(error),
        }
    }

    /// Notes which trust anchor verified the chain; see [`PeerCertificate::verified_by`].
    #[must_use]
    pub fn verified_by(self, anchor: TrustAnchor) -> Self {
        match self {
            Self::Verified(certificate) => {
                let certificate = Arc::unwrap_or_clone(certificate);
                Self::Verified(Arc::new(certificate.verified_by(anchor)))
            }
            other => other,
        }
    }

    /// The verified certificate, if there is one.
    ///
    /// `None` says nothing about why: match on the state where absent and rejected differ.
    pub fn certificate(&self) -> Option<&Arc<PeerCertificate>> {
        match self {
            Self::Verified(certificate) => Some(certificate),
            Self::Absent | Self::Rejected(_) => None,
        }
    }
}

//! The configured CA that verified a certificate's chain.

use super::hashes::sha256_of;
use super::{CaCertificate, NameHash, PublicKeyHash};

/// The trust anchor that verified a certificate's chain: one of the CAs that the application is
/// configured with, and not the certificate's issuer, which may be an intermediate.
///
/// It is known by its key. A name identifies no CA: another may have the same.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TrustAnchor {
    pub(crate) public_key: PublicKeyHash,
    /// The SPIFFE trust domain that its own certificate names.
    pub(crate) trust_domain: Option<NameHash>,
}

impl TrustAnchor {
    /// The SHA-256 of its SubjectPublicKeyInfo.
    pub const fn public_key_hash(&self) -> &PublicKeyHash {
        &self.public_key
    }
}

impl From<&CaCertificate> for TrustAnchor {
    fn from(ca: &CaCertificate) -> Self {
        let hash = |name: &str| NameHash::from_bytes(sha256_of(&[b"t", name.as_bytes()]));
        Self {
            public_key: *ca.public_key_hash(),
            trust_domain: ca.trust_domain().map(hash),
        }
    }
}

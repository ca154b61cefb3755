//! By which name a certificate's owner stays the same when the certificate and its key change.

use std::fmt;

use super::PeerCertificate;
use super::hashes::{sha256_of, write_hex};

/// Which name of the subject alternative name extension tells who the owner is.
///
/// It tells so only where a certificate has exactly one name of that kind: of two, each reader
/// could pick another. A name that is empty or not printable ASCII counts, and identifies no one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum IdentityName {
    /// The SPIFFE id (X509-SVID section 2).
    SpiffeId,
    /// The DNS name. Upper and lower case are the same.
    DnsName,
    /// The e-mail address, spelt as in the certificate.
    EmailAddress,
    /// The URI, spelt as in the certificate.
    Uri,
}

/// SHA-256 of a name and its kind: what a record keeps of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NameHash([u8; 32]);

impl IdentityName {
    /// The kinds whose names a record keeps. A SPIFFE id is a URI.
    const KEPT: [Self; 3] = [Self::DnsName, Self::EmailAddress, Self::Uri];

    /// The one name of this kind.
    pub(crate) fn find(self, certificate: &PeerCertificate) -> Option<NameHash> {
        let name = match self {
            Self::SpiffeId => certificate.spiffe_id(),
            _ if certificate.has_unusable(self) => None,
            Self::DnsName => the_one(certificate.dns_names()),
            Self::EmailAddress => the_one(certificate.email_addresses()),
            Self::Uri => the_one(certificate.uris()),
        };
        name.map(|name| self.hash(name))
    }

    /// What a record keeps of a certificate's names: of each kind the one, if there is one.
    pub(crate) fn keep(certificate: &PeerCertificate) -> Box<[NameHash]> {
        let kept = Self::KEPT.iter();
        kept.filter_map(|kind| kind.find(certificate)).collect()
    }

    pub(crate) fn hash(self, name: &str) -> NameHash {
        NameHash(match self {
            Self::SpiffeId | Self::Uri => sha256_of(&[b"u", name.as_bytes()]),
            Self::DnsName => sha256_of(&[b"d", name.to_ascii_lowercase().as_bytes()]),
            Self::EmailAddress => sha256_of(&[b"e", name.as_bytes()]),
        })
    }
}

impl NameHash {
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for NameHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameHash(")?;
        write_hex(f, &self.0)?;
        f.write_str(")")
    }
}

fn the_one<'n>(mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let first = names.next();
    first.filter(|_| names.next().is_none())
}

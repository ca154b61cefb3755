//! By which name a certificate's owner stays the same when the certificate and its key change.

use super::hashes::{NameHash, sha256_of};
use super::{IdentityName, PeerCertificate};

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
        NameHash::from_bytes(match self {
            Self::SpiffeId | Self::Uri => sha256_of(&[b"u", name.as_bytes()]),
            Self::DnsName => sha256_of(&[b"d", name.to_ascii_lowercase().as_bytes()]),
            Self::EmailAddress => sha256_of(&[b"e", name.as_bytes()]),
        })
    }
}

fn the_one<'n>(mut names: impl Iterator<Item = &'n str>) -> Option<&'n str> {
    let first = names.next();
    first.filter(|_| names.next().is_none())
}

//! What is revoked, and by which name.

use std::collections::{HashMap, HashSet};

use crate::certificate::{IssuerHash, PeerCertificate, PublicKeyHash, SerialNumber};

/// One certificate, or one key, that is no longer accepted.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Revocation {
    /// The certificate of this serial number under this issuer.
    Certificate {
        /// SHA-256 of the issuer's name.
        issuer: IssuerHash,
        /// The serial number.
        serial: SerialNumber,
    },
    /// Every certificate of this key, whoever has issued it.
    PublicKey(PublicKeyHash),
}

impl Revocation {
    /// This certificate alone, by its issuer and serial number.
    pub fn of_certificate(certificate: &PeerCertificate) -> Self {
        Self::Certificate {
            issuer: *certificate.issuer_hash(),
            serial: certificate.serial().clone(),
        }
    }

    /// The certificate's key, so that neither this certificate nor another one for the key is
    /// accepted.
    pub fn of_key(certificate: &PeerCertificate) -> Self {
        Self::PublicKey(*certificate.public_key_hash())
    }
}

/// Serial numbers of one issuer.
///
/// They are compared as numbers: an authority that writes a superfluous zero in the certificate
/// and none in its list means the same certificate. (Elsewhere serial numbers are compared byte
/// by byte: there a match lets somebody in, here it keeps somebody out.)
#[derive(Clone, Debug, Default)]
pub(crate) struct Serials(HashSet<Box<[u8]>>);

impl Serials {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self(HashSet::with_capacity(capacity))
    }

    /// True if it was not there.
    pub(super) fn insert(&mut self, serial: &[u8]) -> bool {
        self.0.insert(shortest(serial).into())
    }

    pub(super) fn contains(&self, serial: &SerialNumber) -> bool {
        self.0.contains(shortest(serial.as_bytes()))
    }

    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.0.iter().map(AsRef::as_ref)
    }

    pub(super) fn holds(&self, serial: &[u8]) -> bool {
        self.0.contains(serial)
    }
}

/// What was revoked by call.
#[derive(Clone, Debug, Default)]
pub(super) struct ByCall {
    pub(super) certificates: HashMap<IssuerHash, Serials>,
    pub(super) keys: HashSet<PublicKeyHash>,
}

impl ByCall {
    /// True if it was not there.
    pub(super) fn insert(&mut self, revocation: &Revocation) -> bool {
        match revocation {
            Revocation::Certificate { issuer, serial } => {
                let serials = self.certificates.entry(*issuer).or_default();
                serials.insert(serial.as_bytes())
            }
            Revocation::PublicKey(key) => self.keys.insert(*key),
        }
    }
}

/// The shortest form of a two's complement number (X.690 section 8.3.2).
fn shortest(mut bytes: &[u8]) -> &[u8] {
    while let [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] = bytes {
        bytes = &bytes[1..];
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn serials_are_compared_as_numbers() {
        let mut serials = Serials::default();
        serials.insert(&[0x00, 0x00, 0x01]);
        serials.insert(&[0x00, 0xff]);
        let contains = |bytes: &[u8]| serials.contains(&SerialNumber::from_bytes(bytes));
        assert!(contains(&[0x01]));
        assert!(contains(&[0x00, 0x01]));
        assert!(contains(&[0x00, 0x00, 0xff]));
        assert!(!contains(&[0xff]), "minus one is not 255");
        assert!(!contains(&[0x00]));
        assert!(!contains(&[0x01, 0x00]));
    }
}

//! What is revoked, and by which name.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::sync::Arc;

use crate::certificate::{IssuerHash, PeerCertificate, PublicKeyHash, SerialNumber, shortest};

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
    /// Every certificate of this key, under any issuer.
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

/// Serial numbers of one issuer: a hash table whose keys are in one piece of memory, since a
/// list may have a million of them.
///
/// They are compared as numbers: an authority that writes a superfluous zero in the certificate
/// and none in its list means the same certificate. (Elsewhere serial numbers are compared byte
/// by byte: there a match lets a certificate in, here it keeps one out.)
#[derive(Clone, Default)]
pub(crate) struct Serials {
    /// Each with its length before it.
    bytes: Vec<u8>,
    /// Where one begins, and one more; zero is a free slot. The length is a power of two, and
    /// at least a quarter of the slots is free.
    slots: Vec<u32>,
    count: usize,
    hasher: RandomState,
}

impl Serials {
    pub(super) fn with_capacity(capacity: usize) -> Self {
        Self {
            slots: vec![0; slots_for(capacity)],
            ..Self::default()
        }
    }

    /// True if it was not there. No certificate that is read has a serial number longer than 255
    /// bytes: such an entry means none.
    pub(super) fn insert(&mut self, serial: &[u8]) -> bool {
        let serial = shortest(serial);
        let (Ok(length), Ok(place)) = (
            u8::try_from(serial.len()),
            u32::try_from(self.bytes.len() + 1),
        ) else {
            return false;
        };
        if self.slots.len() < slots_for(self.count + 1) {
            self.grow();
        }
        let slot = self.slot(serial);
        if self.slots[slot] != 0 {
            return false;
        }
        self.slots[slot] = place;
        self.bytes.push(length);
        self.bytes.extend_from_slice(serial);
        self.count += 1;
        true
    }

    pub(super) fn contains(&self, serial: &SerialNumber) -> bool {
        self.holds(serial.as_bytes())
    }

    pub(super) fn holds(&self, serial: &[u8]) -> bool {
        !self.slots.is_empty() && self.slots[self.slot(shortest(serial))] != 0
    }

    pub(super) fn len(&self) -> usize {
        self.count
    }

    /// The serial number that begins at this place, and where the next one does. The first begins
    /// at 0.
    pub(super) fn at(&self, place: usize) -> Option<(&[u8], usize)> {
        let length = usize::from(*self.bytes.get(place)?);
        let end = place + 1 + length;
        Some((self.bytes.get(place + 1..end)?, end))
    }

    /// Gives back what is left over.
    pub(super) fn shrink(&mut self) {
        self.bytes.shrink_to_fit();
    }

    /// The slot of this serial number, or the free one where it would be.
    fn slot(&self, serial: &[u8]) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = self.hasher.hash_one(serial) as usize & mask;
        while let Some(place) = self.slots[slot].checked_sub(1)
            && self.at(place as usize).map(|(held, _)| held) != Some(serial)
        {
            slot = (slot + 1) & mask;
        }
        slot
    }

    fn grow(&mut self) {
        self.slots = vec![0; slots_for(self.count + 1).max(2 * self.slots.len())];
        let mut at = 0;
        while let Some((serial, next)) = self.at(at) {
            let slot = self.slot(serial);
            // It fitted when it was put in.
            self.slots[slot] = at as u32 + 1;
            at = next;
        }
    }
}

/// How many slots leave a quarter free.
fn slots_for(count: usize) -> usize {
    (count + count / 3 + 2).next_power_of_two()
}

impl fmt::Debug for Serials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} serial numbers", self.count)
    }
}

/// What was revoked by call.
#[derive(Clone, Debug, Default)]
pub(super) struct ByCall {
    pub(super) certificates: HashMap<IssuerHash, Arc<Serials>>,
    pub(super) keys: HashSet<PublicKeyHash>,
}

impl ByCall {
    /// True if it was not there.
    pub(super) fn insert(&mut self, revocation: &Revocation) -> bool {
        match revocation {
            Revocation::Certificate { issuer, serial } => {
                let serials = self.certificates.entry(*issuer).or_default();
                Arc::make_mut(serials).insert(serial.as_bytes())
            }
            Revocation::PublicKey(key) => self.keys.insert(*key),
        }
    }
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

    #[test]
    fn what_was_put_in_is_found_and_nothing_else() {
        let mut serials = Serials::default();
        assert!(!serials.holds(&[1]));
        let number = |n: u32| n.to_be_bytes().to_vec();
        for n in 0..10_000 {
            assert!(serials.insert(&number(2 * n)));
            assert!(!serials.insert(&number(2 * n)), "it is there");
        }
        assert_eq!(serials.len(), 10_000);
        assert!((0..10_000).all(|n| serials.holds(&number(2 * n))));
        assert!((0..10_000).all(|n| !serials.holds(&number(2 * n + 1))));
        assert_eq!(serials.at(0), Some((&[0][..], 2)));
        assert_eq!(serials.at(2), Some((&[2][..], 4)));
        assert!(!serials.insert(&[1; 256]), "longer than any that is read");
    }
}

//! Certificates and revocation lists, put together by hand so that each field can be odd.

use certsession_core::{CaCertificate, PeerCertificate, Timestamp};
use ring::rand::SystemRandom;
use ring::signature::{Ed25519KeyPair, KeyPair};

/// 2030-01-01.
pub(crate) const NOW: Timestamp = Timestamp::from_millis(1_893_456_000_000);

const ED25519: &[u8] = &[0x30, 5, 0x06, 3, 0x2b, 0x65, 0x70];

/// One DER element.
pub(crate) fn element(tag: u8, contents: impl AsRef<[u8]>) -> Vec<u8> {
    let contents = contents.as_ref();
    let mut der = vec![tag];
    match contents.len() {
        short @ 0..0x80 => der.push(short as u8),
        long => {
            let bytes = (long as u32).to_be_bytes();
            let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
            der.push(0x80 | (4 - zeros) as u8);
            der.extend_from_slice(&bytes[zeros..]);
        }
    }
    der.extend_from_slice(contents);
    der
}

pub(crate) fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    element(0x30, parts.concat())
}

/// A Name with one CN of this string type.
pub(crate) fn name(tag: u8, cn: &str) -> Vec<u8> {
    let attribute = sequence(&[vec![0x06, 3, 0x55, 4, 3], element(tag, cn)]);
    sequence(&[element(0x31, attribute)])
}

fn time(at: Timestamp) -> Vec<u8> {
    // Without the milliseconds.
    let text = at.to_string();
    let digits = text[..19].chars().filter(char::is_ascii_digit);
    element(0x18, digits.collect::<String>() + "Z")
}

pub(crate) fn extension(id: u8, is_critical: bool, value: Vec<u8>) -> Vec<u8> {
    let critical = match is_critical {
        true => element(0x01, [0xff]),
        false => Vec::new(),
    };
    sequence(&[
        vec![0x06, 3, 0x55, 0x1d, id],
        critical,
        element(0x04, value),
    ])
}

/// A CA with an Ed25519 key.
pub(crate) struct Ca {
    pub(crate) name: Vec<u8>,
    pub(crate) key: Ed25519KeyPair,
    pub(crate) not_after: Timestamp,
}

impl Ca {
    pub(crate) fn named(cn: &str) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).unwrap();
        Self {
            name: name(0x0c, cn),
            key: Ed25519KeyPair::from_pkcs8(key.as_ref()).unwrap(),
            not_after: Timestamp::from_millis(u64::MAX >> 20),
        }
    }

    fn certificate(
        &self,
        serial: &[u8],
        subject: &[u8],
        key: &[u8],
        extensions: &[Vec<u8>],
    ) -> Vec<u8> {
        let key = sequence(&[ED25519.to_vec(), element(0x03, [&[0], key].concat())]);
        let explicit = match extensions {
            [] => Vec::new(),
            extensions => element(0xa3, sequence(extensions)),
        };
        let validity = sequence(&[time(Timestamp::from_millis(0)), time(self.not_after)]);
        let signed = sequence(&[
            element(0xa0, element(0x02, [2])),
            element(0x02, serial),
            ED25519.to_vec(),
            self.name.clone(),
            validity,
            subject.to_vec(),
            key,
            explicit,
        ]);
        self.sign(signed)
    }

    fn sign(&self, signed: Vec<u8>) -> Vec<u8> {
        let signature = self.key.sign(&signed);
        let signature = element(0x03, [&[0], signature.as_ref()].concat());
        sequence(&[signed, ED25519.to_vec(), signature])
    }

    /// Its own certificate.
    pub(crate) fn ca(&self) -> CaCertificate {
        self.ca_with(Vec::new())
    }

    /// Its own certificate, with these extensions besides the basic constraints.
    pub(crate) fn ca_with(&self, mut extensions: Vec<Vec<u8>>) -> CaCertificate {
        extensions.push(extension(19, true, sequence(&[element(0x01, [0xff])])));
        let key = self.key.public_key().as_ref();
        let der = self.certificate(&[1], &self.name, key, &extensions);
        CaCertificate::from_der(&der).unwrap()
    }

    /// A client's certificate of this serial number.
    pub(crate) fn leaf(&self, serial: &[u8]) -> PeerCertificate {
        let der = self.certificate(serial, &name(0x0c, "client"), &[7; 32], &[]);
        PeerCertificate::from_der(&der).unwrap()
    }
}

/// A revocation list, to be signed.
#[derive(Clone)]
pub(crate) struct List {
    pub(crate) issuer: Option<Vec<u8>>,
    pub(crate) this_update: Timestamp,
    pub(crate) next_update: Timestamp,
    pub(crate) serials: Vec<Vec<u8>>,
    pub(crate) entry_extensions: Vec<Vec<u8>>,
    pub(crate) extensions: Vec<Vec<u8>>,
}

impl List {
    /// Made now, good for a week.
    pub(crate) fn of(serials: &[u8]) -> Self {
        Self {
            issuer: None,
            this_update: NOW,
            next_update: NOW + DAY * 7,
            serials: serials.iter().map(|serial| vec![*serial]).collect(),
            entry_extensions: Vec::new(),
            extensions: Vec::new(),
        }
    }

    /// Made so many days after [`NOW`], or before it, and good for a week.
    pub(crate) fn made(mut self, days: i32) -> Self {
        let day = DAY.as_millis() as i64;
        let at = NOW.as_millis() as i64 + i64::from(days) * day;
        self.this_update = Timestamp::from_millis(at as u64);
        self.next_update = self.this_update + DAY * 7;
        self
    }

    pub(crate) fn extension(mut self, id: u8, is_critical: bool, value: Vec<u8>) -> Self {
        self.extensions.push(extension(id, is_critical, value));
        self
    }

    /// With an issuing distribution point of these fields.
    pub(crate) fn scope(self, fields: &[Vec<u8>]) -> Self {
        self.extension(28, true, sequence(fields))
    }

    /// One of several lists, each of another distribution point.
    pub(crate) fn shard(self, uri: &str) -> Self {
        self.scope(&[point(uri), element(0x81, [0xff])])
    }

    pub(crate) fn signed_by(&self, ca: &Ca) -> Vec<u8> {
        let entry = |serial: &Vec<u8>| {
            let extensions = match &*self.entry_extensions {
                [] => Vec::new(),
                extensions => sequence(extensions),
            };
            sequence(&[element(0x02, serial), time(self.this_update), extensions])
        };
        let entries: Vec<_> = self.serials.iter().map(entry).collect();
        self.signed_with(entries.concat(), ca)
    }

    /// With these entries in DER.
    pub(crate) fn signed_with(&self, entries: Vec<u8>, ca: &Ca) -> Vec<u8> {
        let entries = match &*entries {
            [] => Vec::new(),
            entries => element(0x30, entries),
        };
        let extensions = match &*self.extensions {
            [] => Vec::new(),
            extensions => element(0xa0, sequence(extensions)),
        };
        ca.sign(sequence(&[
            element(0x02, [1]),
            ED25519.to_vec(),
            self.issuer.clone().unwrap_or_else(|| ca.name.clone()),
            time(self.this_update),
            time(self.next_update),
            entries,
            extensions,
        ]))
    }
}

/// The field of an issuing distribution point that names it.
pub(crate) fn point(uri: &str) -> Vec<u8> {
    element(0xa0, element(0xa0, element(0x86, uri)))
}

pub(crate) const DAY: std::time::Duration = std::time::Duration::from_secs(24 * 60 * 60);

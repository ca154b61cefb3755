//! Certificates for the tests of this folder: issued ones, and ones that no CA would issue.

use rcgen::{CertificateParams, DistinguishedName, DnType, Issuer, KeyPair, SanType};

use super::PeerCertificate;
use super::element::tag;

/// id-ce-subjectAltName, id-ce-keyUsage and an unknown extension, as the contents of an OID.
pub(super) const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
pub(super) const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
pub(super) const UNKNOWN_EXTENSION: &[u8] = &[0x2a, 0x03, 0x04];
/// The attribute types commonName and organizationName.
pub(super) const CN: &[u8] = &[0x55, 4, 3];
pub(super) const O: &[u8] = &[0x55, 4, 10];

/// A CA that issues what it is asked to.
pub(super) struct Ca(Issuer<'static, KeyPair>);

impl Ca {
    pub(super) fn named(name: &str) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(name);
        Self(Issuer::new(params, KeyPair::generate().unwrap()))
    }

    /// The DER of a certificate with these names for this key.
    pub(super) fn issue(&self, cn: &str, names: Vec<SanType>, key: &KeyPair) -> Vec<u8> {
        let mut params = CertificateParams::default();
        params.distinguished_name = common_name(cn);
        params.subject_alt_names = names;
        params.signed_by(key, &self.0).unwrap().der().to_vec()
    }
}

fn common_name(name: &str) -> DistinguishedName {
    let mut names = DistinguishedName::new();
    names.push(DnType::CommonName, name);
    names
}

/// One DER element.
pub(super) fn element(tag: u8, contents: impl AsRef<[u8]>) -> Vec<u8> {
    let contents = contents.as_ref();
    let len = u32::try_from(contents.len()).unwrap().to_be_bytes();
    let significant = &len[len.iter().take_while(|byte| **byte == 0).count()..];
    let mut der = vec![tag];
    if contents.len() >= 0x80 {
        der.push(0x80 | u8::try_from(significant.len()).unwrap());
        der.extend_from_slice(significant);
    } else {
        der.push(len[3]);
    }
    der.extend_from_slice(contents);
    der
}

/// A SEQUENCE of these elements.
pub(super) fn sequence<T: AsRef<[u8]>>(elements: &[T]) -> Vec<u8> {
    element(tag::SEQUENCE, concat(elements))
}

/// A name's part: a SET of one attribute for each type, tag and value.
pub(super) fn rdn(attributes: &[(&[u8], u8, &[u8])]) -> Vec<u8> {
    let attribute = |(kind, tag, value): &(&[u8], u8, &[u8])| {
        sequence(&[element(tag::OBJECT_IDENTIFIER, kind), element(*tag, value)])
    };
    element(
        tag::SET,
        concat(&attributes.iter().map(attribute).collect::<Vec<_>>()),
    )
}

/// A non-critical extension.
pub(super) fn extension(id: &[u8], value: impl AsRef<[u8]>) -> Vec<u8> {
    sequence(&[
        element(tag::OBJECT_IDENTIFIER, id),
        element(tag::OCTET_STRING, value),
    ])
}

/// A certificate made by hand: each field is the DER that goes in, right or wrong.
pub(super) struct HandMade {
    pub(super) version: Vec<u8>,
    pub(super) serial: Vec<u8>,
    pub(super) issuer: Vec<u8>,
    pub(super) validity: Vec<u8>,
    pub(super) subject: Vec<u8>,
    pub(super) public_key: Vec<u8>,
    /// What follows the public key.
    pub(super) tail: Vec<u8>,
}

impl Default for HandMade {
    /// A certificate of version 3 with nothing wrong about it, and no extensions.
    fn default() -> Self {
        let name = |text: &str| sequence(&[rdn(&[(CN, tag::UTF8_STRING, text.as_bytes())])]);
        Self {
            version: element(tag::constructed(0), element(tag::INTEGER, [2])),
            serial: element(tag::INTEGER, [1]),
            issuer: name("ca"),
            validity: sequence(&[
                element(tag::UTC_TIME, "250101000000Z"),
                element(tag::GENERALIZED_TIME, "20500101000000Z"),
            ]),
            subject: name("hand"),
            public_key: sequence(&[
                sequence(&[element(tag::OBJECT_IDENTIFIER, [0x2b, 0x65, 0x70])]),
                element(tag::BIT_STRING, [0; 33]),
            ]),
            tail: Vec::new(),
        }
    }
}

impl HandMade {
    pub(super) fn with_serial(contents: &[u8]) -> Self {
        Self {
            serial: element(tag::INTEGER, contents),
            ..Self::default()
        }
    }

    pub(super) fn with_subject(parts: &[Vec<u8>]) -> Self {
        Self {
            subject: sequence(parts),
            ..Self::default()
        }
    }

    pub(super) fn with_extensions(extensions: &[Vec<u8>]) -> Self {
        let tail = element(tag::constructed(3), sequence(extensions));
        Self {
            tail,
            ..Self::default()
        }
    }

    /// With one SAN extension of these general names.
    pub(super) fn with_alt_names(names: &[Vec<u8>]) -> Self {
        Self::with_extensions(&[extension(SUBJECT_ALT_NAME, sequence(names))])
    }

    pub(super) fn der(&self) -> Vec<u8> {
        let algorithm = sequence(&[element(tag::OBJECT_IDENTIFIER, [0x2b, 0x65, 0x70])]);
        let signed = sequence(&[
            &self.version,
            &self.serial,
            &algorithm,
            &self.issuer,
            &self.validity,
            &self.subject,
            &self.public_key,
            &self.tail,
        ]);
        sequence(&[signed, algorithm, element(tag::BIT_STRING, [0; 65])])
    }

    pub(super) fn parse(&self) -> Result<PeerCertificate, super::CertificateError> {
        PeerCertificate::from_der(&self.der())
    }
}

fn concat<T: AsRef<[u8]>>(parts: &[T]) -> Vec<u8> {
    parts
        .iter()
        .flat_map(|part| part.as_ref().to_vec())
        .collect()
}

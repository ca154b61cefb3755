//! Certificates that no library would write, signed by a real authority.
//!
//! The DER is written as the test has it, right or wrong; only the lengths are computed.

use certs_dev::{Authority, PrivateKey};

use crate::certificates::Client;

/// The identifier octets (X.690 section 8.1.2) that the tests use.
pub mod tag {
    /// INTEGER.
    pub const INTEGER: u8 = 0x02;
    /// BIT STRING.
    pub const BIT_STRING: u8 = 0x03;
    /// OCTET STRING.
    pub const OCTET_STRING: u8 = 0x04;
    /// OBJECT IDENTIFIER.
    pub const OBJECT_IDENTIFIER: u8 = 0x06;
    /// UTF8String.
    pub const UTF8_STRING: u8 = 0x0c;
    /// PrintableString.
    pub const PRINTABLE_STRING: u8 = 0x13;
    /// UTCTime.
    pub const UTC_TIME: u8 = 0x17;
    /// GeneralizedTime.
    pub const GENERALIZED_TIME: u8 = 0x18;
    /// SEQUENCE.
    pub const SEQUENCE: u8 = 0x30;
    /// SET.
    pub const SET: u8 = 0x31;
    /// rfc822Name of a subject alternative name.
    pub const EMAIL: u8 = 0x81;
    /// uniformResourceIdentifier of a subject alternative name.
    pub const URI: u8 = 0x86;
}

/// id-ce-subjectAltName, 2.5.29.17.
pub const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// An unknown extension.
pub const UNKNOWN_EXTENSION: &[u8] = &[0x2a, 0x03, 0x04];

const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x25];
const CLIENT_AUTH: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 2];
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];

/// A certificate that a test assembles. Without changes it is a normal one: the common name is
/// "odd", the serial number 1, the extended key usage clientAuth.
pub struct OddCertificate<'a> {
    authority: &'a Authority,
    version: Vec<u8>,
    serial: Vec<u8>,
    validity: [Vec<u8>; 2],
    subject: Vec<u8>,
    unique_ids: Vec<u8>,
    extensions: Vec<Vec<u8>>,
}

impl<'a> OddCertificate<'a> {
    /// Creates a certificate of this authority.
    pub fn by(authority: &'a Authority) -> Self {
        let usage = sequence(&[element(tag::OBJECT_IDENTIFIER, CLIENT_AUTH)]);
        Self {
            authority,
            version: element(0xa0, element(tag::INTEGER, [2])),
            serial: vec![1],
            validity: [
                element(tag::UTC_TIME, "200101000000Z"),
                element(tag::UTC_TIME, "491231235959Z"),
            ],
            subject: name(tag::UTF8_STRING, b"odd"),
            unique_ids: Vec::new(),
            extensions: vec![extension(EXTENDED_KEY_USAGE, usage)],
        }
    }

    /// Sets the contents of the serial number's INTEGER.
    pub fn serial(mut self, contents: &[u8]) -> Self {
        self.serial = contents.to_vec();
        self
    }

    /// Sets the common name, in a string of this type.
    pub fn common_name(mut self, tag: u8, text: &[u8]) -> Self {
        self.subject = name(tag, text);
        self
    }

    /// Removes the subject.
    pub fn nameless(mut self) -> Self {
        self.subject = sequence::<Vec<u8>>(&[]);
        self
    }

    /// Sets the validity from and to these dates, each a DER element.
    pub fn validity(mut self, not_before: Vec<u8>, not_after: Vec<u8>) -> Self {
        self.validity = [not_before, not_after];
        self
    }

    /// Sets version 1. Extensions stay, if there are any.
    pub fn version_1(mut self) -> Self {
        self.version.clear();
        self
    }

    /// Removes all extensions, including the extended key usage.
    pub fn without_extensions(mut self) -> Self {
        self.extensions.clear();
        self
    }

    /// Adds the unique ids of issuer and subject, which have been out of use since 1996.
    pub fn unique_ids(mut self) -> Self {
        self.unique_ids = [element(0x81, [0, 1]), element(0x82, [0, 2])].concat();
        self
    }

    /// Adds an extension, not critical.
    pub fn extension(mut self, id: &[u8], value: impl AsRef<[u8]>) -> Self {
        self.extensions.push(extension(id, value));
        self
    }

    /// Adds a subject alternative name extension with these names.
    pub fn alt_names(self, names: &[(u8, &[u8])]) -> Self {
        let names: Vec<_> = names
            .iter()
            .map(|(tag, text)| element(*tag, text))
            .collect();
        self.extension(SUBJECT_ALT_NAME, sequence(&names))
    }

    /// Signs it, and returns the client that has its key.
    pub fn issue(self) -> Client {
        let key = PrivateKey::generate().unwrap();
        let algorithm = sequence(&[element(tag::OBJECT_IDENTIFIER, ECDSA_WITH_SHA256)]);
        let extensions = match self.extensions.is_empty() {
            true => Vec::new(),
            false => element(0xa3, sequence(&self.extensions)),
        };
        let signed = sequence(&[
            self.version,
            element(tag::INTEGER, self.serial),
            algorithm.clone(),
            self.authority.subject_der().to_vec(),
            sequence(&self.validity),
            self.subject,
            key.public_key_der(),
            self.unique_ids,
            extensions,
        ]);
        let mut signature = vec![0];
        signature.extend(self.authority.sign(&signed).unwrap());
        let certificate = sequence(&[signed, algorithm, element(tag::BIT_STRING, signature)]);
        Client::from_der(&certificate, key.der())
    }
}

/// One DER element.
pub fn element(tag: u8, contents: impl AsRef<[u8]>) -> Vec<u8> {
    let contents = contents.as_ref();
    let length = u32::try_from(contents.len()).unwrap().to_be_bytes();
    let mut der = vec![tag];
    if contents.len() < 0x80 {
        der.push(length[3]);
    } else {
        let zeros = length.iter().take_while(|byte| **byte == 0).count();
        der.push(0x80 | u8::try_from(4 - zeros).unwrap());
        der.extend(&length[zeros..]);
    }
    der.extend(contents);
    der
}

/// A SEQUENCE of these elements.
pub fn sequence<T: AsRef<[u8]>>(elements: &[T]) -> Vec<u8> {
    let contents: Vec<u8> = elements
        .iter()
        .flat_map(|element| element.as_ref().to_vec())
        .collect();
    element(tag::SEQUENCE, contents)
}

fn name(tag: u8, text: &[u8]) -> Vec<u8> {
    let attribute = sequence(&[
        element(tag::OBJECT_IDENTIFIER, COMMON_NAME),
        element(tag, text),
    ]);
    sequence(&[element(tag::SET, attribute)])
}

fn extension(id: &[u8], value: impl AsRef<[u8]>) -> Vec<u8> {
    sequence(&[
        element(tag::OBJECT_IDENTIFIER, id),
        element(tag::OCTET_STRING, value),
    ])
}

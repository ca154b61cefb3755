//! The names of the subject alternative name extension.

use super::element::{Element, Elements, tag};
use super::{CertificateError, spiffe};

/// The names that a certificate asserts in its subject alternative name extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AltNames {
    pub(super) dns_names: Vec<Box<str>>,
    pub(super) email_addresses: Vec<Box<str>>,
    pub(super) uris: Vec<Box<str>>,
    /// The URI that is a SPIFFE id; there is no other URI beside it.
    pub(super) spiffe_id: Option<Box<str>>,
}

impl AltNames {
    /// Reads `GeneralNames` (RFC 5280 section 4.2.1.6).
    ///
    /// ```text
    /// GeneralName ::= CHOICE {
    ///     rfc822Name                [1]  IA5String,
    ///     dNSName                   [2]  IA5String,
    ///     uniformResourceIdentifier [6]  IA5String,
    ///     ...  }
    /// ```
    pub(super) fn parse(extension: &[u8]) -> Result<Self, CertificateError> {
        let mut outermost = Elements::of(extension);
        let list = outermost.take_tagged(tag::SEQUENCE, WHAT)?;
        outermost.end(WHAT)?;

        let mut names = Self::default();
        let mut elements = Elements::of(list.contents);
        while !elements.is_empty() {
            names.add(elements.take(WHAT)?)?;
        }
        names.spiffe_id = spiffe::the_one_among(&names.uris)?.map(Into::into);
        Ok(names)
    }

    fn add(&mut self, name: Element<'_>) -> Result<(), CertificateError> {
        const EMAIL: u8 = tag::primitive(1);
        const DNS: u8 = tag::primitive(2);
        const URI: u8 = tag::primitive(6);
        // BER may cut a string in pieces, DER may not. Were these skipped as a kind that is
        // not known, a second SPIFFE id could hide in one from us and not from others.
        const EMAIL_IN_PIECES: u8 = tag::constructed(1);
        const DNS_IN_PIECES: u8 = tag::constructed(2);
        const URI_IN_PIECES: u8 = tag::constructed(6);

        match name.tag {
            EMAIL => self.email_addresses.push(text(name)?),
            DNS => self.dns_names.push(text(name)?),
            URI => self.uris.push(text(name)?),
            EMAIL_IN_PIECES | DNS_IN_PIECES | URI_IN_PIECES => return Err(MALFORMED),
            // Other names of the CHOICE: IP addresses, directory names and so on.
            0x80..=0xbf => {}
            _ => return Err(MALFORMED),
        }
        Ok(())
    }
}

const WHAT: &str = "a subject alternative name";
const MALFORMED: CertificateError = CertificateError::Malformed { what: WHAT };

/// An IA5String's text, if it is not empty (which the RFC forbids) and printable: no name that
/// these kinds can hold has control characters, and one with a NUL is meant to deceive.
fn text(name: Element<'_>) -> Result<Box<str>, CertificateError> {
    let printable = |byte: &u8| matches!(byte, b' '..=b'~');
    match str::from_utf8(name.contents) {
        Ok(text) if !text.is_empty() && text.as_bytes().iter().all(printable) => Ok(text.into()),
        _ => Err(CertificateError::Malformed {
            what: "a subject alternative name that is empty or not printable ASCII",
        }),
    }
}

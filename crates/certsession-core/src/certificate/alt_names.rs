//! The names of the subject alternative name extension.

use super::element::{Element, Elements, tag};
use super::{CertificateError, SpiffeIdFault, spiffe};

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

/// The names that a certificate asserts in its subject alternative name extension.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct AltNames {
    pub(super) dns_names: Vec<Box<str>>,
    pub(super) email_addresses: Vec<Box<str>>,
    pub(super) uris: Vec<Box<str>>,
    /// The URI that is a SPIFFE id; there is no other URI beside it.
    pub(super) spiffe_id: Option<Box<str>>,
    /// Why the URI that claims to be a SPIFFE id is none.
    pub(super) spiffe_id_fault: Option<SpiffeIdFault>,
    pub(super) unusable: Unusable,
}

/// Whether there is a name of a kind beside those that could be read. It identifies no one, and
/// may not be passed over either: another reader may see it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Unusable {
    pub(super) dns_name: bool,
    pub(super) email_address: bool,
    pub(super) uri: bool,
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
        match spiffe::the_one_among(&names.uris, names.unusable.uri)? {
            None => {}
            Some(Ok(id)) => names.spiffe_id = Some(id.into()),
            Some(Err(fault)) => names.spiffe_id_fault = Some(fault),
        }
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

        let (names, is_unusable) = match name.tag {
            EMAIL | EMAIL_IN_PIECES => {
                (&mut self.email_addresses, &mut self.unusable.email_address)
            }
            DNS | DNS_IN_PIECES => (&mut self.dns_names, &mut self.unusable.dns_name),
            URI | URI_IN_PIECES => (&mut self.uris, &mut self.unusable.uri),
            // Other names of the CHOICE: IP addresses, directory names and so on.
            0x80..=0xbf => return Ok(()),
            _ => return Err(MALFORMED),
        };
        match text(name) {
            Some(text) => names.push(text),
            None => *is_unusable = true,
        }
        Ok(())
    }
}

const WHAT: &str = "a subject alternative name";
const MALFORMED: CertificateError = CertificateError::Malformed { what: WHAT };

/// An IA5String's text, if it is not empty (which the RFC forbids) and printable: no name that
/// these kinds can hold has control characters, and one with a NUL is meant to deceive.
fn text(name: Element<'_>) -> Option<Box<str>> {
    const IN_PIECES: u8 = 0x20;
    let printable = |byte: &u8| matches!(byte, b' '..=b'~');
    match str::from_utf8(name.contents) {
        Ok(text)
            if name.tag & IN_PIECES == 0
                && !text.is_empty()
                && text.as_bytes().iter().all(printable) =>
        {
            Some(text.into())
        }
        _ => None,
    }
}

//! The extensions of certificates and revocation lists.

use super::element::{Elements, tag};
use super::{CertificateError, KeyUsage};

/// An extension (RFC 5280 section 4.2).
///
/// ```text
/// Extension  ::=  SEQUENCE  {
///     extnID      OBJECT IDENTIFIER,
///     critical    BOOLEAN DEFAULT FALSE,
///     extnValue   OCTET STRING  }
/// ```
pub(crate) struct Extension<'a> {
    /// The contents of its OBJECT IDENTIFIER.
    pub(crate) id: &'a [u8],
    pub(crate) is_critical: bool,
    pub(crate) value: &'a [u8],
}

const WHAT: &str = "the extensions";

/// Reads the elements of `Extensions`, the contents of that SEQUENCE.
pub(crate) fn read(
    contents: &[u8],
) -> impl Iterator<Item = Result<Extension<'_>, CertificateError>> {
    let mut extensions = Elements::of(contents);
    std::iter::from_fn(move || {
        if extensions.is_empty() {
            return None;
        }
        let extension = next(&mut extensions);
        if extension.is_err() {
            extensions = Elements::of(&[]);
        }
        Some(extension)
    })
}

fn next<'a>(extensions: &mut Elements<'a>) -> Result<Extension<'a>, CertificateError> {
    let mut extension = Elements::of(extensions.take_tagged(tag::SEQUENCE, WHAT)?.contents);
    let id = extension.take_tagged(tag::OBJECT_IDENTIFIER, WHAT)?;
    let critical = extension.take_optional(tag::BOOLEAN, WHAT)?;
    let value = extension.take_tagged(tag::OCTET_STRING, WHAT)?;
    extension.end(WHAT)?;
    Ok(Extension {
        id: id.contents,
        // DER has TRUE as FF. Some write 01, and every reader takes it for TRUE.
        is_critical: critical.is_some_and(|critical| critical.contents != [0]),
        value: value.contents,
    })
}

/// The contents of the `Extensions` within an EXPLICIT tag.
pub(crate) fn within(explicit: &[u8]) -> Result<&[u8], CertificateError> {
    let mut inner = Elements::of(explicit);
    let list = inner.take_tagged(tag::SEQUENCE, WHAT)?;
    inner.end(WHAT)?;
    Ok(list.contents)
}

impl KeyUsage {
    /// Reads the value of the extension: a BIT STRING.
    pub(super) fn parse(value: &[u8]) -> Result<Self, CertificateError> {
        const WHAT: &str = "the key usage";
        let mut outermost = Elements::of(value);
        let bits = outermost.take_tagged(tag::BIT_STRING, WHAT)?;
        outermost.end(WHAT)?;
        // The first byte says how many bits of the last one do not count; they are zero in DER.
        let [0..8, bytes @ ..] = bits.contents else {
            return Err(CertificateError::Malformed { what: WHAT });
        };
        let byte = |index| bytes.get(index).copied().unwrap_or_default();
        let ordered: [u8; 2] = [byte(0), byte(1)];
        Ok(Self::from_bits(
            ordered[0].reverse_bits() as u16 | (ordered[1].reverse_bits() as u16) << 8,
        ))
    }
}

//! DER elements as they are written.
//!
//! Lengths are read by the `der` crate, strictly. Its typed decoders are not used for the
//! certificate itself: they know a closed set of tags, and what they give back is a value and
//! no longer the bytes that the CA signed.

use der::{Length, Reader, SliceReader};

use super::CertificateError;

/// The identifier octets (X.690 section 8.1.2) that occur in a certificate.
pub(crate) mod tag {
    pub(crate) const BOOLEAN: u8 = 0x01;
    pub(crate) const INTEGER: u8 = 0x02;
    pub(crate) const BIT_STRING: u8 = 0x03;
    pub(crate) const OCTET_STRING: u8 = 0x04;
    pub(crate) const OBJECT_IDENTIFIER: u8 = 0x06;
    pub(crate) const UTF8_STRING: u8 = 0x0c;
    pub(crate) const NUMERIC_STRING: u8 = 0x12;
    pub(crate) const PRINTABLE_STRING: u8 = 0x13;
    pub(crate) const TELETEX_STRING: u8 = 0x14;
    pub(crate) const IA5_STRING: u8 = 0x16;
    pub(crate) const UTC_TIME: u8 = 0x17;
    pub(crate) const GENERALIZED_TIME: u8 = 0x18;
    pub(crate) const VISIBLE_STRING: u8 = 0x1a;
    pub(crate) const UNIVERSAL_STRING: u8 = 0x1c;
    pub(crate) const BMP_STRING: u8 = 0x1e;
    pub(crate) const SEQUENCE: u8 = 0x30;
    pub(crate) const SET: u8 = 0x31;

    /// `[number]`, not constructed: an IMPLICIT tag on a primitive type.
    pub(crate) const fn primitive(number: u8) -> u8 {
        0x80 | number
    }

    /// `[number]`, constructed: an EXPLICIT tag, or an IMPLICIT one on a constructed type.
    pub(crate) const fn constructed(number: u8) -> u8 {
        0xa0 | number
    }
}

/// One element of DER.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Element<'a> {
    /// Its identifier octet, see [`tag`].
    pub(crate) tag: u8,
    /// Its contents.
    pub(crate) contents: &'a [u8],
    /// The whole of it: identifier, length and contents.
    pub(crate) whole: &'a [u8],
}

/// A row of elements, read one after the other. `what` names the part of the certificate
/// that is malformed if an element is not as it has to be.
#[derive(Clone, Debug)]
pub(crate) struct Elements<'a> {
    rest: &'a [u8],
}

impl<'a> Elements<'a> {
    /// The elements that `bytes` consist of.
    pub(crate) fn of(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Reads the next element, whatever it is.
    pub(crate) fn take(&mut self, what: &'static str) -> Result<Element<'a>, CertificateError> {
        let malformed = CertificateError::Malformed { what };
        let element = first_element(self.rest).ok_or(malformed)?;
        self.rest = &self.rest[element.whole.len()..];
        Ok(element)
    }

    /// Reads the next element, which has to have this tag.
    pub(crate) fn take_tagged(
        &mut self,
        tag: u8,
        what: &'static str,
    ) -> Result<Element<'a>, CertificateError> {
        let element = self.take(what)?;
        if element.tag == tag {
            Ok(element)
        } else {
            Err(CertificateError::Malformed { what })
        }
    }

    /// Reads the next element if it has this tag.
    pub(crate) fn take_optional(
        &mut self,
        tag: u8,
        what: &'static str,
    ) -> Result<Option<Element<'a>>, CertificateError> {
        match self.rest.first() {
            Some(next) if *next == tag => self.take(what).map(Some),
            _ => Ok(None),
        }
    }

    /// What was not read yet.
    pub(crate) fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether all were read.
    pub(crate) fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// Makes sure that all were read.
    pub(crate) fn end(self, what: &'static str) -> Result<(), CertificateError> {
        if self.is_empty() {
            Ok(())
        } else {
            Err(CertificateError::Malformed { what })
        }
    }
}

/// The element that `bytes` begin with; `None` if it is not DER or is cut off.
fn first_element(bytes: &[u8]) -> Option<Element<'_>> {
    // Identifiers of more than one octet: nothing in a certificate is numbered above 30.
    const LONG_FORM: u8 = 0x1f;

    let mut reader = SliceReader::new(bytes).ok()?;
    let tag = reader.read_byte().ok()?;
    if tag & LONG_FORM == LONG_FORM {
        return None;
    }
    let length = reader.decode::<Length>().ok()?;
    let contents = reader.read_slice(length).ok()?;
    let end = usize::try_from(reader.position()).ok()?;
    Some(Element {
        tag,
        contents,
        whole: bytes.get(..end)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_element_is_cut_out_as_it_stands() {
        let mut elements = Elements::of(&[0x02, 0x02, 0x00, 0x01, 0x05, 0x00]);
        let integer = elements.take_tagged(tag::INTEGER, "it").unwrap();
        assert_eq!(integer.contents, [0x00, 0x01]);
        assert_eq!(integer.whole, [0x02, 0x02, 0x00, 0x01]);
        assert_eq!(elements.rest(), [0x05, 0x00]);
        assert!(elements.end("it").is_err());
    }

    #[test]
    fn what_is_not_der_or_is_cut_off_is_refused() {
        for bytes in [
            &[][..],
            &[0x30],
            &[0x30, 0x01],
            // A length that is indefinite, longer than it needs to be, or of the whole memory.
            &[0x30, 0x80, 0x00, 0x00],
            &[0x30, 0x81, 0x01, 0x00],
            &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff],
            &[0x30, 0x89, 1, 1, 1, 1, 1, 1, 1, 1, 1],
            // An identifier in the long form.
            &[0x3f, 0x81, 0x01, 0x00],
        ] {
            assert!(first_element(bytes).is_none(), "{bytes:02x?}");
        }
    }
}

//! Names, compared as RFC 5280 section 7.1 has it.

use std::fmt;

use super::CertificateError;
use super::element::{Element, Elements, tag};
use super::hashes::{sha256_of, write_hex};

/// SHA-256 of a Name in a form that is the same for all names that RFC 5280 section 7.1 calls
/// equal: the string type, upper and lower case, and superfluous spaces do not count.
///
/// It finds what was revoked. Nothing that lets a certificate in compares names so.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CanonicalName([u8; 32]);

impl CanonicalName {
    /// Of a whole Name in DER. One that cannot be read is equal to itself alone.
    pub(crate) fn of(name: &[u8]) -> Self {
        Self(match canonical(name) {
            Ok(canonical) => sha256_of(&[b"n", &canonical]),
            Err(_) => sha256_of(&[b"r", name]),
        })
    }
}

impl fmt::Debug for CanonicalName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CanonicalName(")?;
        write_hex(f, &self.0)?;
        f.write_str(")")
    }
}

const WHAT: &str = "a name";

/// Each part with its length before it, so that two names never run into the same bytes.
fn canonical(name: &[u8]) -> Result<Vec<u8>, CertificateError> {
    let mut canonical = Vec::with_capacity(name.len());
    let mut outermost = Elements::of(name);
    let mut parts = Elements::of(outermost.take_tagged(tag::SEQUENCE, WHAT)?.contents);
    outermost.end(WHAT)?;
    while !parts.is_empty() {
        let mut elements = Elements::of(parts.take_tagged(tag::SET, WHAT)?.contents);
        let mut attributes = Vec::new();
        while !elements.is_empty() {
            let mut fields = Elements::of(elements.take_tagged(tag::SEQUENCE, WHAT)?.contents);
            let mut attribute = Vec::new();
            let kind = fields.take_tagged(tag::OBJECT_IDENTIFIER, WHAT)?;
            push_part(&mut attribute, kind.contents);
            push_part(&mut attribute, &canonical_value(fields.take(WHAT)?));
            fields.end(WHAT)?;
            attributes.push(attribute);
        }
        // A SET has no order.
        attributes.sort();
        push_part(&mut canonical, &attributes.concat());
    }
    Ok(canonical)
}

fn push_part(bytes: &mut Vec<u8>, part: &[u8]) {
    bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
    bytes.extend_from_slice(part);
}

/// A string's text, folded; whatever is no string as it is.
fn canonical_value(value: Element<'_>) -> Vec<u8> {
    let Some(text) = text(value) else {
        return value.whole.to_vec();
    };
    // No tag is 0: a text never looks like an element.
    let mut folded = String::from("\0");
    for word in text.split_whitespace() {
        if folded.len() > 1 {
            folded.push(' ');
        }
        folded.extend(word.chars().flat_map(char::to_lowercase));
    }
    folded.into_bytes()
}

/// The text of a DirectoryString, or of another string type.
pub(super) fn text(value: Element<'_>) -> Option<String> {
    let contents = value.contents;
    match value.tag {
        tag::UTF8_STRING
        | tag::PRINTABLE_STRING
        | tag::IA5_STRING
        | tag::VISIBLE_STRING
        | tag::NUMERIC_STRING => String::from_utf8(contents.to_vec()).ok(),
        // T.61 in name, Latin-1 in practice.
        tag::TELETEX_STRING => Some(contents.iter().map(|byte| char::from(*byte)).collect()),
        tag::BMP_STRING if contents.len().is_multiple_of(2) => {
            let units = contents.chunks_exact(2);
            let units = units.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            char::decode_utf16(units).collect::<Result<_, _>>().ok()
        }
        tag::UNIVERSAL_STRING if contents.len().is_multiple_of(4) => contents
            .chunks_exact(4)
            .map(|four| char::from_u32(u32::from_be_bytes([four[0], four[1], four[2], four[3]])))
            .collect(),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::testing::{CN, O, rdn, sequence};

    fn name(parts: &[(u8, &[u8])]) -> CanonicalName {
        let part = |(tag, value): &(u8, &[u8])| rdn(&[(CN, *tag, value)]);
        CanonicalName::of(&sequence(&parts.iter().map(part).collect::<Vec<_>>()))
    }

    #[test]
    fn the_string_type_the_case_and_superfluous_spaces_do_not_count() {
        let plain = name(&[(tag::UTF8_STRING, b"Example Root CA")]);
        for same in [
            (tag::PRINTABLE_STRING, &b"Example Root CA"[..]),
            (tag::UTF8_STRING, b"  example\troot   ca "),
            (tag::IA5_STRING, b"EXAMPLE ROOT CA"),
            (tag::TELETEX_STRING, b"Example Root CA"),
            (
                tag::BMP_STRING,
                b"\0E\0x\0a\0m\0p\0l\0e\0 \0R\0o\0o\0t\0 \0C\0A",
            ),
        ] {
            assert_eq!(name(&[same]), plain, "{same:?}");
        }
        let universal: Vec<u8> = "Example Root CA"
            .chars()
            .flat_map(|c| u32::from(c).to_be_bytes())
            .collect();
        assert_eq!(name(&[(tag::UNIVERSAL_STRING, &universal)]), plain);
        let umlaut = name(&[(tag::UTF8_STRING, "ZÜRICH".as_bytes())]);
        assert_eq!(name(&[(tag::TELETEX_STRING, b"z\xfcrich")]), umlaut);
    }

    #[test]
    fn other_names_are_other_names() {
        let plain = name(&[(tag::UTF8_STRING, b"ab")]);
        for other in [
            name(&[(tag::UTF8_STRING, b"a b")]),
            name(&[(tag::UTF8_STRING, b"a"), (tag::UTF8_STRING, b"b")]),
            name(&[(tag::UTF8_STRING, b"ab"), (tag::UTF8_STRING, b"")]),
            name(&[(tag::OCTET_STRING, b"ab")]),
            name(&[(tag::UTF8_STRING, b"\xffab")]),
            CanonicalName::of(&sequence(&[rdn(&[(O, tag::UTF8_STRING, b"ab")])])),
            CanonicalName::of(b"ab"),
        ] {
            assert_ne!(other, plain);
        }
    }

    #[test]
    fn the_order_within_a_set_does_not_count_and_that_of_the_sets_does() {
        let (a, b) = (
            (CN, tag::UTF8_STRING, &b"a"[..]),
            (O, tag::UTF8_STRING, &b"b"[..]),
        );
        let of = |parts: &[Vec<u8>]| CanonicalName::of(&sequence(parts));
        assert_eq!(of(&[rdn(&[a, b])]), of(&[rdn(&[b, a])]));
        assert_ne!(of(&[rdn(&[a]), rdn(&[b])]), of(&[rdn(&[b]), rdn(&[a])]));
        assert_ne!(of(&[rdn(&[a]), rdn(&[b])]), of(&[rdn(&[a, b])]));
    }
}

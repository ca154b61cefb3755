//! The subject, as text for people.

use std::fmt;

use der::asn1::ObjectIdentifier;

use super::CertificateError;
use super::element::{Element, Elements, tag};
use super::hashes::write_hex;

/// The longest text, in bytes. What is longer is cut, and an ellipsis follows.
const MAX_LEN: usize = 512;

/// Writes a Name as RFC 4514 has it: `CN=alice,O=Example`, the most specific part first.
///
/// Whatever could deceive a reader of a log or a page is written as backslash and
/// hexadecimal (section 2.4): control characters, what is not UTF-8, characters that do not
/// show or that turn the direction of the text. No CA has to be trusted not to sign those.
pub(super) fn to_text(name: &[u8]) -> Result<Box<str>, CertificateError> {
    let mut parts = Vec::new();
    let mut elements = Elements::of(name);
    while !elements.is_empty() {
        parts.push(elements.take_tagged(tag::SET, WHAT)?);
    }

    let mut text = Text::default();
    for (i, part) in parts.iter().rev().enumerate() {
        if i > 0 {
            text.push(",");
        }
        write_part(&mut text, part.contents)?;
    }
    Ok(text.finish())
}

const WHAT: &str = "the subject";

/// `RelativeDistinguishedName ::= SET SIZE (1..MAX) OF AttributeTypeAndValue`.
fn write_part(text: &mut Text, part: &[u8]) -> Result<(), CertificateError> {
    let mut attributes = Elements::of(part);
    let mut first = true;
    while !attributes.is_empty() {
        let attribute = attributes.take_tagged(tag::SEQUENCE, WHAT)?;
        let mut fields = Elements::of(attribute.contents);
        let kind = fields.take_tagged(tag::OBJECT_IDENTIFIER, WHAT)?;
        let value = fields.take(WHAT)?;
        fields.end(WHAT)?;

        if !first {
            text.push("+");
        }
        first = false;
        write_kind(text, kind.contents)?;
        text.push("=");
        write_value(text, value);
    }
    Ok(())
}

/// The short names of RFC 4514 section 3, and two more that client certificates often have.
fn write_kind(text: &mut Text, id: &[u8]) -> Result<(), CertificateError> {
    let name = match id {
        [0x55, 4, 3] => "CN",
        [0x55, 4, 5] => "serialNumber",
        [0x55, 4, 6] => "C",
        [0x55, 4, 7] => "L",
        [0x55, 4, 8] => "ST",
        [0x55, 4, 9] => "STREET",
        [0x55, 4, 10] => "O",
        [0x55, 4, 11] => "OU",
        // 0.9.2342.19200300.100.1: uid and domainComponent.
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 1] => "UID",
        [0x09, 0x92, 0x26, 0x89, 0x93, 0xf2, 0x2c, 0x64, 1, 25] => "DC",
        // 1.2.840.113549.1.9.1
        [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 9, 1] => "emailAddress",
        other => {
            let id = ObjectIdentifier::from_bytes(other)
                .map_err(|_| CertificateError::Malformed { what: WHAT })?;
            text.push(&id.to_string());
            return Ok(());
        }
    };
    text.push(name);
    Ok(())
}

fn write_value(text: &mut Text, value: Element<'_>) {
    match value.tag {
        tag::UTF8_STRING
        | tag::PRINTABLE_STRING
        | tag::IA5_STRING
        | tag::VISIBLE_STRING
        | tag::NUMERIC_STRING => {
            for chunk in value.contents.utf8_chunks() {
                text.push_chars(chunk.valid().chars());
                text.push_bytes(chunk.invalid());
            }
        }
        // T.61 in name, Latin-1 in practice.
        tag::TELETEX_STRING => text.push_chars(value.contents.iter().map(|byte| char::from(*byte))),
        tag::BMP_STRING if value.contents.len().is_multiple_of(2) => {
            let units = value.contents.chunks_exact(2);
            let units = units.map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
            let replace = |c: Result<char, _>| c.unwrap_or(char::REPLACEMENT_CHARACTER);
            text.push_chars(char::decode_utf16(units).map(replace));
        }
        // Section 2.4: what has no text is shown as its DER.
        _ => {
            text.push("#");
            let shown = value.whole.len().min(MAX_LEN);
            // A text never fails to be written to.
            let _ = write_hex(text, &value.whole[..shown]);
        }
    }
}

/// Text that grows up to [`MAX_LEN`] and no further, so that a name of 60 KB costs neither
/// memory nor a log line of that length.
#[derive(Default)]
struct Text {
    text: String,
    is_full: bool,
}

impl Text {
    fn push(&mut self, piece: &str) {
        self.is_full |= self.text.len() + piece.len() > MAX_LEN;
        if !self.is_full {
            self.text.push_str(piece);
        }
    }

    /// A value's characters, escaped where RFC 4514 section 2.4 or a reader's safety asks it.
    fn push_chars(&mut self, chars: impl Iterator<Item = char>) {
        let mut chars = chars.peekable();
        let mut is_first = true;
        while let (false, Some(c)) = (self.is_full, chars.next()) {
            let at_an_end = is_first || chars.peek().is_none();
            let mut buffer = [0; 4];
            let utf8 = &*c.encode_utf8(&mut buffer);
            match c {
                '"' | '+' | ',' | ';' | '<' | '>' | '\\' => self.push(&format!("\\{c}")),
                ' ' if at_an_end => self.push("\\ "),
                '#' if is_first => self.push("\\#"),
                ' '..='~' => self.push(utf8),
                c if !c.is_ascii() && is_visible(c) => self.push(utf8),
                _ => self.push_bytes(utf8.as_bytes()),
            }
            is_first = false;
        }
    }

    /// Bytes that are not to be shown as text, all of them or none.
    fn push_bytes(&mut self, bytes: &[u8]) {
        let piece: String = bytes.iter().map(|byte| format!("\\{byte:02x}")).collect();
        self.push(&piece);
    }

    fn finish(mut self) -> Box<str> {
        if self.is_full {
            self.text.push('…');
        }
        self.text.into()
    }
}

impl fmt::Write for Text {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        self.push(piece);
        Ok(())
    }
}

/// Whether a character shows, and does nothing but that. The standard library's `escape_debug`
/// knows: it escapes control, format, private and unassigned characters and spaces other than
/// the common one. It also escapes a combining mark that has nothing to stand on, so the
/// character is asked about behind a letter.
fn is_visible(c: char) -> bool {
    let mut text = String::from("a");
    text.push(c);
    text.escape_debug().count() == 2
}

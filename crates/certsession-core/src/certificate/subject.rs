//! The subject, as text for people.

use std::fmt;

use super::CertificateError;
use super::element::{Element, Elements, tag};
use super::hashes::write_hex;

/// The longest text, in bytes. What is longer is cut, and an ellipsis follows.
const MAX_LEN: usize = 512;

/// How long an attribute's type may be to be written with dots, in bytes: a UUID under 2.25 has 20.
const MAX_DOTTED_LEN: usize = 64;

/// Writes a Name as RFC 4514 has it: `CN=alice,O=Example`, the most specific part first.
///
/// Whatever could deceive a reader of a log or a page is written as backslash and
/// hexadecimal (section 2.4): control characters, what is not UTF-8, characters that do not
/// show or that turn the direction of the text. No CA has to be trusted not to sign those.
/// A name that is not built as the RFC has it is shown as its DER: it is for display alone.
pub(crate) fn to_text(name: Element<'_>) -> Box<str> {
    let mut text = Text::default();
    if write_name(&mut text, name.contents).is_err() {
        text = Text::default();
        text.push_der(name);
    }
    text.finish()
}

const WHAT: &str = "the subject";

fn write_name(text: &mut Text, name: &[u8]) -> Result<(), CertificateError> {
    let mut parts = Vec::new();
    let mut elements = Elements::of(name);
    while !elements.is_empty() {
        parts.push(elements.take_tagged(tag::SET, WHAT)?);
    }
    for (i, part) in parts.iter().rev().enumerate() {
        // What does not show is not read: there may be 60 KB of it.
        if text.is_full {
            break;
        }
        if i > 0 {
            text.push(",");
        }
        write_part(text, part.contents)?;
    }
    Ok(())
}

/// `RelativeDistinguishedName ::= SET SIZE (1..MAX) OF AttributeTypeAndValue`.
fn write_part(text: &mut Text, part: &[u8]) -> Result<(), CertificateError> {
    let mut attributes = Elements::of(part);
    let mut first = true;
    while !attributes.is_empty() && !text.is_full {
        let attribute = attributes.take_tagged(tag::SEQUENCE, WHAT)?;
        let mut fields = Elements::of(attribute.contents);
        let kind = fields.take_tagged(tag::OBJECT_IDENTIFIER, WHAT)?;
        let value = fields.take(WHAT)?;
        fields.end(WHAT)?;

        if !first {
            text.push("+");
        }
        first = false;
        write_kind(text, kind);
        text.push("=");
        write_value(text, value);
    }
    Ok(())
}

/// The short names of RFC 4514 section 3, and two more that client certificates often have.
fn write_kind(text: &mut Text, id: Element<'_>) {
    let name = match id.contents {
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
            return match dotted(other) {
                Some(dotted) => text.push(&dotted),
                None => text.push_der(id),
            };
        }
    };
    text.push(name);
}

/// An OBJECT IDENTIFIER's contents with dots, such as `2.5.4.3`; `None` if it is none, or too
/// long to be read.
pub(crate) fn dotted(id: &[u8]) -> Option<String> {
    if id.len() > MAX_DOTTED_LEN || id.last()? & 0x80 != 0 {
        return None;
    }
    let mut text = String::new();
    for arc in id.split_inclusive(|byte| byte & 0x80 == 0) {
        // X.690 section 8.19.2: the fewest bytes.
        if arc.first() == Some(&0x80) {
            return None;
        }
        if !text.is_empty() {
            text.push('.');
            text.push_str(&decimal(arc, 0));
            continue;
        }
        // The first two arcs are one number: 40 times the first, and the second.
        text.push_str(&match arc {
            [first @ 0..40] => format!("0.{first}"),
            [first @ 40..80] => format!("1.{}", first - 40),
            _ => format!("2.{}", decimal(arc, 80)),
        });
    }
    Some(text)
}

/// A number in base 128, however long, less `minus`, in decimal digits.
fn decimal(arc: &[u8], minus: u32) -> String {
    // The lowest digit first.
    let mut digits = vec![0_u32];
    for byte in arc {
        let mut carry = u32::from(byte & 0x7f);
        for digit in &mut digits {
            let value = *digit * 128 + carry;
            *digit = value % 10;
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(carry % 10);
            carry /= 10;
        }
    }
    let mut borrow = minus;
    for digit in &mut digits {
        let taken = borrow % 10;
        borrow /= 10;
        if *digit < taken {
            *digit += 10;
            borrow += 1;
        }
        *digit -= taken;
    }
    while digits.len() > 1 && digits.last() == Some(&0) {
        digits.pop();
    }
    let shown = digits.iter().rev();
    shown
        .filter_map(|digit| char::from_digit(*digit, 10))
        .collect()
}

fn write_value(text: &mut Text, value: Element<'_>) {
    match value.tag {
        tag::UTF8_STRING
        | tag::PRINTABLE_STRING
        | tag::IA5_STRING
        | tag::VISIBLE_STRING
        | tag::NUMERIC_STRING => {
            for chunk in value.contents.utf8_chunks() {
                if text.is_full {
                    break;
                }
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
        _ => text.push_der(value),
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

    fn push_der(&mut self, element: Element<'_>) {
        self.push("#");
        let shown = element.whole.len().min(MAX_LEN);
        // A text never fails to be written to.
        let _ = write_hex(self, &element.whole[..shown]);
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
/// the common one. It also escapes a combining mark that follows nothing, so the
/// character is asked about behind a letter.
fn is_visible(c: char) -> bool {
    let mut text = String::from("a");
    text.push(c);
    text.escape_debug().count() == 2
}

#[cfg(test)]
mod tests {
    use super::dotted;

    #[test]
    fn an_object_identifier_is_shown_with_dots_however_long_its_arcs_are() {
        let shown = |id: &[u8]| dotted(id).unwrap_or_default();
        assert_eq!(shown(&[0x55, 4, 3]), "2.5.4.3");
        assert_eq!(shown(&[0x2a, 0x86, 0x48]), "1.2.840");
        assert_eq!(shown(&[0x27]), "0.39");
        assert_eq!(shown(&[0x28]), "1.0");
        assert_eq!(shown(&[0x50]), "2.0");
        // 2.999, the example of X.660.
        assert_eq!(shown(&[0x88, 0x37, 3]), "2.999.3");
        // 2.25 and 2^32, and the largest UUID.
        assert_eq!(shown(&[0x69, 0x90, 0x80, 0x80, 0x80, 0]), "2.25.4294967296");
        let mut uuid = vec![0x69, 0x83];
        uuid.extend([0xff; 17]);
        uuid.push(0x7f);
        assert_eq!(shown(&uuid), "2.25.340282366920938463463374607431768211455");
        for not_one in [&[][..], &[0x80], &[0x55, 0x80, 1], &[0x55, 0x84], &[1; 65]] {
            assert_eq!(dotted(not_one), None, "{not_one:?}");
        }
    }
}

//! Base64, percent encoding, and certificates one after the other.

use base64ct::{Base64, Encoding};

use super::rules::{Chain, Fault};

/// For a dialect whose field is the DER in base64, and which has no chain.
pub(super) fn decode_base64(value: &[u8], _: Option<&[u8]>) -> Result<Chain, Fault> {
    Ok(Chain::of(base64(value)?))
}

/// Base64 with padding, in its one canonical form (RFC 4648 section 3.5).
pub(super) fn base64(text: &[u8]) -> Result<Vec<u8>, Fault> {
    const NOT_BASE64: Fault = "it is not base64";
    let text = std::str::from_utf8(text).map_err(|_| NOT_BASE64)?;
    match Base64::decode_vec(text) {
        Ok(der) if !der.is_empty() => Ok(der),
        Ok(_) => Err("it is empty"),
        Err(_) => Err(NOT_BASE64),
    }
}

/// Percent encoding (RFC 3986 section 2.1) of text. `+`, `/` and `=` may stand for themselves, as
/// base64 has them; `+` is never a space.
pub(super) fn percent(text: &[u8]) -> Result<Vec<u8>, Fault> {
    const DAMAGED: Fault = "it is not percent-encoded";
    let mut decoded = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, after @ ..] = rest {
        rest = after;
        match first {
            b'%' => {
                let ([high, low], after) = rest.split_first_chunk().ok_or(DAMAGED)?;
                let (high, low) = (hex(*high).ok_or(DAMAGED)?, hex(*low).ok_or(DAMAGED)?);
                decoded.push(high << 4 | low);
                rest = after;
            }
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' => decoded.push(*first),
            b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=' => decoded.push(*first),
            _ => return Err(DAMAGED),
        }
    }
    Ok(decoded)
}

/// Certificates in DER, one after the other.
pub(super) fn split_der(mut bytes: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut certificates = Vec::new();
    while !bytes.is_empty() {
        let length = sequence_length(bytes).ok_or("its chain is not DER")?;
        let (der, rest) = bytes
            .split_at_checked(length)
            .ok_or("its chain is cut off")?;
        certificates.push(der.to_vec());
        bytes = rest;
    }
    Ok(certificates)
}

/// The length of a SEQUENCE with its header (X.690 section 8.1.3).
fn sequence_length(bytes: &[u8]) -> Option<usize> {
    match bytes {
        [0x30, length @ 0..=0x7f, ..] => Some(2 + usize::from(*length)),
        [0x30, 0x81, length, ..] => Some(3 + usize::from(*length)),
        [0x30, 0x82, high, low, ..] => Some(4 + usize::from(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

fn hex(digit: u8) -> Option<u8> {
    let value = char::from(digit).to_digit(16)?;
    u8::try_from(value).ok()
}

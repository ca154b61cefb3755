//! PEM, as proxies write it into a field: strictly one form (RFC 7468 section 3).

use super::encoding::{base64, percent};
use super::rules::{Chain, Fault};

const BEGIN: &[u8] = b"-----BEGIN CERTIFICATE-----";
const END: &[u8] = b"-----END CERTIFICATE-----";

/// For a dialect whose field is one certificate with percent encoding, and which has no chain.
pub(super) fn decode_percent_encoded(value: &[u8], _: Option<&[u8]>) -> Result<Chain, Fault> {
    Ok(Chain::of(one(&percent(value)?)?))
}

/// The one certificate of a text.
pub(super) fn one(text: &[u8]) -> Result<Vec<u8>, Fault> {
    match <[Vec<u8>; 1]>::try_from(all(text)?) {
        Ok([der]) => Ok(der),
        Err(_) => Err("it is more than one certificate: let the proxy forward the client's alone"),
    }
}

/// Every certificate of a text, at least one, and nothing between them.
pub(super) fn all(text: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut certificates = Vec::new();
    let mut rest = text.trim_ascii();
    while !rest.is_empty() {
        let body = rest
            .strip_prefix(BEGIN)
            .ok_or("it is not a PEM certificate")?;
        let end = memchr::memmem::find(body, END).ok_or("its PEM has no end")?;
        let (body, after) = body.split_at(end);
        let mut characters = Vec::with_capacity(body.len());
        characters.extend(body.iter().filter(|byte| !byte.is_ascii_whitespace()));
        certificates.push(base64(&characters)?);
        rest = after[END.len()..].trim_ascii_start();
    }
    match certificates.is_empty() {
        true => Err("it is empty"),
        false => Ok(certificates),
    }
}

//! Envoy's `x-forwarded-client-cert`: one element of pairs, `Hash=...;Cert="...";Chain="..."`.
//!
//! Names from the certificate are in it too, and not all of them are quoted. So a certificate could
//! bring pairs of its own along: each key may come once (the names apart), and the hash, which Envoy
//! always writes, has to be that of the certificate.

use certsession_core::Fingerprint;

use super::encoding::percent;
use super::pem;
use super::rules::{Chain, Fault, Rules};

pub(super) const RULES: Rules = Rules {
    certificate: "x-forwarded-client-cert",
    verdict: None,
    chain: None,
    absent: &[],
    verified: &[],
    without: None,
    contradiction: None,
    decode,
};

fn decode(value: &[u8], _: Option<&[u8]>) -> Result<Chain, Fault> {
    let (mut hash, mut cert, mut chain, mut subject) = (None, None, None, None);
    let mut rest = Some(value);
    while let Some(text) = rest {
        let (key, value, after) = pair(text)?;
        rest = after;
        let place = match key {
            b"Hash" => &mut hash,
            b"Cert" => &mut cert,
            b"Chain" => &mut chain,
            b"Subject" => &mut subject,
            // A certificate may have several names, and the proxy's own too.
            b"By" | b"URI" | b"DNS" => continue,
            _ => return Err("its element has an unknown key"),
        };
        if place.replace(value).is_some() {
            return Err("its element has a key twice");
        }
    }
    let cert = cert.ok_or(
        "its element has no Cert: set set_current_client_cert_details.cert, and \
         forward_client_cert_details to SANITIZE_SET",
    )?;
    let leaf = pem::one(&percent(cert)?)?;
    let hash = hash.ok_or("its element has no Hash")?;
    if !hash.eq_ignore_ascii_case(Fingerprint::of(&leaf).to_string().as_bytes()) {
        return Err("its Hash is not that of its Cert");
    }
    match chain {
        Some(chain) => Chain::with(leaf, pem::all(&percent(chain)?)?),
        None => Ok(Chain::of(leaf)),
    }
}

/// Key and value of the first pair, and what follows its semicolon.
type Pair<'v> = (&'v [u8], &'v [u8], Option<&'v [u8]>);

fn pair(text: &[u8]) -> Result<Pair<'_>, Fault> {
    const DAMAGED: Fault = "its element is not `key=value` pairs";
    let equals = memchr::memchr(b'=', text).ok_or(DAMAGED)?;
    let (key, value) = (&text[..equals], &text[equals + 1..]);
    let (value, rest) = match value {
        [b'"', quoted @ ..] => {
            let end = end_of_quoted(quoted).ok_or("a quoted value of its element has no end")?;
            (&quoted[..end], &quoted[end + 1..])
        }
        _ => {
            let end = value
                .iter()
                .position(|byte| matches!(byte, b';' | b',' | b'"'));
            value.split_at(end.unwrap_or(value.len()))
        }
    };
    match rest {
        [] => Ok((key, value, None)),
        [b';', rest @ ..] => Ok((key, value, Some(rest))),
        [b',', ..] => {
            Err("it has several elements: set forward_client_cert_details to SANITIZE_SET")
        }
        _ => Err(DAMAGED),
    }
}

/// The place of the closing quote. A backslash escapes the character after it.
fn end_of_quoted(text: &[u8]) -> Option<usize> {
    let mut bytes = text.iter().enumerate();
    while let Some((place, byte)) = bytes.next() {
        match byte {
            b'"' => return Some(place),
            b'\\' => {
                bytes.next();
            }
            _ => {}
        }
    }
    None
}

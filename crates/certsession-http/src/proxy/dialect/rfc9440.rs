//! RFC 9440: `Client-Cert` is a byte sequence of a structured field, and `Client-Cert-Chain` a list of
//! them (RFC 8941 sections 3.1 and 3.3.5), both without parameters.

use super::encoding::base64;
use super::rules::{Chain, Fault, Rules};

pub(super) const RULES: Rules = Rules {
    certificate: "client-cert",
    verdict: None,
    chain: Some("client-cert-chain"),
    absent: &[],
    verified: &[],
    without: None,
    contradiction: None,
    decode,
};

pub(super) fn decode(value: &[u8], chain: Option<&[u8]>) -> Result<Chain, Fault> {
    let leaf = byte_sequence(value)?;
    let Some(chain) = chain else {
        return Ok(Chain::of(leaf));
    };
    let items = chain.split(|byte| *byte == b',');
    let items = items.map(|item| byte_sequence(item.trim_ascii()));
    Chain::with(leaf, items.collect::<Result<_, _>>()?)
}

fn byte_sequence(item: &[u8]) -> Result<Vec<u8>, Fault> {
    let text = item
        .strip_prefix(b":")
        .and_then(|text| text.strip_suffix(b":"));
    base64(text.ok_or("it is not a byte sequence of a structured field, `:base64:`")?)
}

//! Traefik's `passTLSClientCert`: the base64 text of each PEM, the client's first, separated by
//! commas. (From 2.8 to 2.9.1 it escaped them; that is not read.)

use super::encoding::base64;
use super::rules::{Chain, Fault, Rules};

pub(super) const RULES: Rules = Rules {
    certificate: "x-forwarded-tls-client-cert",
    verdict: None,
    chain: None,
    absent: &[],
    verified: &[],
    without: None,
    contradiction: None,
    decode,
};

fn decode(value: &[u8], _: Option<&[u8]>) -> Result<Chain, Fault> {
    let mut certificates = value.split(|byte| *byte == b',').map(base64);
    let leaf = certificates.next().ok_or("it is empty")??;
    Chain::with(leaf, certificates.collect::<Result<_, _>>()?)
}

//! Caddy: `{http.request.tls.client.certificate_der_base64}`. Without a certificate it sends the text
//! of the placeholder itself.

use super::encoding::base64;
use super::rules::{Chain, Fault, Rules};

pub(super) const RULES: Rules = Rules {
    certificate: "x-ssl-client-cert",
    verdict: None,
    chain: None,
    absent: &["{http.request.tls.client.certificate_der_base64}", ""],
    verified: &[],
    without: None,
    contradiction: None,
    decode,
};

fn decode(value: &[u8], _: Option<&[u8]>) -> Result<Chain, Fault> {
    Ok(Chain::of(base64(value)?))
}

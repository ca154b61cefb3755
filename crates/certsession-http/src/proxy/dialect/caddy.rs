//! Caddy: `{http.request.tls.client.certificate_der_base64}`. Without a certificate it sends the text
//! of the placeholder itself.

use super::encoding;
use super::rules::Rules;

pub(super) const RULES: Rules = Rules {
    certificate: "x-ssl-client-cert",
    verdict: None,
    chain: None,
    absent: &["{http.request.tls.client.certificate_der_base64}", ""],
    verified: &[],
    without: None,
    contradiction: None,
    decode: encoding::decode_base64,
};

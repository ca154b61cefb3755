//! Cloudflare, by transform rules: `Client-Cert` and `Client-Cert-Chain` as RFC 9440 has them, set
//! whatever Cloudflare's verdict and empty if there is no certificate or it is too large. So the
//! verdict is a field of its own, `true` or `false`.

use super::rfc9440;
use super::rules::Rules;

pub(super) const RULES: Rules = Rules {
    certificate: "client-cert",
    verdict: Some("client-cert-verified"),
    chain: Some("client-cert-chain"),
    absent: &[""],
    verified: &["true"],
    without: Some(&["false", ""]),
    contradiction: None,
    decode: rfc9440::decode,
};

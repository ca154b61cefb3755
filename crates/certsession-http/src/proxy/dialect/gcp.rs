//! Google Cloud's load balancers, by custom header fields: `{client_cert_leaf}` and
//! `{client_cert_chain}` as RFC 9440 has them, empty over 16 KB, and `{client_cert_chain_verified}`.

use super::rfc9440;
use super::rules::Rules;

pub(super) const RULES: Rules = Rules {
    certificate: "x-client-cert-leaf",
    verdict: Some("x-client-cert-chain-verified"),
    chain: Some("x-client-cert-chain"),
    absent: &[""],
    verified: &["true"],
    without: Some(&["false", ""]),
    contradiction: Some((
        "x-client-cert-present",
        Some("true"),
        "the load balancer says that there is one: it may have more than 16 KB",
    )),
    decode: rfc9440::decode,
};

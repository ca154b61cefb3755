//! AWS's Application Load Balancer in verify mode: URL-encoded PEM, in which `+`, `=` and `/` stay.
//! `X-Amzn-Mtls-Clientcert`, of the pass-through mode, is what any client claims.

use super::pem;
use super::rules::Rules;

pub(super) const RULES: Rules = Rules {
    certificate: "x-amzn-mtls-clientcert-leaf",
    verdict: None,
    chain: None,
    absent: &[],
    verified: &[],
    without: None,
    contradiction: Some((
        "x-amzn-mtls-clientcert",
        None,
        "the load balancer passes certificates through unverified: set its mutual authentication to \
         verify",
    )),
    decode: pem::decode_percent_encoded,
};

//! AWS CloudFront with viewer mTLS: URL-encoded PEM, in which `+`, `=` and `/` may stay.

use super::pem;
use super::rules::Rules;

pub(super) const RULES: Rules = Rules {
    certificate: "cloudfront-viewer-cert-pem",
    verdict: None,
    chain: None,
    absent: &[],
    verified: &[],
    without: None,
    contradiction: Some((
        "cloudfront-viewer-cert-present",
        Some("1"),
        "CloudFront says that there is one: add CloudFront-Viewer-Cert-Pem to the origin request \
         policy",
    )),
    decode: pem::decode_percent_encoded,
};

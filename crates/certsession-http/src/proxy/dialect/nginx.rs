//! nginx: `$ssl_client_escaped_cert`, the PEM with everything but unreserved characters escaped, and
//! `$ssl_client_verify`: `SUCCESS`, `NONE` or `FAILED:reason`. Without a certificate nginx drops the
//! empty field. The older `$ssl_client_cert` has line breaks and is not read.

use super::pem;
use super::rules::Rules;

pub(super) const RULES: Rules = Rules {
    certificate: "ssl-client-cert",
    verdict: Some("ssl-client-verify"),
    chain: None,
    absent: &[],
    verified: &["SUCCESS"],
    without: Some(&["NONE"]),
    contradiction: None,
    decode: pem::decode_percent_encoded,
};

//! Apache: `%{SSL_CLIENT_CERT}s`, PEM whose line breaks are spaces, and `%{SSL_CLIENT_VERIFY}s`. A
//! variable without a value is `(null)`.

use super::pem;
use super::rules::{Chain, Fault, Rules};

pub(super) const RULES: Rules = Rules {
    certificate: "x-ssl-client-cert",
    verdict: Some("x-ssl-client-verify"),
    chain: None,
    absent: &["(null)"],
    verified: &["SUCCESS"],
    without: Some(&["NONE", "(null)"]),
    contradiction: None,
    decode,
};

fn decode(value: &[u8], _: Option<&[u8]>) -> Result<Chain, Fault> {
    Ok(Chain::of(pem::one(value)?))
}

//! Azure App Service: the DER in base64. App Service verifies nothing of it.

use super::encoding::base64;
use super::rules::{Chain, Fault, Rules};

pub(super) const RULES: Rules = Rules {
    certificate: "x-arr-clientcert",
    verdict: None,
    chain: None,
    absent: &[],
    verified: &[],
    without: None,
    contradiction: None,
    decode,
};

fn decode(value: &[u8], _: Option<&[u8]>) -> Result<Chain, Fault> {
    Ok(Chain::of(base64(value)?))
}

//! Azure App Service: the DER in base64. App Service verifies nothing of it.

use super::encoding;
use super::rules::Rules;

pub(super) const RULES: Rules = Rules {
    certificate: "x-arr-clientcert",
    verdict: None,
    chain: None,
    absent: &[],
    verified: &[],
    without: None,
    contradiction: None,
    decode: encoding::decode_base64,
};

//! HAProxy: `ssl_c_der` in base64, `ssl_c_verify` and `ssl_c_chain_der`. Without a certificate the
//! first is empty and the second is 0 nevertheless. The chain is empty on a resumed connection.

use super::encoding::{base64, split_der};
use super::rules::{Chain, Fault, Rules};

pub(super) const RULES: Rules = Rules {
    certificate: "x-ssl-client-cert",
    verdict: Some("x-ssl-client-verify"),
    chain: Some("x-ssl-client-chain"),
    absent: &[""],
    verified: &["0"],
    without: None,
    contradiction: None,
    decode,
};

fn decode(value: &[u8], chain: Option<&[u8]>) -> Result<Chain, Fault> {
    let leaf = base64(value)?;
    match chain {
        Some(chain) => Chain::with(leaf, split_der(&base64(chain)?)?),
        None => Ok(Chain::of(leaf)),
    }
}

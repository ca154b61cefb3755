//! What the checks of certificates share.

use super::super::*;
use crate::actor::{Actor, Credentials};
use crate::http::ClientTls;
use crate::oracle::Reading;
use crate::pki::Mint;

/// So often a connection is tried that breaks off.
const TRIES: u32 = 3;

pub(super) fn without_mutual_tls(scan: &Scan<'_>) -> Option<Outcome> {
    if !scan.target.is_https() {
        return Some(not_applicable("the target is scanned over plain HTTP"));
    }
    if scan.target.certificate(0).leaf().is_none() {
        return Some(not_applicable(format!(
            "[identity.{}] has no certificate",
            scan.target.victim().name
        )));
    }
    (!scan.target.certificate(0).was_asked())
        .then(|| not_applicable("the server asks for no client certificate"))
}

/// What minting takes, or why the check ends without it.
pub(super) fn minting<'s>(
    scan: &'s Scan<'_>,
) -> Result<(Mint, &'s crate::config::PkiSettings), Outcome> {
    if let Some(end) = without_mutual_tls(scan) {
        return Err(end);
    }
    let Some(pki) = &scan.target.config.pki else {
        return Err(not_applicable(
            "[pki] names no authority whose key is at hand, so that no certificate can be minted",
        ));
    };
    match scan
        .target
        .certificate(0)
        .leaf()
        .map(|leaf| Mint::like(leaf))
    {
        Some(Ok(mint)) => Ok((mint, pki)),
        Some(Err(why)) => Err(inconclusive(why)),
        None => Err(not_applicable("the victim has no certificate")),
    }
}

/// Whether a copy of the token reads as the victim on a connection with this certificate.
pub(super) async fn stolen(
    scan: &Scan<'_>,
    label: &str,
    credentials: &Credentials,
    certificate: &ClientTls,
) -> Result<bool, Trouble> {
    let mut reading = scan.replay(label, credentials, certificate).await;
    // A connection that breaks off may do so by chance; a refused handshake is an answer.
    for _ in 1..TRIES {
        if matches!(reading, Err(Trouble::Reset(_))) {
            reading = scan.replay(label, credentials, certificate).await;
        }
    }
    match reading {
        Ok(reading) => Ok(reading == Reading::Victim),
        Err(trouble) if trouble.is_refusal() => {
            // The control: the server is there, and lets the victim in.
            scan.victim("the victim, afterwards").await?;
            Ok(false)
        }
        Err(trouble) => Err(trouble),
    }
}

pub(super) async fn signs_in_minted<'t>(
    scan: &Scan<'t>,
    actor: &mut Actor<'t>,
) -> Result<bool, Trouble> {
    Ok(scan.tries_to_sign_in(actor).await? == Reading::Victim)
}

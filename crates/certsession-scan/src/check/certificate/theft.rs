//! CERT-01 to CERT-04: a copy of the token with another certificate, or with none.

use super::super::*;
use super::shared::{minting, stolen, without_mutual_tls};
use crate::pki::{self, Mint};

/// Another user's certificate.
pub(super) async fn another(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_mutual_tls(scan) {
        return end;
    }
    let other = scan.target.attackers_certificate();
    if other.leaf() == scan.target.certificate(0).leaf() {
        return not_applicable("no other identity has a certificate");
    }
    let victim = scan.victim("the victim").await?;
    match stolen(
        scan,
        "a thief with another certificate",
        &victim.credentials(),
        other,
    )
    .await?
    {
        true => finding(
            "A copy of the token reads as the victim on a connection with another client \
             certificate.",
        ),
        false => passed("the token is of no use with another certificate"),
    }
}

/// No certificate.
pub(super) async fn none(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_mutual_tls(scan) {
        return end;
    }
    let victim = scan.victim("the victim").await?;
    let nothing = scan.target.no_certificate();
    match stolen(
        scan,
        "a thief without a certificate",
        &victim.credentials(),
        nothing,
    )
    .await?
    {
        true => finding(
            "A copy of the token reads as the victim on a connection without a client certificate.",
        ),
        false => passed("the token is of no use without a certificate"),
    }
}

/// A certificate of another authority that has the victim's serial and names.
pub(super) async fn same_serial(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_mutual_tls(scan) {
        return end;
    }
    let Some(leaf) = scan.target.certificate(0).leaf() else {
        return not_applicable("the victim has no certificate");
    };
    let mint = Mint::like(leaf).map_err(Trouble::Step)?;
    let victim = scan.victim("the victim").await?;
    let mut forged = vec![pki::of_a_stranger(&mint).map_err(Trouble::Step)?];
    if let Some(other) = scan
        .target
        .config
        .pki
        .as_ref()
        .and_then(|pki| pki.other_authority.as_ref())
    {
        forged.push(pki::issue(other, &mint.with_same_serial()).map_err(Trouble::Step)?);
    }
    for minted in forged {
        let tls = minted.tls(&scan.target.trust).map_err(Trouble::Step)?;
        let label = "a thief with the same serial of another authority";
        if stolen(scan, label, &victim.credentials(), &tls).await? {
            return finding(
                "A copy of the token reads as the victim with a certificate of another authority \
                 that has the victim's serial and names.",
            );
        }
    }
    passed("a certificate of another authority with the victim's serial is of no use")
}

/// Another certificate of the same authority with the victim's names.
pub(super) async fn same_subject(scan: &Scan<'_>) -> Outcome {
    let (mint, pki) = match minting(scan) {
        Ok(ready) => ready,
        Err(end) => return end,
    };
    let minted = pki::issue(&pki.authority, &mint).map_err(Trouble::Step)?;
    let tls = minted.tls(&scan.target.trust).map_err(Trouble::Step)?;
    let victim = scan.victim("the victim").await?;
    let label = "a thief with the victim's name and a key of their own";
    match stolen(scan, label, &victim.credentials(), &tls).await? {
        true => finding(
            "A copy of the token reads as the victim with another certificate that only has the \
             same names: the session is bound to a name, not to a key.",
        ),
        false => passed("a certificate with the victim's names and another key is of no use"),
    }
}

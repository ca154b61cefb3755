//! CERT-08: headers by which a proxy tells of a certificate.

use super::super::*;
use super::shared::{stolen, without_mutual_tls};
use crate::actor::{Actor, Change, Credentials};
use crate::oracle::Reading;
use crate::pki;

/// Headers by which a proxy tells of a certificate.
pub(super) async fn forged(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_mutual_tls(scan) {
        return end;
    }
    let Some(leaf) = scan.target.certificate(0).leaf() else {
        return not_applicable("the victim has no certificate");
    };
    let thieves = [
        scan.target.attackers_certificate(),
        scan.target.no_certificate(),
    ];
    let mut tried = false;
    for certificate in thieves {
        if certificate.leaf() == scan.target.certificate(0).leaf() {
            continue;
        }
        let victim = scan.victim("the victim").await?;
        let token = victim.credentials();
        // The control: without the headers the token is of no use there.
        if stolen(scan, "a thief without forged headers", &token, certificate).await? {
            continue;
        }
        tried = true;
        for headers in pki::forged_headers(leaf) {
            let change = Change {
                headers,
                ..Change::default()
            };
            for credentials in [token.clone(), Credentials::default()] {
                let mut thief = Actor::new(
                    scan.target,
                    "a thief with forged headers",
                    scan.target.victim(),
                    certificate,
                )
                .with(credentials);
                let reading = match thief.run_with("whoami", &change).await {
                    Ok(answer) => scan.judge(&thief, &answer),
                    Err(trouble) => Err(trouble),
                };
                match reading {
                    Ok(Reading::Victim) => {
                        return finding(
                            "Headers that a proxy would set are believed from anybody: with the \
                             victim's certificate in a header, the victim's private key is not \
                             needed.",
                        );
                    }
                    Ok(_) => {}
                    // Large or odd headers may be refused by a failure.
                    Err(Trouble::Status(status, _)) if status != 429 => {}
                    Err(trouble) if trouble.is_refusal() => {}
                    Err(trouble) => return Err(trouble),
                }
            }
        }
    }
    scan.victim("the victim, afterwards").await?;
    match tried {
        true => passed("forged headers of a proxy are not believed"),
        false => not_applicable("the token works with other certificates anyway: see CERT-01"),
    }
}

//! CERT-01 to CERT-08: whether a session stays with the client certificate that it began with.
//!
//! A server that turns the connection away passes: the right answer to a wrong certificate may
//! come from TLS. That the server is there at all is the control after each refusal.

use std::path::Path;
use std::time::Duration;

use super::*;
use crate::actor::{Actor, Change, Credentials};
use crate::http::{ClientTls, Protocols, Resume, TlsVersion};
use crate::oracle::Reading;
use crate::pki::{self, Mint};

pub(super) const CHECKS: &[Check] = &[
    check!("CERT-01", another),
    check!("CERT-02", none),
    check!("CERT-03", same_serial),
    check!("CERT-04", same_subject),
    check!("CERT-05", expires),
    check!("CERT-06", revoked),
    check!("CERT-07", resumed),
    check!("CERT-08", forged_headers),
];

/// How long a certificate is valid that is meant to expire.
const SHORT: Duration = Duration::from_secs(4);
/// A certificate expires with the second that it names.
const AFTER_EXPIRY: Duration = Duration::from_millis(1_300);
/// How long a server may take to follow its revocation list.
const CRL_WAIT: Duration = Duration::from_secs(15);

/// Another user's certificate.
async fn another(scan: &Scan<'_>) -> Outcome {
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
async fn none(scan: &Scan<'_>) -> Outcome {
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
async fn same_serial(scan: &Scan<'_>) -> Outcome {
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
async fn same_subject(scan: &Scan<'_>) -> Outcome {
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

/// A certificate that expires while its connection is open.
async fn expires(scan: &Scan<'_>) -> Outcome {
    let (mint, pki) = match minting(scan) {
        Ok(ready) => ready,
        Err(end) => return end,
    };
    let minted = pki::issue(&pki.authority, &mint.valid_for(SHORT)).map_err(Trouble::Step)?;
    let tls = minted.tls(&scan.target.trust).map_err(Trouble::Step)?;
    let mut victim = Actor::new(
        scan.target,
        "the victim, with a certificate that expires soon",
        scan.target.victim(),
        &tls,
    );
    if !signs_in_minted(scan, &mut victim).await? {
        return inconclusive(
            "a minted certificate with the victim's names does not sign the victim in",
        );
    }
    // Asked now and then, as servers close a connection that is idle, and the next one would be
    // judged by its handshake.
    let end = std::time::Instant::now() + minted.time_left() + AFTER_EXPIRY;
    let mut reading = Ok(Reading::Victim);
    while reading == Ok(Reading::Victim) && std::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(500)).await;
        reading = scan.who(&mut victim).await;
    }
    match reading {
        Ok(Reading::Victim) => finding(
            "On a connection that was open before, the session goes on after its client \
             certificate has expired.",
        ),
        Ok(_) => passed("the session ends with its certificate, on the open connection too"),
        Err(trouble) if trouble.is_refusal() => {
            scan.victim("the victim, with a valid certificate").await?;
            passed("the server closes the connection once its certificate has expired")
        }
        Err(trouble) => Err(trouble),
    }
}

/// A certificate that is revoked while its connection is open.
async fn revoked(scan: &Scan<'_>) -> Outcome {
    let (mint, pki) = match minting(scan) {
        Ok(ready) => ready,
        Err(end) => return end,
    };
    let Some(crl) = &pki.crl else {
        return not_applicable("[pki] names no crl that the server follows");
    };
    let minted = pki::issue(&pki.authority, &mint).map_err(Trouble::Step)?;
    let tls = minted.tls(&scan.target.trust).map_err(Trouble::Step)?;
    let mut victim = Actor::new(
        scan.target,
        "the victim, with a certificate that is revoked",
        scan.target.victim(),
        &tls,
    );
    if !signs_in_minted(scan, &mut victim).await? {
        return inconclusive(
            "a minted certificate with the victim's names does not sign the victim in",
        );
    }
    let before = KeptFile::read(crl)?;
    pki::revoke(&pki.authority, &minted, crl).map_err(Trouble::Step)?;
    let ended = ends_within(scan, &mut victim, CRL_WAIT).await;
    drop(before);
    match ended? {
        true => passed("the session ends once its certificate is revoked, on the open connection"),
        false => finding(format!(
            "{} s after the list of the authority has revoked the client certificate, its session \
             goes on over the open connection.",
            CRL_WAIT.as_secs()
        )),
    }
}

/// A TLS session that is resumed after its certificate has expired.
async fn resumed(scan: &Scan<'_>) -> Outcome {
    let (mint, pki) = match minting(scan) {
        Ok(ready) => ready,
        Err(end) => return end,
    };
    let mut any_resumed = false;
    for (version, name) in [
        (TlsVersion::Only13, "TLS 1.3"),
        (TlsVersion::Only12, "TLS 1.2"),
    ] {
        let minted = pki::issue(&pki.authority, &mint.valid_for(SHORT)).map_err(Trouble::Step)?;
        let tls = minted.tls(&scan.target.trust).map_err(Trouble::Step)?;
        let config = tls
            .config(Protocols::Http1, version, Resume::WherePossible)
            .map_err(Trouble::Step)?;
        let mut victim = Actor::new(
            scan.target,
            format!("the victim, over {name}"),
            scan.target.victim(),
            &tls,
        )
        .with_tls(config);
        match signs_in_minted(scan, &mut victim).await {
            Ok(true) => {}
            Ok(false) => {
                return inconclusive(
                    "a minted certificate with the victim's names does not sign the victim in",
                );
            }
            // A server need not speak both versions.
            Err(trouble) if trouble.is_refusal() => continue,
            Err(Trouble::Connect(_)) => continue,
            Err(trouble) => return Err(trouble),
        }
        victim.disconnect();
        scan.who(&mut victim).await?;
        if !is_resumed(&victim) {
            continue;
        }
        any_resumed = true;
        victim.disconnect();
        tokio::time::sleep(minted.time_left() + AFTER_EXPIRY).await;
        match scan.who(&mut victim).await {
            Ok(Reading::Victim) if is_resumed(&victim) => {
                return finding(format!(
                    "{name} resumes a session whose client certificate has expired, and the \
                     session goes on over it."
                ));
            }
            Ok(_) => {}
            Err(trouble) if trouble.is_refusal() => {}
            Err(trouble) => return Err(trouble),
        }
    }
    match any_resumed {
        true => passed("a resumed TLS session does not outlive the certificate"),
        false => not_applicable("the server resumes no TLS session"),
    }
}

fn is_resumed(actor: &Actor<'_>) -> bool {
    actor
        .connection()
        .is_some_and(|connection| connection.resumed)
}

/// Headers by which a proxy tells of a certificate.
async fn forged_headers(scan: &Scan<'_>) -> Outcome {
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

fn without_mutual_tls(scan: &Scan<'_>) -> Option<Outcome> {
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
fn minting<'s>(scan: &'s Scan<'_>) -> Result<(Mint, &'s crate::config::PkiSettings), Outcome> {
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
async fn stolen(
    scan: &Scan<'_>,
    label: &str,
    credentials: &Credentials,
    certificate: &ClientTls,
) -> Result<bool, Trouble> {
    match scan.replay(label, credentials, certificate).await {
        Ok(reading) => Ok(reading == Reading::Victim),
        Err(trouble) if trouble.is_refusal() => {
            // The control: the server is there, and lets the victim in.
            scan.victim("the victim, afterwards").await?;
            Ok(false)
        }
        Err(trouble) => Err(trouble),
    }
}

async fn signs_in_minted<'t>(scan: &Scan<'t>, actor: &mut Actor<'t>) -> Result<bool, Trouble> {
    Ok(scan.tries_to_sign_in(actor).await? == Reading::Victim)
}

async fn ends_within<'t>(
    scan: &Scan<'t>,
    actor: &mut Actor<'t>,
    time: Duration,
) -> Result<bool, Trouble> {
    let end = std::time::Instant::now() + time;
    while std::time::Instant::now() < end {
        tokio::time::sleep(Duration::from_millis(500)).await;
        match scan.who(actor).await {
            Ok(Reading::Victim) => {}
            Ok(_) => return Ok(true),
            Err(trouble) if trouble.is_refusal() => return Ok(true),
            Err(trouble) => return Err(trouble),
        }
    }
    Ok(false)
}

/// A file that is put back as it was, however the check ends.
struct KeptFile<'f> {
    path: &'f Path,
    content: Option<Vec<u8>>,
}

impl<'f> KeptFile<'f> {
    fn read(path: &'f Path) -> Result<Self, Trouble> {
        match std::fs::read(path) {
            Ok(content) => Ok(Self {
                path,
                content: Some(content),
            }),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(Self {
                path,
                content: None,
            }),
            Err(error) => Err(Trouble::Step(format!(
                "cannot read {}: {error}",
                path.display()
            ))),
        }
    }
}

impl Drop for KeptFile<'_> {
    fn drop(&mut self) {
        // There is no one left to tell of a failure.
        let _ = match &self.content {
            Some(content) => pki::replace(self.path, content),
            None => std::fs::remove_file(self.path).map_err(|error| error.to_string()),
        };
    }
}

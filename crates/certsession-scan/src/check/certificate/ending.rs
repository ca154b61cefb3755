//! CERT-05 to CERT-07: the certificate ends, and its connection or TLS session goes on.

use std::path::Path;
use std::time::{Duration, Instant};

use super::super::*;
use super::shared::{minting, signs_in_minted};
use crate::actor::Actor;
use crate::http::{Protocols, Resume, TlsVersion};
use crate::oracle::Reading;
use crate::pki;

/// How long a certificate is valid that is meant to expire.
const SHORT: Duration = Duration::from_secs(4);
/// A certificate expires with the second that it names.
const AFTER_EXPIRY: Duration = Duration::from_millis(1_300);
/// How long a server may take to follow its revocation list.
const CRL_WAIT: Duration = Duration::from_secs(15);

/// A certificate that expires while its connection is open.
pub(super) async fn expires(scan: &Scan<'_>) -> Outcome {
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
    let end = Instant::now() + minted.time_left() + AFTER_EXPIRY;
    let mut reading = Ok(Reading::Victim);
    while reading == Ok(Reading::Victim) && Instant::now() < end {
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
pub(super) async fn revoked(scan: &Scan<'_>) -> Outcome {
    let (mint, pki) = match minting(scan) {
        Ok(ready) => ready,
        Err(end) => return end,
    };
    let Some(crl) = &pki.crl else {
        return not_applicable("[pki] names no crl that the server follows");
    };
    let minted = pki::issue(&pki.authority, &mint).map_err(Trouble::Step)?;
    let tls = minted.tls(&scan.target.trust).map_err(Trouble::Step)?;
    let valid = "the victim, with a valid certificate";
    let mut other = scan.victim(valid).await?;
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
    // Where a user has one session, the second sign-in has ended the first.
    let has_both = scan.who(&mut other).await? == Reading::Victim;
    let before = KeptFile::read(crl)?;
    pki::revoke(&pki.authority, &minted, crl).map_err(Trouble::Step)?;
    let ended = ends_within(scan, &mut victim, CRL_WAIT).await;
    // The control, while the list is in force: a server that takes no list of this kind may let
    // no one in.
    let others = match has_both {
        true => scan.who(&mut other).await,
        false => scan.victim(valid).await.map(|_| Reading::Victim),
    };
    drop(before);
    match ended? {
        true if others != Ok(Reading::Victim) => inconclusive(
            "once the list had revoked one certificate, sessions with another one ended as well",
        ),
        true => passed("the session ends once its certificate is revoked, on the open connection"),
        false => finding(format!(
            "{} s after the list of the authority has revoked the client certificate, its session \
             goes on over the open connection.",
            CRL_WAIT.as_secs()
        )),
    }
}

/// A TLS session that is resumed after its certificate has expired.
pub(super) async fn resumed(scan: &Scan<'_>) -> Outcome {
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
            // A server need not speak both versions. The control: it is there.
            Err(Trouble::Refused(_) | Trouble::Reset(_) | Trouble::Connect(_)) => {
                scan.victim("the victim, with a valid certificate").await?;
                continue;
            }
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
            Err(trouble) if trouble.is_refusal() => {
                scan.victim("the victim, with a valid certificate").await?;
            }
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

async fn ends_within<'t>(
    scan: &Scan<'t>,
    actor: &mut Actor<'t>,
    time: Duration,
) -> Result<bool, Trouble> {
    let end = Instant::now() + time;
    while Instant::now() < end {
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

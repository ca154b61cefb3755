//! FIX-01, FIX-02, FIX-04, FIX-05: what a cookie from before the sign-in becomes by it.

use std::collections::BTreeSet;

use super::super::race::words;
use super::super::*;
use super::planting::{Planted, before_sign_in, plant};
use crate::actor::Change;
use crate::forge;
use crate::oracle::Reading;

/// An id from before the sign-in.
pub(super) async fn kept(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_session_cookie(scan) {
        return end;
    }
    let mut attacker = scan.attacker("the attacker");
    before_sign_in(scan, &mut attacker).await?;
    let ids = scan.session_of(&attacker.jar);
    if ids.is_empty() {
        return not_applicable("no id of a session is issued before the sign-in");
    }
    let planted = attacker.jar.clone();
    match plant(scan, &planted, &planted, &Change::default()).await? {
        Planted::Takeover => {
            return finding(format!(
                "The attacker gets {} before the sign-in and plants it; after the victim has \
                 signed in with it, the attacker reads as the victim.",
                listed(&ids.names())
            ));
        }
        Planted::Harmless | Planted::Refused => {}
    }
    // Where certificates part the two, the id that leaks may be the victim's own.
    let own = scan.target.certificate(0).leaf();
    if own.is_some() && own != scan.target.attackers_certificate().leaf() {
        let mut victim = scan.browser("the victim before the sign-in");
        before_sign_in(scan, &mut victim).await?;
        let leaked = victim.jar.clone();
        if !scan.session_of(&leaked).is_empty()
            && let Planted::Takeover = plant(scan, &leaked, &leaked, &Change::default()).await?
        {
            return finding(
                "An id that the victim had before the sign-in is known to the attacker; after \
                 the sign-in the attacker reads as the victim with it.",
            );
        }
    }
    passed("the id from before the sign-in is of no use after it")
}

/// An id that was never issued.
pub(super) async fn adopted(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_session_cookie(scan) {
        return end;
    }
    let real = scan.session_of(&scan.calibration.sample.credentials.jar);
    let alike = real.with_values(|stored| forge::like(&stored.set.value));
    let plain = real.with_values(|_| format!("planted{}", forge::random_hex(16)));
    for made_up in [alike, plain] {
        if let Planted::Takeover = plant(scan, &made_up, &made_up, &Change::default()).await? {
            return finding(format!(
                "The attacker makes up a value for {} and plants it; the application adopts it, \
                 and after the victim's sign-in the attacker reads as the victim.",
                listed(&real.names())
            ));
        }
    }
    passed("an id that was made up is not adopted")
}

/// Data of an anonymous session.
pub(super) async fn survives(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_session_cookie(scan).or(without_step(scan, &["write", "read"])) {
        return end;
    }
    let mut browser = scan.browser("the attacker, then the victim in the same browser");
    before_sign_in(scan, &mut browser).await?;
    let clean = browser.run("read").await?;
    crate::scan::did_not_fail(&clean, "read")?;
    let wrote = browser.run("write").await?;
    crate::scan::did_not_fail(&wrote, "write")?;
    let written = browser.run("read").await?;
    crate::scan::did_not_fail(&written, "read")?;
    let mut planted = &words(&written.text()) - &words(&clean.text());
    if scan.session_of(&browser.jar).is_empty() || written.status >= 400 || planted.is_empty() {
        return not_applicable("nothing is kept for a user who is not signed in");
    }
    // Of what changed, what was sent tells more than a time or a counter does.
    let sent: BTreeSet<String> = browser
        .step("write")?
        .fields()
        .iter()
        .flat_map(|(_, value)| words(value))
        .collect();
    if !planted.is_disjoint(&sent) {
        planted = &planted & &sent;
    }
    scan.sign_in(&mut browser).await?;
    let after = browser.run("read").await?;
    crate::scan::did_not_fail(&after, "read")?;
    let after = words(&after.text());
    let mut fresh = scan.victim("the victim in another browser").await?;
    let control = fresh.run("read").await?;
    crate::scan::did_not_fail(&control, "read")?;
    let control = words(&control.text());
    let planted = &planted - &control;
    match !planted.is_empty() && planted.is_subset(&after) {
        true => finding(
            "What was written before the sign-in is read after it: data that an attacker has \
             planted becomes part of the victim's session.",
        ),
        false => passed("what an anonymous session held is gone after the sign-in"),
    }
}

/// A sign-in over another user's session.
pub(super) async fn over_another(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_session_cookie(scan).or(without_other(scan)) {
        return end;
    }
    let other = scan.other("the other user").await?;
    let left = other.credentials();
    let other_name = other.label.clone();
    let mut victim = scan
        .browser("the victim in the same browser")
        .with_jar(left.jar.clone());
    let signed_in = match scan.tries_to_sign_in(&mut victim).await {
        Ok(reading) => reading == Reading::Victim,
        Err(Trouble::Extract(_)) => false,
        Err(trouble) => return Err(trouble),
    };
    if !signed_in {
        // The control: without it, a broken sign-in would look like a refusal.
        scan.victim("the victim in a browser of their own").await?;
        return passed("a sign-in over another user's session is refused");
    }
    let certificate = scan.target.attackers_certificate();
    let reading = match scan.replay("the other user", &left, certificate).await? {
        // Left over within a period of grace for parallel requests is not left over.
        Reading::Other => {
            scan.outlives_grace("the other user", &left, certificate)
                .await?
        }
        reading => reading,
    };
    match reading {
        Reading::Victim => finding(format!(
            "The victim signs in over the session of {other_name}; the token from before then \
             reads as the victim."
        )),
        Reading::Other => finding(format!(
            "The victim signs in over the session of {other_name} in one browser; the token from \
             before still reads as {}, although no user can sign it out any more.",
            scan.name(Reading::Other)
        )),
        Reading::NotSignedIn => passed("the token of the session that was signed in over is dead"),
    }
}

//! ROT-01 and ROT-02: more rights, or another password, need another token.

use super::*;
use crate::oracle::Reading;

pub(super) const CHECKS: &[Check] = &[check!("ROT-01", elevation), check!("ROT-02", password)];

/// Elevation.
async fn elevation(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_step(scan, &["elevate"]) {
        return end;
    }
    let mut victim = scan.victim("the victim").await?;
    let before = victim.credentials();
    let tokens = scan.tokens(&before.jar);
    let answer = victim.run("elevate").await?;
    if let Some(why) = step_failed(&victim, "elevate", &answer)? {
        return inconclusive(why);
    }
    let renewed = scan.tokens(&victim.jar) != tokens;
    // The positive control: the victim goes on with whatever token there is now.
    let own = scan.who(&mut victim).await?;
    if own != Reading::Victim {
        return inconclusive("after the elevation the victim is not signed in any more");
    }
    if victim.has_step("elevated") {
        let mut attacker = scan
            .browser("the attacker with the token from before")
            .with(before.clone());
        let answer = attacker.run("elevated").await?;
        crate::scan::did_not_fail(&answer, "elevated")?;
        let step = attacker.step("elevated")?;
        let allowed = match step.signed_in.as_ref().or(step.expect.as_ref()) {
            Some(matcher) => matcher.matches(&answer),
            None => answer.status < 300,
        };
        let control = victim.run("elevated").await?;
        crate::scan::did_not_fail(&control, "elevated")?;
        let control_allowed = match step.signed_in.as_ref().or(step.expect.as_ref()) {
            Some(matcher) => matcher.matches(&control),
            None => control.status < 300,
        };
        return match (allowed, control_allowed) {
            (true, true) => finding(
                "The token from before the elevation does what only an elevated session may do.",
            ),
            (false, true) => passed("the token from before the elevation has not been elevated"),
            (_, false) => inconclusive("the elevated session may not do what `elevated` asks for"),
        };
    }
    if tokens.is_empty() {
        return not_applicable(
            "no cookie carries the session; [step.elevated] would tell what the old token may do",
        );
    }
    let reading = scan
        .replay_at_home("the attacker with the token from before", &before)
        .await?;
    match (reading, renewed) {
        (Reading::Victim, false) => finding(
            "The elevation issues no new token: a client that knew the session's token before now holds \
             the elevated session.",
        ),
        (Reading::Victim, true) => still_there(scan).await,
        _ => passed("the token from before the elevation is dead"),
    }
}

/// The cookie is another, and the one from before still reads as the victim: it may be a copy
/// without the new rights, or the same session in another wrapping, as with encrypted cookies.
async fn still_there(scan: &Scan<'_>) -> Outcome {
    let mut victim = scan.victim("the victim").await?;
    let before = victim.credentials();
    let answer = victim.run("elevate").await?;
    crate::scan::did_not_fail(&answer, "elevate")?;
    let certificate = scan.target.certificate(0);
    let label = "the attacker with the token from before";
    if scan.outlives_grace(label, &before, certificate).await? != Reading::Victim {
        return passed("the token from before the elevation is dead after a short time");
    }
    if !victim.has_step("logout") {
        return not_applicable(
            "the old token still reads as the victim; [step.elevated] or [step.logout] would tell \
             whether it names the elevated session",
        );
    }
    let mut attacker = scan.browser(label).with(before);
    let answer = attacker.run("logout").await?;
    crate::scan::did_not_fail(&answer, "logout")?;
    match scan.who(&mut victim).await? {
        Reading::NotSignedIn => finding(
            "The elevation issues no new id: signing out with the token from before ends the \
             elevated session, so that both name the same one.",
        ),
        _ => passed("the token from before the elevation names another session"),
    }
}

/// A change of the password.
async fn password(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_step(scan, &["password"]) {
        return end;
    }
    let elsewhere = scan.victim("the victim's other session").await?;
    let left = elsewhere.credentials();
    let mut victim = scan.victim("the victim").await?;
    if scan.replay_at_home("the other session", &left).await? != Reading::Victim {
        return not_applicable("the application keeps one session for each user");
    }
    let mut other = scan.victim("the victim's other session").await?;
    scan.who(&mut other).await?;
    let left = other.credentials();
    let answer = victim.run("password").await?;
    if let Some(why) = step_failed(&victim, "password", &answer)? {
        return inconclusive(why);
    }
    match scan.replay_at_home("the other session", &left).await? {
        Reading::Victim => finding(
            "After the password was changed in one session, another session goes on: an attacker who \
             has stolen a session keeps it.",
        ),
        _ => passed("a change of the password ends the other sessions"),
    }
}

/// Whether a step did its work, by what it expects or by its status.
pub(super) fn step_failed(
    actor: &crate::actor::Actor<'_>,
    name: &str,
    answer: &crate::http::Answer,
) -> Result<Option<String>, Trouble> {
    let step = actor.step(name)?;
    let did = match &step.expect {
        Some(matcher) => matcher.matches(answer),
        None => answer.status < 400,
    };
    Ok((!did).then(|| format!("the step `{name}` answered {}", answer.status)))
}

//! END-01 to END-04: a session that was signed out.

use super::rotation::step_failed;
use super::*;
use crate::actor::{Actor, Change, CookieLines, Credentials, Site};
use crate::http::{Answer, Jar, SameSite};
use crate::oracle::Reading;

pub(super) const CHECKS: &[Check] = &[
    check!("END-01", token_works),
    check!("END-02", only_the_cookie),
    check!("END-03", after_an_error),
    check!("END-04", by_another_site),
];

/// A sign-out, and what was left after it.
struct SignedOut<'t> {
    answer: Answer,
    before: Credentials,
    victim: Actor<'t>,
}

async fn sign_out<'a>(scan: &'a Scan<'a>) -> Result<SignedOut<'a>, Trouble> {
    let mut victim = scan.victim("the victim").await?;
    // Some applications replace the token on each request: the copy is of the last one.
    let before = victim.credentials();
    let answer = victim.run("logout").await?;
    Ok(SignedOut {
        answer,
        before,
        victim,
    })
}

/// The token after the sign-out.
async fn token_works(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_step(scan, &["logout"]) {
        return end;
    }
    let SignedOut {
        answer,
        before,
        victim,
    } = sign_out(scan).await?;
    if answer.status == 429 || answer.status >= 500 {
        return Err(Trouble::Status(answer.status, "logout".to_owned()));
    }
    if let Some(why) = step_failed(&victim, "logout", &answer)? {
        return inconclusive(why);
    }
    match scan
        .replay_at_home("the attacker with a copy of the token", &before)
        .await?
    {
        Reading::Victim => finding(
            "After the victim has signed out, a copy of the token still reads as the victim.",
        ),
        Reading::Other => inconclusive("after the sign-out the token reads as the other user"),
        Reading::NotSignedIn => passed("the token is dead after the sign-out"),
    }
}

/// A sign-out that only the browser notices.
async fn only_the_cookie(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_session_cookie(scan).or(without_step(scan, &["logout"])) {
        return end;
    }
    let SignedOut {
        answer,
        before,
        mut victim,
    } = sign_out(scan).await?;
    if answer.status == 429 || answer.status >= 500 {
        return Err(Trouble::Status(answer.status, "logout".to_owned()));
    }
    if let Some(why) = step_failed(&victim, "logout", &answer)? {
        return inconclusive(why);
    }
    let cleared = scan.tokens(&victim.jar) != scan.tokens(&before.jar);
    let looks_signed_out = scan.who(&mut victim).await? == Reading::NotSignedIn;
    let works = scan
        .replay_at_home("the attacker with a copy of the token", &before)
        .await?
        == Reading::Victim;
    match (cleared && looks_signed_out, works) {
        (true, true) => finding(
            "The sign-out takes the cookie from the browser and leaves the session: the victim \
             looks signed out, and a copy of the token still reads as the victim.",
        ),
        (false, true) => passed("the sign-out does not even clear the cookie: see END-01"),
        _ => passed("the sign-out ends the session itself"),
    }
}

/// A sign-out whose handler fails.
async fn after_an_error(scan: &Scan<'_>) -> Outcome {
    let own_step = scan.target.victim().step("logout_error").is_some();
    if !own_step && let Some(end) = without_step(scan, &["logout"]) {
        return end;
    }
    let step = if own_step { "logout_error" } else { "logout" };
    let mut outcomes = Vec::new();
    // Twice, as a server that fails now and then says nothing of sign-outs.
    for _ in 0..2 {
        let mut victim = scan.victim("the victim").await?;
        let before = victim.credentials();
        let answer = victim.run(step).await?;
        if answer.status == 429 {
            return Err(Trouble::Status(429, step.to_owned()));
        }
        if answer.status < 500 {
            return match own_step {
                true if answer.status < 400 => inconclusive(format!(
                    "[step.logout_error] answered {}, which is no error",
                    answer.status
                )),
                _ => not_applicable(
                    "the sign-out does not fail; [step.logout_error] may name one that does",
                ),
            };
        }
        let reading = scan
            .replay_at_home("the attacker with a copy of the token", &before)
            .await?;
        outcomes.push((answer.status, reading));
    }
    // The target as a whole is well: the control between the sign-outs signed in.
    match outcomes.as_slice() {
        [(status, Reading::Victim), (_, Reading::Victim)] => finding(format!(
            "The sign-out answers {status}, and the session goes on: the token still reads as the \
             victim."
        )),
        [(_, Reading::NotSignedIn), (_, Reading::NotSignedIn)] => {
            passed("the session ends although the sign-out's handler fails")
        }
        _ => inconclusive("the sign-out fails, and ends the session only now and then"),
    }
}

/// A sign-out that another site causes.
async fn by_another_site(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_session_cookie(scan).or(without_step(scan, &["logout"])) {
        return end;
    }
    // The control: the sign-out does sign out where the victim asks for it.
    let SignedOut {
        mut victim, answer, ..
    } = sign_out(scan).await?;
    if answer.status == 429 || answer.status >= 500 {
        return Err(Trouble::Status(answer.status, "logout".to_owned()));
    }
    if scan.who(&mut victim).await? != Reading::NotSignedIn {
        return not_applicable("the sign-out does not sign out: see END-01");
    }
    let by_link = from_another_site(scan, http::Method::GET).await?;
    if by_link == Some(true) {
        return finding("A link or a picture of another site (GET) signs the victim out.");
    }
    let method = scan
        .target
        .victim()
        .step("logout")
        .map(|step| step.method.clone())
        .unwrap_or_default();
    if method == http::Method::POST {
        let by_form = from_another_site(scan, method).await?;
        if by_form == Some(true) {
            return finding("A form of another site (POST) signs the victim out.");
        }
    }
    passed("another site cannot sign the victim out")
}

/// Sends a sign-out as a browser would for another site, with the cookies that it would send.
/// None where it would send none.
async fn from_another_site(scan: &Scan<'_>, method: http::Method) -> Result<Option<bool>, Trouble> {
    let mut victim = scan.victim("the victim").await?;
    let sent = sent_across_sites(&victim.jar, &method);
    if scan.session_of(&sent).is_empty() {
        return Ok(None);
    }
    let is_get = method == http::Method::GET;
    let change = Change {
        method: Some(method),
        site: Site::Cross,
        cookies: CookieLines::Only(sent),
        // Another site cannot read the token of a form.
        given: Some(Default::default()),
        no_body: is_get,
        ..Change::default()
    };
    let answer = victim.run_with("logout", &change).await?;
    crate::scan::did_not_fail(&answer, "a sign-out from another site")?;
    Ok(Some(scan.who(&mut victim).await? == Reading::NotSignedIn))
}

/// The cookies that a browser sends with a request that another site causes. Where a cookie says
/// nothing, not all browsers take it for `Lax`.
pub(super) fn sent_across_sites(jar: &Jar, method: &http::Method) -> Jar {
    jar.filtered(|name| {
        let same_site = jar.get(name).and_then(|stored| stored.set.same_site);
        match same_site {
            Some(SameSite::Strict) => false,
            Some(SameSite::Lax) => *method == http::Method::GET,
            Some(SameSite::None | SameSite::Unknown) | None => true,
        }
    })
}

//! CSRF-01: another site signs the victim in, as the attacker.

use super::ending::sent_across_sites;
use super::fixation::before_sign_in;
use super::*;
use crate::actor::{Change, CookieLines, Site};
use crate::config::Body;
use crate::oracle::Reading;

pub(super) const CHECKS: &[Check] = &[check!("CSRF-01", sign_in)];

async fn sign_in(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_session_cookie(scan) {
        return end;
    }
    // The attacker has a form, with all that a form of the application's holds.
    let mut attacker = scan.browser("the attacker");
    scan.sign_in(&mut attacker).await?;
    let login = attacker.step("login")?;
    if !login.before.is_empty() {
        return not_applicable("the sign-in takes several requests");
    }
    if !matches!(login.method, http::Method::POST | http::Method::GET) {
        return passed("a form of another site cannot send this method");
    }
    // The victim's browser has been on the site before.
    let mut victim = scan.browser("the victim's browser, for another site");
    before_sign_in(scan, &mut victim).await?;
    let sent = sent_across_sites(&victim.jar, &login.method);
    let change = Change {
        site: Site::Cross,
        cookies: CookieLines::Only(sent),
        given: Some(attacker.values.clone()),
        // A form has no other media type that could carry JSON; with JSON's own the browser asks
        // the application first.
        media_type: matches!(login.body, Body::Json(_)).then_some("text/plain"),
        no_redirects: true,
        ..Change::default()
    };
    let answer = match victim.run_with("login", &change).await {
        Ok(answer) => answer,
        Err(Trouble::Extract(_)) => return passed("a sign-in from another site is refused"),
        Err(trouble) => return Err(trouble),
    };
    crate::scan::did_not_fail(&answer, "a sign-in from another site")?;
    match scan.who(&mut victim).await? {
        Reading::Victim | Reading::Other => finding(
            "A form of another site signs the browser in, with the account that the attacker \
             chooses: what the victim then enters goes into the attacker's account.",
        ),
        Reading::NotSignedIn => passed("a sign-in from another site is refused"),
    }
}

//! COOK-06: two cookies of the session's name, as a neighbouring host or a longer path can cause.
//!
//! Most applications take one of the two, and that alone is no finding. It is one where the
//! attacker's cookie, sent beside the victim's own, becomes the victim's session, or where the
//! sign-out ends another session than the one that whoami reads.

use super::fixation::before_sign_in;
use super::*;
use crate::actor::{Actor, Change, CookieLines, Credentials};
use crate::forge;
use crate::http::{ClientTls, Jar, Protocols, Resume, TlsVersion};
use crate::oracle::Reading;

pub(super) const CHECKS: &[Check] = &[check!("COOK-06", two_of_a_name)];

#[derive(Clone, Copy)]
enum Form {
    OneLine,
    TwoLines,
    Http2,
}

impl Form {
    const ALL: [Self; 3] = [Self::OneLine, Self::TwoLines, Self::Http2];

    fn name(self) -> &'static str {
        match self {
            Self::OneLine => "in one line",
            Self::TwoLines => "in two lines",
            Self::Http2 => "in two fields of HTTP/2",
        }
    }

    fn lines(self, first: &Jar, second: &Jar) -> CookieLines {
        let pairs = |jar: &Jar| -> Vec<String> {
            jar.iter()
                .map(|stored| format!("{}={}", stored.set.name, stored.set.value))
                .collect()
        };
        let all = [pairs(first), pairs(second)].concat();
        CookieLines::Raw(match self {
            Self::OneLine => vec![all.join("; ")],
            Self::TwoLines | Self::Http2 => all,
        })
    }
}

async fn two_of_a_name(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_session_cookie(scan) {
        return end;
    }
    let mut attacker = scan.attacker("the attacker");
    before_sign_in(scan, &mut attacker).await?;
    let mut planted = scan.session_of(&attacker.jar);
    if planted.is_empty() {
        let real = scan.session_of(&scan.calibration.sample.credentials.jar);
        planted = real.with_values(|stored| forge::like(&stored.set.value));
    }
    let http2 = speaks_http2(scan).await;
    let mut tried = 0;
    let mut undecided = None;
    for form in Form::ALL {
        if matches!(form, Form::Http2) && !http2 {
            continue;
        }
        for planted_first in [true, false] {
            tried += 1;
            if let Some(what) = signs_in(scan, &planted, form, planted_first).await? {
                return finding(what);
            }
            match signs_out(scan, &planted, form, planted_first).await {
                Ok(Some(what)) => return finding(what),
                Ok(None) => {}
                // A sign-out that fails decides nothing; the sign-ins are still looked at.
                Err(Trouble::Status(status, what)) if status != 429 => {
                    undecided = Some(Trouble::Status(status, what));
                }
                Err(trouble) => return Err(trouble),
            }
        }
    }
    if let Some(trouble) = undecided {
        return Err(trouble);
    }
    passed(format!(
        "a second cookie of the name takes nothing over ({tried} ways of sending it{})",
        if http2 { ", HTTP/2 among them" } else { "" }
    ))
}

/// The victim signs in with the attacker's cookie beside one of their own.
async fn signs_in(
    scan: &Scan<'_>,
    planted: &Jar,
    form: Form,
    planted_first: bool,
) -> Result<Option<String>, Trouble> {
    let mut victim = browser(scan, "the victim with two cookies of the name", form)?;
    before_sign_in(scan, &mut victim).await?;
    let mut own = scan.session_of(&victim.jar);
    if own.is_empty() {
        let real = scan.session_of(&scan.calibration.sample.credentials.jar);
        own = real.with_values(|stored| forge::like(&stored.set.value));
    }
    let change = both(form, planted, &own, planted_first);
    match victim.run_with("login", &change).await {
        Ok(answer) => crate::scan::did_not_fail(&answer, "login with two cookies")?,
        Err(Trouble::Extract(_)) => return Ok(None),
        Err(trouble) => return Err(trouble),
    }
    let reading = attacker_reads(scan, planted).await?;
    Ok((reading == Reading::Victim).then(|| {
        format!(
            "The victim signs in while the browser sends the attacker's cookie beside the \
             victim's own, {}; the attacker's becomes the victim's session.",
            form.name()
        )
    }))
}

/// The victim, signed in, goes on and signs out with the attacker's cookie beside their own.
async fn signs_out(
    scan: &Scan<'_>,
    planted: &Jar,
    form: Form,
    planted_first: bool,
) -> Result<Option<String>, Trouble> {
    let mut victim = browser(scan, "the victim with two cookies of the name", form)?;
    scan.sign_in(&mut victim).await?;
    let before = victim.credentials();
    let own = scan.session_of(&victim.jar);
    let change = both(form, planted, &own, planted_first);
    let answer = victim.run_with("whoami", &change).await?;
    let with_both = match scan.judge(&victim, &answer) {
        Ok(reading) => reading,
        // A refusal by a failure is not nice, and takes nothing over.
        Err(Trouble::Status(status, _)) if status != 429 => Reading::NotSignedIn,
        Err(trouble) => return Err(trouble),
    };
    if attacker_reads(scan, planted).await? == Reading::Victim {
        return Ok(Some(format!(
            "A request with the attacker's cookie beside the victim's, {}, makes the attacker's \
             cookie read as the victim.",
            form.name()
        )));
    }
    let rotated = scan.tokens(&victim.jar) != scan.tokens(&own);
    if with_both != Reading::Victim || rotated || !victim.has_step("logout") {
        return Ok(None);
    }
    // Where signing out does not end a session in the first place, END-01 says so.
    if !ends_by_itself(scan).await? {
        return Ok(None);
    }
    let answer = victim.run_with("logout", &change).await?;
    crate::scan::did_not_fail(&answer, "a sign-out with two cookies")?;
    if answer.status >= 400 {
        return Ok(None);
    }
    let reading = scan
        .replay_at_home("the attacker with a copy of the victim's token", &before)
        .await?;
    Ok((reading == Reading::Victim).then(|| {
        format!(
            "With two cookies of the name, {}, whoami reads the one and the sign-out ends the \
             other: the victim's session goes on.",
            form.name()
        )
    }))
}

async fn ends_by_itself(scan: &Scan<'_>) -> Result<bool, Trouble> {
    let mut victim = scan.victim("the victim with one cookie").await?;
    let before = victim.credentials();
    let answer = victim.run("logout").await?;
    crate::scan::did_not_fail(&answer, "logout")?;
    Ok(scan.replay_at_home("a copy of the token", &before).await? != Reading::Victim)
}

async fn attacker_reads(scan: &Scan<'_>, planted: &Jar) -> Result<Reading, Trouble> {
    let credentials = Credentials::of(planted.clone());
    scan.replay(
        "the attacker",
        &credentials,
        scan.target.attackers_certificate(),
    )
    .await
}

fn both(form: Form, planted: &Jar, own: &Jar, planted_first: bool) -> Change {
    let cookies = match planted_first {
        true => form.lines(planted, own),
        false => form.lines(own, planted),
    };
    Change {
        cookies,
        ..Change::default()
    }
}

fn browser<'t>(scan: &Scan<'t>, label: &str, form: Form) -> Result<Actor<'t>, Trouble> {
    let actor = scan.browser(label);
    match form {
        Form::Http2 => Ok(actor.with_tls(http2_config(scan.target.certificate(0))?)),
        Form::OneLine | Form::TwoLines => Ok(actor),
    }
}

fn http2_config(tls: &ClientTls) -> Result<std::sync::Arc<rustls::ClientConfig>, Trouble> {
    tls.config(Protocols::Http2, TlsVersion::Any, Resume::Never)
        .map_err(Trouble::Connect)
}

/// Whether the target answers over HTTP/2 at all.
async fn speaks_http2(scan: &Scan<'_>) -> bool {
    if !scan.target.is_https() {
        return false;
    }
    let Ok(config) = http2_config(scan.target.certificate(0)) else {
        return false;
    };
    let mut actor = scan.browser("anonymous, over HTTP/2").with_tls(config);
    actor.run("whoami").await.is_ok()
        && actor
            .connection()
            .is_some_and(crate::http::Connection::is_http2)
}

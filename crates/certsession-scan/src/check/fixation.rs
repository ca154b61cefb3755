//! FIX-01 to FIX-05: an id that another user knows becomes the victim's session.
//!
//! In each the attacker has a token first, the victim signs in with it in their browser, and then
//! the attacker reads whoami with it on a connection of their own. Only that is a finding.

use std::collections::BTreeSet;

use super::race::words;
use super::*;
use crate::actor::{Actor, Change, Credentials};
use crate::forge;
use crate::http::Jar;
use crate::oracle::Reading;

pub(super) const CHECKS: &[Check] = &[
    check!("FIX-01", kept),
    check!("FIX-02", adopted),
    check!("FIX-03", elsewhere),
    check!("FIX-04", survives),
    check!("FIX-05", over_another),
];

/// What came of planting a jar in the victim's browser.
enum Planted {
    /// The attacker reads as the victim.
    Takeover,
    /// The victim signed in, and the attacker's token is of no use.
    Harmless,
    /// The application did not let the victim in with it.
    Refused,
}

/// An id from before the sign-in.
async fn kept(scan: &Scan<'_>) -> Outcome {
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
async fn adopted(scan: &Scan<'_>) -> Outcome {
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

/// An id in the query, the path, a header or a form.
async fn elsewhere(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_session_cookie(scan) {
        return end;
    }
    // A token that works, sent in the place of the cookie.
    for place in [Place::Query, Place::Path, Place::Header] {
        let victim = scan.victim("the victim").await?;
        let tokens = scan.tokens(&victim.jar);
        let random: Vec<_> = tokens
            .iter()
            .map(|(name, value)| (name.clone(), forge::like(value)))
            .collect();
        let ways = place.carrying(&tokens).into_iter();
        for (change, control) in ways.zip(place.carrying(&random)) {
            if reads_by(scan, &change).await? != Reading::Victim {
                continue;
            }
            if reads_by(scan, &control).await? == Reading::Victim {
                return inconclusive("a random id reads as the victim as well");
            }
            return finding(format!(
                "A request without any cookie reads as the victim where the token is in {}. \
                 An id that is taken from there can be planted without a cookie, and leaks with \
                 what logs and links keep.",
                place.name()
            ));
        }
    }
    // An id that the sign-in takes from elsewhere.
    let real = scan.session_of(&scan.calibration.sample.credentials.jar);
    let mut attacker = scan.attacker("the attacker");
    before_sign_in(scan, &mut attacker).await?;
    let issued = scan.session_of(&attacker.jar);
    let made_up = real.with_values(|stored| forge::like(&stored.set.value));
    let fields: Vec<String> = attacker
        .step("login")?
        .fields()
        .into_iter()
        .map(|(name, _)| name)
        .collect();
    for ids in [issued, made_up] {
        if ids.is_empty() {
            continue;
        }
        let tokens = scan.tokens(&ids);
        for place in [Place::Query, Place::Path, Place::Form] {
            for mut change in place.carrying(&tokens) {
                // What the sign-in sends itself stays as it is.
                change.form.retain(|(name, _)| !fields.contains(name));
                if let Planted::Takeover = plant(scan, &Jar::default(), &ids, &change).await? {
                    return finding(format!(
                        "The victim signs in by a request with the attacker's id in {}; the \
                         application takes it, and the attacker reads as the victim.",
                        place.name()
                    ));
                }
            }
        }
    }
    passed("no id is taken from the query, the path, a header or a form")
}

#[derive(Clone, Copy)]
enum Place {
    Query,
    Path,
    Header,
    Form,
}

/// Names under which frameworks look for an id in a query, a form, or a header (after `x-`).
const NAMES: [&str; 8] = [
    "sid",
    "session",
    "session_id",
    "sessionid",
    "sessionId",
    "session_token",
    "sess",
    "sessid",
];

impl Place {
    fn name(self) -> &'static str {
        match self {
            Self::Query => "the query",
            Self::Path => "a parameter of the path",
            Self::Header => "a header",
            Self::Form => "the form",
        }
    }

    /// Requests with the tokens in this place, under every name that frameworks look for there.
    /// All names go into one request where that confuses no reader; of a path, some read only the
    /// first parameter.
    fn carrying(self, tokens: &[(String, String)]) -> Vec<Change> {
        let mut change = Change::default();
        let mut alone = Vec::new();
        for (name, value) in tokens {
            let plain = decoded(value);
            let lower = name.to_ascii_lowercase();
            match self {
                Self::Query => {
                    let more = [
                        "jsessionid",
                        "phpsessid",
                        "token",
                        "auth_token",
                        "access_token",
                    ];
                    change.query.extend(
                        distinct([name, &lower], NAMES.into_iter().chain(more))
                            .map(|name| (name, plain.clone())),
                    );
                }
                Self::Form => change.form.extend(
                    distinct([name, &lower], NAMES.into_iter()).map(|name| (name, plain.clone())),
                ),
                Self::Path => {
                    for name in distinct([name, &lower], ["jsessionid"].into_iter()) {
                        let parameter = format!(";{name}={value}");
                        change.path_parameters += &parameter;
                        if tokens.len() == 1 {
                            alone.push(Change {
                                path_parameters: parameter,
                                ..Change::default()
                            });
                        }
                    }
                }
                Self::Header => {
                    let more = [
                        "x-session-id",
                        "x-session",
                        "x-session-token",
                        "x-sessionid",
                        "x-sid",
                        "x-auth-token",
                        "x-access-token",
                        "x-token",
                        "session-id",
                        "session",
                        "sid",
                    ];
                    let own = format!("x-{lower}");
                    change.headers.extend(
                        distinct([&lower, &own], more.into_iter())
                            .filter_map(|header| http::HeaderName::try_from(header).ok())
                            .map(|header| (header, plain.clone())),
                    );
                }
            }
        }
        alone.push(change);
        alone
    }
}

fn distinct<'n>(
    own: [&'n String; 2],
    others: impl Iterator<Item = &'n str>,
) -> impl Iterator<Item = String> {
    let mut names: Vec<String> = Vec::new();
    for name in own.into_iter().map(String::as_str).chain(others) {
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }
    names.into_iter()
}

/// As whom a request without cookies reads that carries a token elsewhere.
async fn reads_by(scan: &Scan<'_>, change: &Change) -> Result<Reading, Trouble> {
    let mut attacker = scan.attacker("the attacker");
    let answer = attacker.run_with("whoami", change).await?;
    match scan.judge(&attacker, &answer) {
        // An odd request may be refused by a failure; that the application is well is the control.
        Err(Trouble::Status(status, _)) if status != 429 => {
            scan.victim("the victim, afterwards").await?;
            Ok(Reading::NotSignedIn)
        }
        reading => reading,
    }
}

/// Data of an anonymous session.
async fn survives(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = without_session_cookie(scan).or(without_step(scan, &["write", "read"])) {
        return end;
    }
    let mut browser = scan.browser("the attacker, then the victim in the same browser");
    before_sign_in(scan, &mut browser).await?;
    let clean = browser.run("read").await?;
    let wrote = browser.run("write").await?;
    crate::scan::did_not_fail(&wrote, "write")?;
    let written = browser.run("read").await?;
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
    let after = words(&browser.run("read").await?.text());
    let mut fresh = scan.victim("the victim in another browser").await?;
    let control = words(&fresh.run("read").await?.text());
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
async fn over_another(scan: &Scan<'_>) -> Outcome {
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

/// Loads what a browser loads before a sign-in, so that a session is begun where one is.
pub(super) async fn before_sign_in(scan: &Scan<'_>, actor: &mut Actor<'_>) -> Result<(), Trouble> {
    let login = actor.step("login")?;
    if login.method != http::Method::GET && !login.path.contains('{') {
        actor.visit(&login.path).await?;
    }
    for extract in &login.extract {
        if let Some(path) = extract.from.strip_prefix("GET ") {
            actor.visit(path.trim()).await?;
        }
    }
    actor.run("whoami").await?;
    if scan.session_of(&actor.jar).is_empty() {
        actor.visit("/").await?;
    }
    if scan.session_of(&actor.jar).is_empty() && actor.has_step("write") {
        actor.run("write").await?;
    }
    Ok(())
}

/// Plants a jar in the victim's browser, has the victim sign in, and tries the attacker's token.
async fn plant(
    scan: &Scan<'_>,
    planted: &Jar,
    attackers: &Jar,
    change: &Change,
) -> Result<Planted, Trouble> {
    let mut victim = scan
        .browser("the victim with the planted id")
        .with_jar(planted.clone());
    let signed_in = match sign_in_with(scan, &mut victim, change).await {
        Ok(reading) => reading == Reading::Victim,
        // A page that a planted id does not open has no token to extract. An application that
        // fails on an odd id refuses it, too: the control below tells whether it is well.
        Err(Trouble::Extract(_)) => false,
        Err(Trouble::Status(status, _)) if status != 429 => false,
        Err(trouble) => return Err(trouble),
    };
    let credentials = Credentials::of(attackers.clone());
    let reading = scan
        .replay(
            "the attacker with the planted id",
            &credentials,
            scan.target.attackers_certificate(),
        )
        .await;
    match reading {
        Ok(Reading::Victim) => return Ok(Planted::Takeover),
        Ok(_) if signed_in => return Ok(Planted::Harmless),
        Ok(_) => {}
        Err(Trouble::Status(status, _)) if status != 429 => {}
        Err(trouble) => return Err(trouble),
    }
    // The control: the sign-in works where nothing is planted.
    scan.victim("the victim with nothing planted").await?;
    Ok(Planted::Refused)
}

async fn sign_in_with<'t>(
    scan: &Scan<'t>,
    actor: &mut Actor<'t>,
    change: &Change,
) -> Result<Reading, Trouble> {
    let answer = actor.run_with("login", change).await?;
    crate::scan::did_not_fail(&answer, "login")?;
    scan.who(actor).await
}

/// A cookie's value without its percent escapes, as a query writes its own.
pub(super) fn decoded(value: &str) -> String {
    url::form_urlencoded::parse(format!("v={}", value.replace('+', "%2B")).as_bytes())
        .next()
        .map_or_else(|| value.to_owned(), |(_, value)| value.into_owned())
}

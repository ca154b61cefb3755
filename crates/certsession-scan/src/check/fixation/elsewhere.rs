//! FIX-03: an id in the query, the path, a header or a form.

use super::super::*;
use super::planting::{Planted, before_sign_in, plant};
use crate::actor::Change;
use crate::forge;
use crate::http::{Jar, decoded};
use crate::oracle::Reading;

pub(super) async fn elsewhere(scan: &Scan<'_>) -> Outcome {
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

//! As whom an answer reads, calibrated before anything is judged by it.
//!
//! whoami is asked three times each anonymously, as the first identity and as the second. Where
//! the answers do not differ, nothing that is built on them would mean anything: the scan stops.

use std::collections::BTreeSet;

use crate::actor::{Actor, Credentials};
use crate::config::Matcher;
use crate::forge;
use crate::http::{Answer, Trouble};
use crate::target::Target;

const ROUNDS: usize = 3;

/// As whom an answer of whoami reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reading {
    Victim,
    Other,
    NotSignedIn,
}

/// What tells the answers apart.
#[derive(Debug)]
pub(crate) struct Oracle {
    victim: Signature,
    other: Option<Signature>,
    /// Statuses by which the application answers anonymous users, a 500 among them.
    anonymous: Vec<u16>,
}

#[derive(Debug)]
struct Signature {
    matcher: Matcher,
    /// Words that are in this identity's answers and in no other's.
    words: Vec<String>,
}

/// The oracle, and a signed-in sample that checks look at.
#[derive(Debug)]
pub(crate) struct Calibration {
    pub(crate) oracle: Oracle,
    pub(crate) sample: Sample,
    /// Why the second identity is of no use, where there is one.
    pub(crate) other_failed: Option<String>,
}

/// A sign-in of the victim's, as it went.
#[derive(Debug)]
pub(crate) struct Sample {
    pub(crate) credentials: Credentials,
    /// Every answer of the sign-in.
    pub(crate) sign_in: Vec<Answer>,
    pub(crate) whoami: Answer,
}

impl Oracle {
    pub(crate) fn read(&self, answer: &Answer) -> Result<Reading, Trouble> {
        if self.victim.matches(answer) {
            return Ok(Reading::Victim);
        }
        if self
            .other
            .as_ref()
            .is_some_and(|other| other.matches(answer))
        {
            return Ok(Reading::Other);
        }
        let failed = answer.status == 429 || answer.status >= 500;
        match failed && !self.anonymous.contains(&answer.status) {
            true => Err(Trouble::Status(answer.status, "whoami".to_owned())),
            false => Ok(Reading::NotSignedIn),
        }
    }
}

impl Signature {
    fn matches(&self, answer: &Answer) -> bool {
        self.matcher.matches(answer) && {
            let text = answer.text();
            self.words.iter().all(|word| text.contains(word))
        }
    }
}

impl Matcher {
    pub(crate) fn matches(&self, answer: &Answer) -> bool {
        let text = answer.text();
        let dense =
            |text: &str| -> String { text.chars().filter(|c| !c.is_ascii_whitespace()).collect() };
        // JSON may be written with spaces or without; a matcher need not know.
        let json = answer.json();
        let has = |wanted: &String| {
            text.contains(wanted.as_str())
                || json.is_some() && dense(&text).contains(&dense(wanted))
        };
        (self.status.is_empty() || self.status.contains(&answer.status))
            && self.body.iter().all(has)
            && !self.not_body.iter().any(has)
            && self
                .headers
                .iter()
                .all(|(name, value)| answer.header_list(name).contains(value.as_str()))
            && self.json.iter().all(|(pointer, value)| {
                json.as_ref().and_then(|json| json.pointer(pointer)) == Some(value)
            })
    }
}

/// Asks whoami in each of the roles. An error says why nothing can be judged.
pub(crate) async fn calibrate(target: &Target) -> Result<Calibration, String> {
    let victim = target.victim();
    let matcher = matcher_of(target, 0)?;
    let mut anonymous = Vec::new();
    for _ in 0..ROUNDS {
        let mut actor = Actor::new(target, "anonymous", victim, target.certificate(0));
        let answer = actor
            .run("whoami")
            .await
            .map_err(|trouble| format!("whoami without a session: {trouble}"))?;
        anonymous.push(answer);
    }
    if anonymous.iter().any(|answer| matcher.matches(answer)) {
        return Err(format!(
            "whoami shows {} as signed in to an actor who is not ({}): signed_in does not tell \
             them apart",
            victim.name,
            statuses(&anonymous)
        ));
    }
    if anonymous
        .iter()
        .all(|answer| answer.status == 429 || answer.status >= 500)
    {
        return Err(format!(
            "whoami fails for anonymous users: it answered {}",
            statuses(&anonymous)
        ));
    }

    let mut sample = None;
    let mut as_victim = Vec::new();
    for _ in 0..ROUNDS {
        let taken = signed_in(target, 0).await?;
        if !matcher.matches(&taken.whoami) {
            return Err(not_signed_in(target, 0, &taken));
        }
        as_victim.push(taken.whoami.clone());
        sample = Some(taken);
    }
    let sample = sample.ok_or_else(|| "no sign-in was tried".to_owned())?;

    let mut other = None;
    let mut other_failed = None;
    let mut words = Vec::new();
    if target.other().is_some() {
        match as_other(target, &anonymous).await {
            Ok((matcher_of_other, as_other)) => {
                let distinct = |own: &[Answer], others: &[Answer]| {
                    distinguishing(target, own, others, &anonymous)
                };
                let told_apart = !as_other.iter().any(|answer| matcher.matches(answer));
                if !told_apart {
                    words = distinct(&as_victim, &as_other);
                    if words.is_empty() {
                        return Err(overlap(target));
                    }
                }
                let victims_match = as_victim
                    .iter()
                    .any(|answer| matcher_of_other.matches(answer));
                let other_words = match victims_match {
                    true => distinct(&as_other, &as_victim),
                    false => Vec::new(),
                };
                if victims_match && other_words.is_empty() {
                    return Err(overlap(target));
                }
                other = Some(Signature {
                    matcher: matcher_of_other,
                    words: other_words,
                });
            }
            Err(why) => other_failed = Some(why),
        }
    }
    let oracle = Oracle {
        victim: Signature { matcher, words },
        other,
        anonymous: anonymous.iter().map(|answer| answer.status).collect(),
    };
    // The last control: a token that was never issued signs no one in.
    let forged = sample.credentials.forged();
    let mut actor =
        Actor::new(target, "a made-up token", victim, target.certificate(0)).with(forged);
    match actor.run("whoami").await {
        Ok(answer) if oracle.read(&answer) == Ok(Reading::Victim) => {
            return Err(format!(
                "whoami shows {} as signed in for a token that was never issued",
                victim.name
            ));
        }
        _ => {}
    }
    Ok(Calibration {
        oracle,
        sample,
        other_failed,
    })
}

impl Credentials {
    /// The same cookies with values that were never issued.
    pub(crate) fn forged(&self) -> Self {
        Self::of(
            self.jar
                .with_values(|stored| forge::like(&stored.set.value)),
        )
    }
}

async fn as_other(target: &Target, anonymous: &[Answer]) -> Result<(Matcher, Vec<Answer>), String> {
    let mut matcher = matcher_of(target, 1)?;
    let mut answers = Vec::new();
    for _ in 0..ROUNDS {
        let taken = signed_in(target, 1).await?;
        if !matcher.matches(&taken.whoami) {
            // What the file says of the first identity may not fit the second. Where the answer
            // is none that anonymous users get, its own words will tell who it is.
            let other_than_anonymous = anonymous.iter().all(|answer| {
                answer.status != taken.whoami.status || answer.body != taken.whoami.body
            });
            let right_status =
                matcher.status.is_empty() || matcher.status.contains(&taken.whoami.status);
            let own = std::slice::from_ref(&taken.whoami);
            let words = distinguishing(target, own, anonymous, &[]);
            if !other_than_anonymous || !right_status || words.is_empty() {
                return Err(not_signed_in(target, 1, &taken));
            }
            matcher = Matcher {
                status: vec![taken.whoami.status],
                body: words,
                ..Matcher::default()
            };
        }
        answers.push(taken.whoami);
    }
    Ok((matcher, answers))
}

async fn signed_in(target: &Target, identity: usize) -> Result<Sample, String> {
    let who = &target.config.identities[identity];
    let mut actor = Actor::new(target, &who.name, who, target.certificate(identity));
    let failed = |trouble: Trouble| format!("the sign-in of {}: {trouble}", who.name);
    actor.run("login").await.map_err(failed)?;
    let sign_in = actor.chain.clone();
    if let Some(answer) = sign_in
        .iter()
        .find(|answer| answer.status == 429 || answer.status >= 500)
    {
        return Err(failed(Trouble::Status(answer.status, "login".to_owned())));
    }
    let whoami = actor
        .run("whoami")
        .await
        .map_err(|trouble| format!("whoami as {}: {trouble}", who.name))?;
    Ok(Sample {
        credentials: actor.credentials(),
        sign_in,
        whoami,
    })
}

fn matcher_of(target: &Target, identity: usize) -> Result<Matcher, String> {
    let who = &target.config.identities[identity];
    who.step("whoami")
        .and_then(|step| step.signed_in.clone())
        .ok_or_else(|| format!("nothing says what shows that {} is signed in", who.name))
}

/// Words that are in all answers of one kind and in none of the others: best those that the
/// identity signs in with, else any.
fn distinguishing(
    target: &Target,
    own: &[Answer],
    others: &[Answer],
    anonymous: &[Answer],
) -> Vec<String> {
    let tells = |word: &String| {
        own.iter().all(|answer| answer.text().contains(word))
            && !others
                .iter()
                .chain(anonymous)
                .any(|answer| answer.text().contains(word))
    };
    let mut named: Vec<String> = target
        .config
        .identities
        .iter()
        .flat_map(|identity| {
            let fields = identity.step("login").map(|step| step.fields());
            fields
                .unwrap_or_default()
                .into_iter()
                .map(|(_, value)| value)
                .chain([identity.name.clone()])
        })
        .filter(|word| word.len() > 1)
        .filter(tells)
        .collect();
    named.truncate(1);
    if !named.is_empty() {
        return named;
    }
    let Some(first) = own.first() else {
        return Vec::new();
    };
    let text = first.text();
    let words: BTreeSet<String> = text
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| word.len() > 1)
        .map(str::to_owned)
        .collect();
    words.into_iter().filter(tells).take(1).collect()
}

fn overlap(target: &Target) -> String {
    format!(
        "whoami answers {} and {} alike: nothing tells them apart",
        target.victim().name,
        target.other().map_or("the other", |other| &other.name)
    )
}

fn not_signed_in(target: &Target, identity: usize, sample: &Sample) -> String {
    let who = &target.config.identities[identity].name;
    let login = sample.sign_in.first().map_or(0, |answer| answer.status);
    format!(
        "after the sign-in of {who} (answered {login}), whoami answered {} without what signed_in \
         asks for",
        sample.whoami.status
    )
}

fn statuses(answers: &[Answer]) -> String {
    let statuses: BTreeSet<u16> = answers.iter().map(|answer| answer.status).collect();
    let statuses: Vec<String> = statuses.iter().map(u16::to_string).collect();
    statuses.join(", ")
}

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
            self.words.iter().all(|word| has_word(&text, word))
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
        match as_other(target, &anonymous, &as_victim).await {
            Ok((mut signature, as_other)) => {
                let distinct = |own: &[Answer], others: &[Answer]| {
                    let others: Vec<&Answer> = others.iter().chain(&anonymous).collect();
                    distinguishing(target, own, &others)
                };
                if as_other.iter().any(|answer| matcher.matches(answer)) {
                    words = distinct(&as_victim, &as_other);
                    if words.is_empty() {
                        return Err(overlap(target));
                    }
                }
                if as_victim.iter().any(|answer| signature.matches(answer)) {
                    signature.words = distinct(&as_other, &as_victim);
                    if signature.words.is_empty() {
                        return Err(overlap(target));
                    }
                }
                other = Some(signature);
            }
            Err(why) => other_failed = Some(why),
        }
    }
    let mut oracle = Oracle {
        victim: Signature { matcher, words },
        other,
        anonymous: anonymous.iter().map(|answer| answer.status).collect(),
    };
    // Words that the scanner has chosen may be there by chance: they have to be there once more.
    if !oracle.victim.words.is_empty() {
        let once_more = signed_in(target, 0).await?;
        if oracle.read(&once_more.whoami) != Ok(Reading::Victim) {
            return Err(overlap(target));
        }
    }
    let chosen = oracle.other.as_ref().map(|other| !other.words.is_empty());
    if chosen == Some(true) {
        let once_more = signed_in(target, 1).await?;
        if oracle.read(&once_more.whoami) != Ok(Reading::Other) {
            oracle.other = None;
            other_failed = Some(not_signed_in(target, 1, &once_more));
        }
    }
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

/// What the second identity's answers are like, and the answers.
async fn as_other(
    target: &Target,
    anonymous: &[Answer],
    as_victim: &[Answer],
) -> Result<(Signature, Vec<Answer>), String> {
    let matcher = matcher_of(target, 1)?;
    let mut taken = Vec::new();
    for _ in 0..ROUNDS {
        taken.push(signed_in(target, 1).await?);
    }
    let answers: Vec<Answer> = taken.iter().map(|taken| taken.whoami.clone()).collect();
    let Some(unlike) = taken.iter().find(|taken| !matcher.matches(&taken.whoami)) else {
        let signature = Signature {
            matcher,
            words: Vec::new(),
        };
        return Ok((signature, answers));
    };
    // What the file says of the first identity may not fit the second. Where the answers are none
    // that anonymous users get, their own words will tell who it is.
    let is_anonymous = |answer: &Answer| {
        anonymous
            .iter()
            .any(|other| other.status == answer.status && other.body == answer.body)
    };
    let has_status =
        |answer: &Answer| matcher.status.is_empty() || matcher.status.contains(&answer.status);
    let others: Vec<&Answer> = as_victim.iter().chain(anonymous).collect();
    let words = distinguishing(target, &answers, &others);
    if answers.iter().any(is_anonymous) || !answers.iter().all(has_status) || words.is_empty() {
        return Err(not_signed_in(target, 1, unlike));
    }
    let signature = Signature {
        matcher: Matcher {
            status: answers.iter().map(|answer| answer.status).collect(),
            ..Matcher::default()
        },
        words,
    };
    Ok((signature, answers))
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

/// A word that is in all answers of one kind and in none of the others: best one that the identity
/// signs in with, else any without digits, as those are parts of times, counters and ids.
fn distinguishing(target: &Target, own: &[Answer], others: &[&Answer]) -> Vec<String> {
    let own: Vec<String> = own.iter().map(Answer::text).collect();
    let others: Vec<String> = others.iter().map(|answer| answer.text()).collect();
    let named = target.config.identities.iter().flat_map(|identity| {
        let fields = identity.step("login").map(|step| step.fields());
        fields
            .unwrap_or_default()
            .into_iter()
            .map(|(_, value)| value)
            .chain([identity.name.clone()])
    });
    telling(named, &own, &others).into_iter().collect()
}

fn telling(
    named: impl Iterator<Item = String>,
    own: &[String],
    others: &[String],
) -> Option<String> {
    let tells = |word: &String| {
        word.len() > 1
            && own.iter().all(|text| has_word(text, word))
            && !others.iter().any(|text| has_word(text, word))
    };
    let shown: BTreeSet<String> = own
        .first()
        .into_iter()
        .flat_map(|text| text.split(|c: char| !c.is_alphanumeric()))
        .filter(|word| !word.contains(|c: char| c.is_numeric()))
        .map(str::to_owned)
        .collect();
    named.chain(shown).find(tells)
}

/// Whether a word is in the text as a whole: `ann` is not in `annotations`.
fn has_word(text: &str, word: &str) -> bool {
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        [before, after]
            .into_iter()
            .flatten()
            .all(|c| !c.is_alphanumeric())
    })
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

#[cfg(test)]
mod tests {
    use super::{has_word, telling};

    fn told(own: &[&str], others: &[&str]) -> Option<String> {
        let texts = |texts: &[&str]| -> Vec<String> {
            texts.iter().map(|text| (*text).to_owned()).collect()
        };
        let named = ["ann".to_owned(), "secret".to_owned()];
        telling(named.into_iter(), &texts(own), &texts(others))
    }

    #[test]
    fn a_word_is_found_as_a_whole() {
        assert!(has_word("<b>ann</b>", "ann"));
        assert!(has_word("planning ann", "ann"));
        assert!(!has_word("planning annotations", "ann"));
        assert!(has_word("ann@example.org, x", "ann@example.org"));
    }

    #[test]
    fn a_word_that_is_there_by_chance_tells_no_one_apart() {
        let victim = "<p>welcome alice 11</p> nonce x8f";
        // Its own name first, and only where it is in every answer.
        assert_eq!(
            told(&["zoe ann 12", "zoe ann 13"], &[victim]).as_deref(),
            Some("ann")
        );
        assert_eq!(
            told(&["zoe a7f 12", "zoe b8e 12"], &[victim]).as_deref(),
            Some("zoe")
        );
        assert_eq!(told(&["welcome 12 a7f", "welcome 12 a7f"], &[victim]), None);
    }
}

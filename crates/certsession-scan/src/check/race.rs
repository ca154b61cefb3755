//! RACE-01 to RACE-03: what a slow request does to a session that changes meanwhile.
//!
//! `[step.slow]` names a request that reads the session, takes its time, and writes it.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use super::*;
use crate::actor::Actor;
use crate::http::Answer;
use crate::oracle::Reading;

pub(super) const CHECKS: &[Check] = &[
    check!("RACE-01", sign_out),
    check!("RACE-02", rotation),
    check!("RACE-03", lost_update),
];

const TRIALS: u32 = 2;
/// Where a busy machine spoils trials, more are made.
const MAX_TRIALS: u32 = 4;
/// A request that is not slower than this leaves no time to act in.
const MIN_SLOW: Duration = Duration::from_millis(80);

/// How the trials of a race went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Trials {
    /// As meant: the other step began and ended while the slow one was under way.
    raced: u32,
    /// The other step began in time, and ended after the slow one.
    waited: u32,
}

/// A slow writer against the sign-out.
async fn sign_out(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = not_raced(scan).or(without_step(scan, &["slow", "logout"])) {
        return end;
    }
    // The control: without a race the sign-out ends the session.
    let mut victim = scan.victim("the victim, without a race").await?;
    let before = victim.credentials();
    let began = Instant::now();
    let answer = victim.run("logout").await?;
    let alone = began.elapsed();
    crate::scan::did_not_fail(&answer, "logout")?;
    if scan.replay_at_home("a copy of the token", &before).await? == Reading::Victim {
        return not_applicable("the sign-out ends no session even without a race: see END-01");
    }
    let slow = match takes(scan).await? {
        Some(time) => time,
        None => return inconclusive("[step.slow] is not slow enough to race with"),
    };
    let mut trials = Trials::default();
    for trial in 0..MAX_TRIALS {
        if trials.raced == TRIALS {
            break;
        }
        let mut victim = scan.victim("the victim").await?;
        let before = victim.credentials();
        let mut writer = connected(scan).await.with(before.clone());
        let raced = at_once(&mut writer, &mut victim, "logout", pause(slow, trial)).await?;
        trials.count(&raced, slow);
        if scan
            .replay_at_home("the attacker with the old token", &before)
            .await?
            == Reading::Victim
        {
            return finding(
                "A request that was slower than the sign-out writes the session back: the old \
                 token reads as the victim again.",
            );
        }
        let after = writer.credentials();
        let is_new = match scan.carrier.cookies.is_empty() {
            true => after.values != before.values,
            false => scan.tokens(&after.jar) != scan.tokens(&before.jar),
        };
        if is_new
            && scan
                .replay_at_home("the attacker with the new token", &after)
                .await?
                == Reading::Victim
        {
            return finding(
                "A request that was slower than the sign-out gets a new token, which reads as the \
                 victim.",
            );
        }
    }
    trials.outcome(alone, slow, "a slow request brings no session back")
}

/// A slow writer against a new token.
async fn rotation(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = not_raced(scan)
        .or(without_session_cookie(scan))
        .or(without_step(scan, &["slow"]))
    {
        return end;
    }
    let rotate = match scan.target.victim().step("elevate") {
        Some(_) => "elevate",
        None => "login",
    };
    // The control: without a race the old token is dead.
    let mut victim = scan.victim("the victim, without a race").await?;
    let before = victim.credentials();
    let began = Instant::now();
    match victim.run(rotate).await {
        Ok(answer) => crate::scan::did_not_fail(&answer, rotate)?,
        Err(Trouble::Extract(_)) => {
            return not_applicable(
                "no identity can sign in over a session, and no step rotates it",
            );
        }
        Err(trouble) => return Err(trouble),
    }
    let alone = began.elapsed();
    tokio::time::sleep(scan.target.config.policy.grace).await;
    if scan
        .replay_at_home("a copy of the old token", &before)
        .await?
        == Reading::Victim
    {
        return not_applicable("the old token works even without a race: see ROT-01 and FIX-05");
    }
    let Some(slow) = takes(scan).await? else {
        return inconclusive("[step.slow] is not slow enough to race with");
    };
    let mut trials = Trials::default();
    for trial in 0..MAX_TRIALS {
        if trials.raced == TRIALS {
            break;
        }
        let mut victim = scan.victim("the victim").await?;
        let before = victim.credentials();
        let mut writer = connected(scan).await.with(before.clone());
        let raced = at_once(&mut writer, &mut victim, rotate, pause(slow, trial)).await?;
        trials.count(&raced, slow);
        if scan.who(&mut victim).await? != Reading::Victim {
            return inconclusive("after the new token the victim is not signed in any more");
        }
        tokio::time::sleep(scan.target.config.policy.grace).await;
        if scan
            .replay_at_home("the attacker with the old token", &before)
            .await?
            == Reading::Victim
        {
            return finding(
                "A request that was slower than the change of the token writes the session back \
                 under the old one: it reads as the victim again.",
            );
        }
    }
    trials.outcome(alone, slow, "a slow request brings no old token back")
}

impl Trials {
    /// Counts a trial in which the slow step took about the time that it takes alone: one that was
    /// refused at once was in no race.
    fn count(&mut self, raced: &Raced, slow: Duration) {
        if raced.began_in_time && raced.slow_took * 2 >= slow {
            match raced.slow_last {
                true => self.raced += 1,
                false => self.waited += 1,
            }
        }
    }

    /// What it means that no trial took anything over.
    fn outcome(self, alone: Duration, slow: Duration, what: &str) -> Outcome {
        match self {
            // A busy machine may spoil a trial; one that went as meant is one.
            Self { raced: 1.., .. } => passed(what),
            Self { waited: 1.., .. } if alone * 2 <= slow => {
                passed("the application makes the requests of one session wait for each other")
            }
            Self { waited: 1.., .. } => inconclusive("[step.slow] is not slow enough to race with"),
            Self { .. } => inconclusive(
                "in no trial was [step.slow] under way while the other step was: it was refused, \
                 or the machine is too busy to race on",
            ),
        }
    }
}

/// Two writers at the same time.
async fn lost_update(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = not_raced(scan).or(without_step(scan, &["slow", "write", "read"])) {
        return end;
    }
    let Some(slow) = takes(scan).await? else {
        return inconclusive("[step.slow] is not slow enough to race with");
    };
    let Some(mut seen) = Seen::learn(scan).await? else {
        return not_applicable(
            "`read` does not show what both `slow` and `write` leave; give them different keys",
        );
    };
    // How long the other step takes alone.
    let mut victim = scan.victim("the victim, without a race").await?;
    let began = Instant::now();
    let answer = victim.run("write").await?;
    let alone = began.elapsed();
    crate::scan::did_not_fail(&answer, "write")?;
    let mut trials = Trials::default();
    let mut losses = 0;
    for trial in 0..MAX_TRIALS {
        if trials.raced == TRIALS {
            break;
        }
        let mut victim = scan.victim("the victim").await?;
        let mut writer = connected(scan).await.with(victim.credentials());
        let raced = at_once(&mut writer, &mut victim, "write", pause(slow, trial)).await?;
        trials.count(&raced, slow);
        // A writer that is told that it lost has not lost silently.
        if raced.slow.status >= 400 || raced.meanwhile.status >= 400 {
            continue;
        }
        // Where each request replaces the token, one of the two holds the newest.
        let (victim, writer) = (victim.run("read").await?, writer.run("read").await?);
        crate::scan::did_not_fail(&victim, "read")?;
        crate::scan::did_not_fail(&writer, "read")?;
        let after = [victim.text(), writer.text()];
        if seen.both_in(&after) == Some(true) {
            continue;
        }
        // The control: without a race, and as late, both are still seen.
        let Some(confirmed) = seen.confirmed_by(&leaves(scan, &["write", "slow"]).await?) else {
            return inconclusive("`read` shows more than what the steps wrote");
        };
        seen = confirmed;
        match seen.both_in(&after) {
            Some(true) => {}
            Some(false) => losses += 1,
            None => return inconclusive("after both writes `read` shows neither of them"),
        }
    }
    match losses {
        0 => trials.outcome(alone, slow, "both writers win, or one is told that it lost"),
        _ => finding(
            "Two requests write different values to the session at the same time, both are told \
             that it went well, and one of the values is gone.",
        ),
    }
}

/// How to tell in an answer of `read` what was written.
#[derive(Debug, PartialEq)]
enum Seen {
    /// By words that one of the writers leaves, and the other does not.
    ByWords {
        slow: BTreeSet<String>,
        write: BTreeSet<String>,
    },
    /// By the whole answer.
    Whole { one: [String; 2], both: String },
}

/// What `read` shows without a race.
struct Alone {
    nothing: String,
    slow: String,
    write: String,
    slow_first: String,
    write_first: String,
}

impl Seen {
    /// Lets each write by itself, and both one after the other, in either order.
    async fn learn(scan: &Scan<'_>) -> Result<Option<Self>, Trouble> {
        Ok(Self::of(Alone {
            nothing: leaves(scan, &[]).await?,
            slow: leaves(scan, &["slow"]).await?,
            write: leaves(scan, &["write"]).await?,
            slow_first: leaves(scan, &["slow", "write"]).await?,
            write_first: leaves(scan, &["write", "slow"]).await?,
        }))
    }

    fn of(alone: Alone) -> Option<Self> {
        let lasting = &words(&alone.slow_first) & &words(&alone.write_first);
        let of = |one: &str, other: &str| {
            let own = &(&words(one) & &lasting) - &words(other);
            &own - &words(&alone.nothing)
        };
        let slow = of(&alone.slow, &alone.write);
        let write = of(&alone.write, &alone.slow);
        if !slow.is_empty() && !write.is_empty() {
            return Some(Self::ByWords { slow, write });
        }
        let both = alone.slow_first;
        let told_apart = both == alone.write_first && both != alone.slow && both != alone.write;
        told_apart.then_some(Self::Whole {
            one: [alone.slow, alone.write],
            both,
        })
    }

    /// What this answer, which holds both, shows as well; `None` where that is not enough to tell.
    /// A word such as a part of a time may have been in earlier answers by chance.
    fn confirmed_by(self, answer: &str) -> Option<Self> {
        match self {
            Self::ByWords { slow, write } => {
                let shown = words(answer);
                let (slow, write) = (&slow & &shown, &write & &shown);
                let told_apart = !slow.is_empty() && !write.is_empty();
                told_apart.then_some(Self::ByWords { slow, write })
            }
            Self::Whole { one, both } => (both == answer).then_some(Self::Whole { one, both }),
        }
    }

    /// Whether one of the answers shows both writes; `None` where they show neither.
    fn both_in(&self, answers: &[String; 2]) -> Option<bool> {
        let [one, other] = answers.each_ref().map(|answer| self.both(answer));
        one.max(other)
    }

    fn both(&self, answer: &str) -> Option<bool> {
        match self {
            Self::ByWords { slow, write } => {
                let found = words(answer);
                match (slow.is_subset(&found), write.is_subset(&found)) {
                    (true, true) => Some(true),
                    (false, false) => None,
                    _ => Some(false),
                }
            }
            Self::Whole { one, both } => match answer == both {
                true => Some(true),
                false => one.iter().any(|one| one == answer).then_some(false),
            },
        }
    }
}

/// Both answers of a race.
struct Raced {
    slow: Answer,
    meanwhile: Answer,
    slow_took: Duration,
    /// The other step began before the slow one ended.
    began_in_time: bool,
    /// The slow one came last, as it should. Where not, the application makes the requests of
    /// one session wait for each other.
    slow_last: bool,
}

/// The slow writer with an open connection, so that none is made within the race.
async fn connected<'t>(scan: &Scan<'t>) -> Actor<'t> {
    let mut writer = scan.browser("the slow writer");
    // What an anonymous user is answered is of no interest; a connection that is not there is made
    // by the race, and counts against it.
    let _ = writer.run("whoami").await;
    writer
}

/// Starts the slow step, then another, on connections of their own. An error where one of them
/// fails: neither then says that it lost.
async fn at_once(
    writer: &mut Actor<'_>,
    other: &mut Actor<'_>,
    step: &str,
    pause: Duration,
) -> Result<Raced, Trouble> {
    let began = Instant::now();
    let slow = async {
        let answer = writer.run("slow").await;
        (answer, Instant::now())
    };
    let meanwhile = async {
        tokio::time::sleep(pause).await;
        let began = Instant::now();
        let answer = other.run(step).await;
        (answer, began, Instant::now())
    };
    let ((slow, slow_end), (meanwhile, meanwhile_began, meanwhile_end)) =
        tokio::join!(slow, meanwhile);
    let (slow, meanwhile) = (slow?, meanwhile?);
    crate::scan::did_not_fail(&slow, "slow")?;
    crate::scan::did_not_fail(&meanwhile, step)?;
    Ok(Raced {
        slow,
        meanwhile,
        slow_took: slow_end - began,
        began_in_time: meanwhile_began < slow_end,
        slow_last: slow_end > meanwhile_end,
    })
}

/// How long the slow step takes, where that is long enough: the shorter of two times, as a pause of
/// the machine is none of the step.
async fn takes(scan: &Scan<'_>) -> Result<Option<Duration>, Trouble> {
    let mut victim = scan.victim("the victim, for the time it takes").await?;
    let mut shortest = Duration::MAX;
    for _ in 0..2 {
        let began = Instant::now();
        let answer = victim.run("slow").await?;
        shortest = shortest.min(began.elapsed());
        crate::scan::did_not_fail(&answer, "slow")?;
        if answer.status >= 400 {
            return Err(Trouble::Step(format!(
                "the step `slow` answered {}",
                answer.status
            )));
        }
    }
    Ok((shortest >= MIN_SLOW).then_some(shortest))
}

/// Early enough for the other to end in time, late enough for the slow one to have read.
fn pause(slow: Duration, trial: u32) -> Duration {
    slow * (2 + trial) / 10
}

/// What `read` shows after these steps, in a session of their own.
async fn leaves(scan: &Scan<'_>, steps: &[&str]) -> Result<String, Trouble> {
    let mut victim = scan.victim("the victim, without a race").await?;
    for step in steps {
        let answer = victim.run(step).await?;
        crate::scan::did_not_fail(&answer, step)?;
    }
    let answer = victim.run("read").await?;
    crate::scan::did_not_fail(&answer, "read")?;
    Ok(answer.text())
}

/// The words of a text.
pub(super) fn words(text: &str) -> BTreeSet<String> {
    text.split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_owned)
        .collect()
}

fn not_raced(scan: &Scan<'_>) -> Option<Outcome> {
    (!scan.options.races).then(|| not_applicable("races are left out (--no-races)"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(shown: [&str; 5]) -> Option<Seen> {
        let [nothing, slow, write, slow_first, write_first] = shown.map(str::to_owned);
        Seen::of(Alone {
            nothing,
            slow,
            write,
            slow_first,
            write_first,
        })
    }

    fn both_in(seen: &Seen, victim: &str, writer: &str) -> Option<bool> {
        seen.both_in(&[victim.to_owned(), writer.to_owned()])
    }

    fn raced(slow_took: u64, began_in_time: bool, slow_last: bool) -> Raced {
        let url = url::Url::parse("http://localhost/").unwrap();
        let answer = Answer::new(url, 200, http::HeaderMap::new(), bytes::Bytes::new());
        Raced {
            slow: answer.clone(),
            meanwhile: answer,
            slow_took: Duration::from_millis(slow_took),
            began_in_time,
            slow_last,
        }
    }

    #[test]
    fn a_trial_without_a_race_proves_nothing() {
        let ms = Duration::from_millis;
        let outcome = |trials: &[Raced], alone| {
            let mut counted = Trials::default();
            for trial in trials {
                counted.count(trial, ms(300));
            }
            counted.outcome(ms(alone), ms(300), "passed").unwrap()
        };
        let is_passed = |verdict: &Verdict| matches!(verdict, Verdict::Passed(_));
        assert!(is_passed(&outcome(&[raced(300, true, true)], 5)));
        // Requests that wait for each other.
        assert!(is_passed(&outcome(&[raced(300, true, false)], 5)));
        for trial in [
            raced(300, false, false),
            raced(10, true, true),
            raced(10, true, false),
        ] {
            assert!(!is_passed(&outcome(&[trial], 5)));
        }
        assert!(!is_passed(&outcome(&[raced(300, true, false)], 200)));
        assert!(!is_passed(&outcome(&[], 5)));
    }

    #[test]
    fn a_write_is_seen_by_its_words() {
        let seen = seen(["{}", "{a}", "{b}", "{a b}", "{b a}"]).unwrap();
        assert_eq!(both_in(&seen, "{a b}", "{a b}"), Some(true));
        assert_eq!(both_in(&seen, "{a}", "{a}"), Some(false));
        assert_eq!(both_in(&seen, "{}", "{}"), None);
        assert_eq!(both_in(&seen, "sign in", "{a b}"), Some(true));
        assert_eq!(
            seen.confirmed_by("{b a}")
                .map(|it| both_in(&it, "{a}", "{a}")),
            Some(Some(false))
        );
    }

    #[test]
    fn a_time_that_comes_with_a_write_by_chance_is_no_lost_write() {
        let seen = seen(["{} 07", "{a} 08", "{b} 09", "{a b} 08", "{b a} 08"]).unwrap();
        assert_eq!(
            both_in(&seen, "{a b} 10", "{a b} 10"),
            Some(false),
            "without the control"
        );
        let seen = seen.confirmed_by("{b a} 11").unwrap();
        assert_eq!(both_in(&seen, "{a b} 10", "{a b} 10"), Some(true));
        assert_eq!(both_in(&seen, "{a} 10", "{a} 10"), Some(false));
    }

    #[test]
    fn what_the_control_does_not_show_is_not_told() {
        let seen = seen(["{} 07", "{} 08", "{b} 09", "{b} 08", "{b} 08"]).unwrap();
        assert_eq!(seen.confirmed_by("{b} 11"), None);
    }

    #[test]
    fn a_number_of_writes_is_seen_by_the_whole_answer() {
        let seen = seen(["0", "1", "1", "2", "2"]).unwrap();
        assert_eq!(both_in(&seen, "2", "2"), Some(true));
        assert_eq!(both_in(&seen, "1", "1"), Some(false));
        assert_eq!(seen.confirmed_by("3"), None);
    }
}

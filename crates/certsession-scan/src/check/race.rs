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

/// A slow writer against the sign-out.
async fn sign_out(scan: &Scan<'_>) -> Outcome {
    if let Some(end) = not_raced(scan).or(without_step(scan, &["slow", "logout"])) {
        return end;
    }
    // The control: without a race the sign-out ends the session.
    let mut victim = scan.victim("the victim, without a race").await?;
    let before = victim.credentials();
    let began = Instant::now();
    victim.run("logout").await?;
    let alone = began.elapsed();
    if scan.replay_at_home("a copy of the token", &before).await? == Reading::Victim {
        return not_applicable("the sign-out ends no session even without a race: see END-01");
    }
    let slow = match takes(scan).await? {
        Some(time) => time,
        None => return inconclusive("[step.slow] is not slow enough to race with"),
    };
    let mut raced_at_all = 0;
    for trial in 0..MAX_TRIALS {
        if raced_at_all == TRIALS {
            break;
        }
        let mut victim = scan.victim("the victim").await?;
        let before = victim.credentials();
        let mut writer = scan.browser("the slow writer").with(before.clone());
        let raced = at_once(&mut writer, &mut victim, "logout", pause(slow, trial)).await?;
        raced_at_all += u32::from(raced.slow_last);
        crate::scan::did_not_fail(&raced.meanwhile, "logout")?;
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
        if after.jar.header(&scan.target.config.target)
            != before.jar.header(&scan.target.config.target)
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
    not_brought_back(raced_at_all, alone, slow, "session")
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
        Ok(_) => {}
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
    let mut raced_at_all = 0;
    for trial in 0..MAX_TRIALS {
        if raced_at_all == TRIALS {
            break;
        }
        let mut victim = scan.victim("the victim").await?;
        let before = victim.credentials();
        let mut writer = scan.browser("the slow writer").with(before.clone());
        let raced = at_once(&mut writer, &mut victim, rotate, pause(slow, trial)).await?;
        raced_at_all += u32::from(raced.slow_last);
        crate::scan::did_not_fail(&raced.meanwhile, rotate)?;
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
    not_brought_back(raced_at_all, alone, slow, "old token")
}

/// What it means that no trial took anything over.
fn not_brought_back(raced: u32, alone: Duration, slow: Duration, what: &str) -> Outcome {
    match raced {
        // A busy machine may spoil a trial; one that went as meant is one.
        1.. => passed(format!("a slow request brings no {what} back")),
        0 if alone * 2 <= slow => {
            passed("the application makes the requests of one session wait for each other")
        }
        0 => inconclusive("[step.slow] is not slow enough to race with"),
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
    let mut losses = 0;
    for trial in 0..TRIALS {
        let mut victim = scan.victim("the victim").await?;
        let mut writer = scan.browser("the slow writer").with(victim.credentials());
        let raced = at_once(&mut writer, &mut victim, "write", pause(slow, trial)).await?;
        // A writer that is told that it lost has not lost silently.
        if raced.slow.status >= 400 || raced.meanwhile.status >= 400 {
            continue;
        }
        // Where each request replaces the token, one of the two holds the newest.
        let (victim, writer) = (victim.run("read").await?, writer.run("read").await?);
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
        0 => passed(format!(
            "both writers win, or one is told that it lost ({TRIALS} trials)"
        )),
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
    /// The slow one came last, as it should. Where not, the application makes the requests of
    /// one session wait for each other.
    slow_last: bool,
}

/// Starts the slow step, then another, on connections of their own.
async fn at_once(
    writer: &mut Actor<'_>,
    other: &mut Actor<'_>,
    step: &str,
    pause: Duration,
) -> Result<Raced, Trouble> {
    let slow = async {
        let answer = writer.run("slow").await;
        (answer, Instant::now())
    };
    let meanwhile = async {
        tokio::time::sleep(pause).await;
        let answer = other.run(step).await;
        (answer, Instant::now())
    };
    let ((slow, slow_at), (meanwhile, meanwhile_at)) = tokio::join!(slow, meanwhile);
    Ok(Raced {
        slow: slow?,
        meanwhile: meanwhile?,
        slow_last: slow_at > meanwhile_at,
    })
}

/// How long the slow step takes, where that is long enough.
async fn takes(scan: &Scan<'_>) -> Result<Option<Duration>, Trouble> {
    let mut victim = scan.victim("the victim, for the time it takes").await?;
    let began = Instant::now();
    let answer = victim.run("slow").await?;
    crate::scan::did_not_fail(&answer, "slow")?;
    let time = began.elapsed();
    Ok((time >= MIN_SLOW && answer.status < 400).then_some(time))
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

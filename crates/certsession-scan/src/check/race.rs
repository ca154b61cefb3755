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
    let seen = match Seen::learn(scan).await? {
        Some(seen) => seen,
        None => {
            return not_applicable(
                "`read` does not show what both `slow` and `write` leave; give them different keys",
            );
        }
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
        let mut both = None;
        for actor in [&mut victim, &mut writer] {
            let answer = actor.run("read").await?;
            both = both.max(seen.both(&answer));
        }
        match both {
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
enum Seen {
    /// By words that one of the writers leaves, and the other does not.
    ByWords {
        slow: BTreeSet<String>,
        write: BTreeSet<String>,
    },
    /// By the whole answer.
    Whole { one: Vec<String>, both: String },
}

impl Seen {
    /// Lets each write by itself, and both one after the other, in either order.
    async fn learn(scan: &Scan<'_>) -> Result<Option<Self>, Trouble> {
        let nothing = leaves(scan, &[]).await?;
        let only_slow = leaves(scan, &["slow"]).await?;
        let only_write = leaves(scan, &["write"]).await?;
        let slow_first = leaves(scan, &["slow", "write"]).await?;
        let write_first = leaves(scan, &["write", "slow"]).await?;
        let lasting = &words(&slow_first) & &words(&write_first);
        let of = |one: &String, other: &String| -> BTreeSet<String> {
            let own = &(&words(one) & &lasting) - &words(other);
            &own - &words(&nothing)
        };
        let (slow, write) = (of(&only_slow, &only_write), of(&only_write, &only_slow));
        if !slow.is_empty() && !write.is_empty() {
            return Ok(Some(Self::ByWords { slow, write }));
        }
        let told_apart =
            slow_first == write_first && slow_first != only_slow && slow_first != only_write;
        Ok(told_apart.then(|| Self::Whole {
            one: vec![only_slow, only_write],
            both: slow_first,
        }))
    }

    /// Whether both writes are there; none where neither is.
    fn both(&self, answer: &Answer) -> Option<bool> {
        let text = answer.text();
        match self {
            Self::ByWords { slow, write } => {
                let found = words(&text);
                match (slow.is_subset(&found), write.is_subset(&found)) {
                    (true, true) => Some(true),
                    (false, false) => None,
                    _ => Some(false),
                }
            }
            Self::Whole { one, both } => match text == *both {
                true => Some(true),
                false => one.contains(&text).then_some(false),
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

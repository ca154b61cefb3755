//! RACE-01 to RACE-03: what a slow request does to a session that changes meanwhile.
//!
//! `[step.slow]` names a request that reads the session, takes its time, and writes it.

mod seen;
mod trial;

use std::time::Instant;

use super::rotation::step_failed;
use super::*;
use crate::oracle::Reading;
use seen::{Seen, leaves};
use trial::{Trials, at_once, connected, pause, takes};

pub(super) use seen::words;

pub(super) const CHECKS: &[Check] = &[
    check!("RACE-01", sign_out),
    check!("RACE-02", rotation),
    check!("RACE-03", lost_update),
];

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
    while let Some(trial) = trials.begin() {
        let mut victim = scan.victim("the victim").await?;
        let before = victim.credentials();
        let mut writer = connected(scan).await.with(before.clone());
        let raced = at_once(&mut writer, &mut victim, "logout", pause(slow, trial)).await?;
        trials.count(&raced, slow);
        if let Some(why) = step_failed(&victim, "logout", &raced.meanwhile)? {
            return inconclusive(why);
        }
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
        // A failure is no way to say that it came too late.
        crate::scan::did_not_fail(&raced.slow, "slow")?;
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
    while let Some(trial) = trials.begin() {
        let mut victim = scan.victim("the victim").await?;
        let before = victim.credentials();
        let mut writer = connected(scan).await.with(before.clone());
        let raced = at_once(&mut writer, &mut victim, rotate, pause(slow, trial)).await?;
        trials.count(&raced, slow);
        if scan.who(&mut victim).await? != Reading::Victim {
            return inconclusive("after the new token the victim is not signed in any more");
        }
        if scan.tokens(&victim.jar) == scan.tokens(&before.jar) {
            return inconclusive(format!(
                "in the race the step `{rotate}` gives no new token"
            ));
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
        crate::scan::did_not_fail(&raced.slow, "slow")?;
    }
    trials.outcome(alone, slow, "a slow request brings no old token back")
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
    while let Some(trial) = trials.begin() {
        let mut victim = scan.victim("the victim").await?;
        let mut writer = connected(scan).await.with(victim.credentials());
        let raced = at_once(&mut writer, &mut victim, "write", pause(slow, trial)).await?;
        trials.count(&raced, slow);
        // A failure does not say which of them lost.
        crate::scan::did_not_fail(&raced.slow, "slow")?;
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

fn not_raced(scan: &Scan<'_>) -> Option<Outcome> {
    (!scan.options.races).then(|| not_applicable("races are left out (--no-races)"))
}

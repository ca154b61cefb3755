//! EXP-01 to EXP-03: time-outs and the number of sessions, against the policy that is stated.

use std::time::{Duration, Instant};

use super::*;
use crate::actor::Actor;
use crate::oracle::Reading;

pub(super) const CHECKS: &[Check] = &[
    check!("EXP-01", idle),
    check!("EXP-02", absolute),
    check!("EXP-03", concurrent),
];

/// Applications count in seconds, and some touch a session no more often than that.
const MARGIN: Duration = Duration::from_millis(1_500);

async fn idle(scan: &Scan<'_>) -> Outcome {
    let Some(limit) = scan.target.config.policy.idle else {
        return not_applicable("no [policy] idle is stated");
    };
    if !scan.options.timeouts {
        return not_applicable("time-outs are waited for with --timeouts only");
    }
    let idle = scan.victim("the victim who does nothing").await?;
    let left = idle.credentials();
    let mut active = scan.victim("the victim who goes on").await?;
    let alive = keeps_alive(scan, &mut active, limit + MARGIN, limit / 3).await?;
    if !alive {
        return inconclusive("a session that is in use ended before the idle time-out");
    }
    match scan
        .replay_at_home("the attacker with an old token", &left)
        .await?
    {
        Reading::Victim => finding(format!(
            "A session that nothing was asked of for {} s still reads as the victim; the policy \
             ends it after {} s.",
            (limit + MARGIN).as_secs_f32(),
            limit.as_secs_f32()
        )),
        _ => passed("a session that is not in use ends with the idle time-out"),
    }
}

async fn absolute(scan: &Scan<'_>) -> Outcome {
    let Some(limit) = scan.target.config.policy.absolute else {
        return not_applicable("no [policy] absolute is stated");
    };
    if !scan.options.timeouts {
        return not_applicable("time-outs are waited for with --timeouts only");
    }
    let pause = match scan.target.config.policy.idle {
        Some(idle) => (idle / 3).min(limit / 4),
        None => limit / 4,
    };
    let mut victim = scan.victim("the victim who goes on").await?;
    let alive = keeps_alive(scan, &mut victim, limit + MARGIN, pause).await?;
    match alive {
        true => finding(format!(
            "A session that is in use all the time still reads as the victim after {} s; the \
             policy ends it after {} s.",
            (limit + MARGIN).as_secs_f32(),
            limit.as_secs_f32()
        )),
        false => passed("a session in use ends with the absolute time-out"),
    }
}

async fn concurrent(scan: &Scan<'_>) -> Outcome {
    let Some(limit) = scan.target.config.policy.max_sessions else {
        return not_applicable("no [policy] max_sessions is stated");
    };
    let mut sessions = Vec::new();
    for number in 0..=limit {
        sessions.push(scan.victim(format!("session {}", number + 1)).await?);
    }
    let mut alive = 0;
    for session in &sessions {
        if scan
            .replay_at_home("one of the sessions", &session.credentials())
            .await?
            == Reading::Victim
        {
            alive += 1;
        }
    }
    match alive {
        0 => inconclusive("no session is left, the newest among them"),
        alive if alive > limit => finding(format!(
            "{alive} sessions of one user work at the same time; the policy allows {limit}."
        )),
        _ => passed(format!("{alive} of {} sessions are left", limit + 1)),
    }
}

/// Asks now and then for some time; whether the session is alive at the end.
async fn keeps_alive<'t>(
    scan: &Scan<'t>,
    actor: &mut Actor<'t>,
    time: Duration,
    pause: Duration,
) -> Result<bool, Trouble> {
    let end = Instant::now() + time;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        tokio::time::sleep(pause.max(Duration::from_millis(100)).min(left)).await;
        let reading = scan.who(actor).await?;
        if reading != Reading::Victim || left.is_zero() {
            return Ok(reading == Reading::Victim);
        }
    }
}

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
    let mut idle = scan.victim("the victim who does nothing").await?;
    let mut active = scan.victim("the victim who goes on").await?;
    // The control: nothing but the time ends it.
    if scan.who(&mut idle).await? != Reading::Victim {
        return not_applicable("the application keeps one session for each user");
    }
    // Some applications replace the token on each request: the copy is of the last one.
    let left = idle.credentials();
    if keeps_alive(scan, &mut active, limit, limit / 3)
        .await?
        .is_some()
    {
        return inconclusive("a session that is in use ended before the idle time-out");
    }
    let reading = scan
        .replay_at_home("the attacker with an old token", &left)
        .await?;
    if scan.who(&mut active).await? != Reading::Victim {
        return inconclusive("a session that is in use ended together with the one that is not");
    }
    match reading {
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
    let end = keeps_alive(scan, &mut victim, limit, pause).await?;
    let idle = scan.target.config.policy.idle;
    match end {
        Some(end) if end.early => inconclusive(format!(
            "a session in use ended after {} s, before the absolute time-out",
            end.age.as_secs_f32()
        )),
        Some(end) if idle.is_some_and(|idle| end.unused >= idle) => inconclusive(format!(
            "a session that was not used for {} s ended, which may be the idle time-out",
            end.unused.as_secs_f32()
        )),
        Some(_) => passed("a session in use ends with the absolute time-out"),
        None => finding(format!(
            "A session that is in use all the time still reads as the victim after {} s; the \
             policy ends it after {} s.",
            (limit + MARGIN).as_secs_f32(),
            limit.as_secs_f32()
        )),
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

/// How a session ended that was asked now and then.
struct End {
    /// From the sign-in on.
    age: Duration,
    /// From the last time that it was alive on.
    unused: Duration,
    /// Before the limit, by more than applications count inexactly.
    early: bool,
}

/// Asks now and then until the limit is over. None where the session outlives it. It is asked just
/// before the limit as well, so that an end after that is the limit's.
async fn keeps_alive<'t>(
    scan: &Scan<'t>,
    actor: &mut Actor<'t>,
    limit: Duration,
    pause: Duration,
) -> Result<Option<End>, Trouble> {
    let began = Instant::now();
    let moments = [
        (limit.saturating_sub(MARGIN), true),
        (limit + MARGIN, false),
    ];
    let mut used = began;
    for (end, early) in moments.map(|(moment, early)| (began + moment, early)) {
        loop {
            let left = end.saturating_duration_since(Instant::now());
            tokio::time::sleep(pause.max(Duration::from_millis(100)).min(left)).await;
            let asked = Instant::now();
            if scan.who(actor).await? != Reading::Victim {
                return Ok(Some(End {
                    age: began.elapsed(),
                    unused: used.elapsed(),
                    early,
                }));
            }
            used = asked;
            if left <= pause {
                break;
            }
        }
    }
    Ok(None)
}

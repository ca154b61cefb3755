//! A slow step and another one at the same time, and whether that was a race.

use std::time::{Duration, Instant};

use super::super::*;
use crate::actor::Actor;
use crate::http::Answer;

/// A request that is not slower than this leaves no time to act in.
const MIN_SLOW: Duration = Duration::from_millis(80);

const TRIALS: u32 = 2;
/// Where a busy machine spoils trials, more are made.
const MAX_TRIALS: u32 = 4;

/// How the trials of a race went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trials {
    begun: u32,
    /// As meant: the other step began and ended while the slow one was under way.
    raced: u32,
    /// The other step began in time, and ended after the slow one.
    waited: u32,
}

impl Trials {
    /// The number of the next trial, as long as enough have not gone as meant.
    pub(super) fn begin(&mut self) -> Option<u32> {
        let is_next = self.raced < TRIALS && self.begun < MAX_TRIALS;
        let number = self.begun;
        self.begun += 1;
        is_next.then_some(number)
    }

    /// Counts a trial in which the slow step took about the time that it takes alone: one that was
    /// refused at once was in no race.
    pub(super) fn count(&mut self, raced: &Raced, slow: Duration) {
        if raced.began_in_time && raced.slow_took * 2 >= slow {
            match raced.slow_last {
                true => self.raced += 1,
                false => self.waited += 1,
            }
        }
    }

    /// What it means that no trial took anything over.
    pub(super) fn outcome(self, alone: Duration, slow: Duration, what: &str) -> Outcome {
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

/// Both answers of a race.
pub(super) struct Raced {
    pub(super) slow: Answer,
    pub(super) meanwhile: Answer,
    slow_took: Duration,
    /// The other step began before the slow one ended.
    began_in_time: bool,
    /// The slow one came last, as it should. Where not, the application makes the requests of
    /// one session wait for each other.
    slow_last: bool,
}

/// The slow writer with an open connection, so that none is made within the race.
pub(super) async fn connected<'t>(scan: &Scan<'t>) -> Actor<'t> {
    let mut writer = scan.browser("the slow writer");
    // What an anonymous user is answered is of no interest; a connection that is not there is made
    // by the race, and counts against it.
    let _ = writer.run("whoami").await;
    writer
}

/// Starts the slow step, then another, on connections of their own. An error where the other one
/// fails, as then nothing has changed meanwhile.
pub(super) async fn at_once(
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
pub(super) async fn takes(scan: &Scan<'_>) -> Result<Option<Duration>, Trouble> {
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
pub(super) fn pause(slow: Duration, trial: u32) -> Duration {
    slow * (2 + trial) / 10
}

#[cfg(test)]
mod tests {
    use super::*;

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
}

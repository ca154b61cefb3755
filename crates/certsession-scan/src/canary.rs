//! A session that no check touches, asked after each check.
//!
//! Where it ends by itself, the target signs the scanner out, and that a token was dead proves
//! nothing: what passed meanwhile is inconclusive.

use std::time::{Duration, Instant};

use crate::actor::Actor;
use crate::http::Trouble;
use crate::oracle::Reading;
use crate::scan::Scan;

/// Applications count in seconds.
const MARGIN: Duration = Duration::from_secs(1);

/// A session that no check touches: of the second identity where there is one, as some
/// applications keep one session for each user.
#[derive(Debug)]
pub(crate) struct Canary<'t> {
    actor: Actor<'t>,
    of_other: bool,
    /// The application keeps one session for each user, so that a check that signs the canary's
    /// user in ends it.
    one_session: bool,
    /// A sign-out of the canary's user ends all of their sessions, so that a check that signs them
    /// out ends it.
    signed_out_together: bool,
    born: Instant,
    asked: Instant,
}

impl<'t> Canary<'t> {
    /// Signs the canary in. None where no session can be kept apart from those of the checks.
    pub(crate) async fn new(scan: &Scan<'t>) -> Option<Self> {
        let of_other = scan.target.other().is_some() && scan.calibration.other_failed.is_none();
        let actor = sign_in(scan, of_other).await.ok()?;
        let mut canary = Self {
            actor,
            of_other,
            one_session: false,
            signed_out_together: false,
            born: Instant::now(),
            asked: Instant::now(),
        };
        sign_in(scan, of_other).await.ok()?;
        canary.one_session = !canary.is_alive(scan).await.ok()?;
        if canary.one_session {
            if !of_other {
                return None;
            }
            canary.actor = sign_in(scan, of_other).await.ok()?;
        }
        if !of_other && scan.target.victim().step("logout").is_some() {
            let mut leaving = sign_in(scan, of_other).await.ok()?;
            leaving.run("logout").await.ok()?;
            canary.signed_out_together = !canary.is_alive(scan).await.ok()?;
            if canary.signed_out_together {
                canary.actor = sign_in(scan, of_other).await.ok()?;
            }
        }
        canary.asked = Instant::now();
        Some(canary)
    }

    /// Why what passed in this check is no proof, where it is none.
    pub(crate) async fn died_in(&mut self, scan: &Scan<'t>, check: &str) -> Option<String> {
        // It ends with the time-outs that are waited for, and where its own user signs in again.
        let policy = &scan.target.config.policy;
        let over = |limit: Option<Duration>, since: Instant| {
            limit.is_some_and(|limit| since.elapsed() + MARGIN >= limit)
        };
        let ends_it = check.starts_with("EXP-")
            || over(policy.idle, self.asked)
            || over(policy.absolute, self.born)
            || self.one_session && matches!(check, "FIX-05")
            || self.signed_out_together
                && (check.starts_with("END-") || matches!(check, "COOK-06" | "RACE-01"))
            // Another password ends the user's other sessions.
            || !self.of_other && check == "ROT-02"
            || check == "CERT-06";
        let alive = self.is_alive(scan).await;
        self.asked = Instant::now();
        if alive == Ok(true) {
            return None;
        }
        if let Ok(actor) = sign_in(scan, self.of_other).await {
            self.actor = actor;
            self.born = Instant::now();
        }
        match alive {
            _ if ends_it => None,
            Ok(_) => Some(
                "a session that the check did not touch ended meanwhile: the target signs the \
                 scanner out"
                    .to_owned(),
            ),
            Err(trouble) => Some(format!("after the check: {trouble}")),
        }
    }

    async fn is_alive(&mut self, scan: &Scan<'t>) -> Result<bool, Trouble> {
        let reading = scan.who(&mut self.actor).await?;
        Ok(reading
            == match self.of_other {
                true => Reading::Other,
                false => Reading::Victim,
            })
    }
}

async fn sign_in<'t>(scan: &Scan<'t>, of_other: bool) -> Result<Actor<'t>, Trouble> {
    match of_other {
        true => scan.other("a session that no check touches").await,
        false => scan.victim("a session that no check touches").await,
    }
}

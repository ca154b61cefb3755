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
/// So often a canary is tried to sign in.
const TRIES: u32 = 3;

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

/// What says whether sessions last by themselves while the checks run.
#[derive(Debug)]
pub(crate) enum Control<'t> {
    Canary(Box<Canary<'t>>),
    /// The configuration has one identity, and the application keeps one session for each user:
    /// only the checks' own controls speak.
    NotPossible,
    /// Why nothing that passes is proved.
    Doubt(String),
}

impl<'t> Control<'t> {
    /// Signs the canary in.
    pub(crate) async fn new(scan: &Scan<'t>) -> Self {
        let mut why = String::new();
        for _ in 0..TRIES {
            match Canary::new(scan).await {
                Ok(Some(canary)) => return Self::Canary(Box::new(canary)),
                Ok(None) => return Self::NotPossible,
                Err(trouble) => why = trouble.to_string(),
            }
        }
        Self::Doubt(format!(
            "no session could be kept apart from those of the checks: {why}"
        ))
    }

    /// Why what passed in this check is no proof, where it is none.
    pub(crate) async fn doubt(&mut self, scan: &Scan<'t>, check: &str) -> Option<String> {
        match self {
            Self::Canary(canary) => canary.died_in(scan, check).await,
            Self::NotPossible => None,
            Self::Doubt(why) => Some(why.clone()),
        }
    }
}

impl<'t> Canary<'t> {
    /// Signs the canary in. None where no session can be kept apart from those of the checks.
    async fn new(scan: &Scan<'t>) -> Result<Option<Self>, Trouble> {
        let of_other = scan.target.other().is_some() && scan.calibration.other_failed.is_none();
        let mut canary = Self {
            actor: sign_in(scan, of_other).await?,
            of_other,
            one_session: false,
            signed_out_together: false,
            born: Instant::now(),
            asked: Instant::now(),
        };
        let before = scan.target.requests();
        sign_in(scan, of_other).await?;
        canary.one_session = !canary.is_alive(scan).await?;
        if canary.one_session {
            canary
                .outlasts(scan, scan.target.requests() - before)
                .await?;
            if !of_other {
                return Ok(None);
            }
        }
        if !of_other && scan.target.victim().step("logout").is_some() {
            let before = scan.target.requests();
            let mut leaving = sign_in(scan, of_other).await?;
            leaving.run("logout").await?;
            canary.signed_out_together = !canary.is_alive(scan).await?;
            if canary.signed_out_together {
                canary
                    .outlasts(scan, scan.target.requests() - before)
                    .await?;
            }
        }
        canary.asked = Instant::now();
        Ok(Some(canary))
    }

    /// Signs in again, and tells an end that a sign-in or a sign-out of the same user brings from
    /// one that comes after so many requests, no matter who sends them.
    async fn outlasts(&mut self, scan: &Scan<'t>, requests: u32) -> Result<(), Trouble> {
        self.actor = sign_in(scan, self.of_other).await?;
        self.born = Instant::now();
        let end = scan.target.requests() + requests;
        let mut stranger = scan.browser("anonymous");
        while scan.target.requests() < end {
            stranger.run("whoami").await?;
        }
        match self.is_alive(scan).await? {
            true => Ok(()),
            false => Err(Trouble::Step(
                "it ends by itself: the target signs the scanner out".to_owned(),
            )),
        }
    }

    /// Why what passed in this check is no proof, where it is none.
    async fn died_in(&mut self, scan: &Scan<'t>, check: &str) -> Option<String> {
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

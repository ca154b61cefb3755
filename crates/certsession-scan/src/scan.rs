//! What every check works with: the target, the oracle, and which cookies carry the session.

use std::time::{Duration, Instant};

use crate::actor::{Actor, Credentials};
use crate::http::{Answer, ClientTls, Jar, Trouble};
use crate::oracle::{Calibration, Reading};
use crate::target::Target;

/// Applications that replace tokens let the old one live for some seconds, for requests that are
/// under way.
const GRACE: Duration = Duration::from_secs(12);

/// What every check works with.
#[derive(Debug)]
pub(crate) struct Scan<'t> {
    pub(crate) target: &'t Target,
    pub(crate) calibration: Calibration,
    pub(crate) carrier: Carrier,
    pub(crate) options: CheckOptions,
}

/// Which checks take their time.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct CheckOptions {
    pub(crate) timeouts: bool,
    pub(crate) races: bool,
}

/// What carries the session, found by leaving things out.
#[derive(Clone, Debug, Default)]
pub(crate) struct Carrier {
    /// The cookies without which whoami does not know the user.
    pub(crate) cookies: Vec<String>,
    /// Each of them is enough on its own; otherwise all are needed.
    pub(crate) each_alone: bool,
    /// Why it could not be found out.
    pub(crate) unknown: Option<String>,
}

impl<'t> Scan<'t> {
    pub(crate) async fn new(
        target: &'t Target,
        calibration: Calibration,
        options: CheckOptions,
    ) -> Self {
        let mut scan = Self {
            target,
            calibration,
            carrier: Carrier::default(),
            options,
        };
        scan.carrier = match scan.find_carrier().await {
            Ok(carrier) => carrier,
            Err(trouble) => Carrier {
                unknown: Some(trouble.to_string()),
                ..Carrier::default()
            },
        };
        scan
    }

    /// An actor with the victim's certificate, who may sign in as the victim.
    pub(crate) fn browser(&self, label: impl Into<String>) -> Actor<'t> {
        Actor::new(
            self.target,
            label,
            self.target.victim(),
            self.target.certificate(0),
        )
    }

    /// Another user, with the attacker's certificate.
    pub(crate) fn attacker(&self, label: impl Into<String>) -> Actor<'t> {
        Actor::new(
            self.target,
            label,
            self.target.victim(),
            self.target.attackers_certificate(),
        )
    }

    /// The victim, signed in, with the control that whoami says so.
    pub(crate) async fn victim(&self, label: impl Into<String>) -> Result<Actor<'t>, Trouble> {
        let mut actor = self.browser(label);
        self.sign_in(&mut actor).await?;
        Ok(actor)
    }

    /// Signs an actor in as the victim, with the control that whoami says so.
    pub(crate) async fn sign_in(&self, actor: &mut Actor<'t>) -> Result<(), Trouble> {
        match self.tries_to_sign_in(actor).await? {
            Reading::Victim => Ok(()),
            _ => Err(Trouble::Step(format!(
                "the sign-in of {} did not sign in",
                actor.label
            ))),
        }
    }

    /// Signs in and asks who that is.
    pub(crate) async fn tries_to_sign_in(&self, actor: &mut Actor<'t>) -> Result<Reading, Trouble> {
        let answer = actor.run("login").await?;
        did_not_fail(&answer, "login")?;
        self.who(actor).await
    }

    /// The second identity, signed in.
    pub(crate) async fn other(&self, label: impl Into<String>) -> Result<Actor<'t>, Trouble> {
        let other = self
            .target
            .other()
            .ok_or_else(|| Trouble::Step("the configuration has one identity only".to_owned()))?;
        let mut actor = Actor::new(self.target, label, other, self.target.certificate(1));
        let answer = actor.run("login").await?;
        did_not_fail(&answer, "login")?;
        match self.who(&mut actor).await? {
            Reading::Other => Ok(actor),
            _ => Err(Trouble::Step(format!(
                "the sign-in of {} did not sign in",
                actor.label
            ))),
        }
    }

    /// As whom this actor reads now.
    pub(crate) async fn who(&self, actor: &mut Actor<'t>) -> Result<Reading, Trouble> {
        let answer = actor.run("whoami").await?;
        self.judge(actor, &answer)
    }

    pub(crate) fn judge(&self, actor: &Actor<'t>, answer: &Answer) -> Result<Reading, Trouble> {
        let reading = self.calibration.oracle.read(answer)?;
        let whom = self.name(reading);
        self.target.transcript().reads_as(&actor.label, &whom);
        Ok(reading)
    }

    pub(crate) fn name(&self, reading: Reading) -> String {
        match reading {
            Reading::Victim => self.target.victim().name.clone(),
            Reading::Other => self
                .target
                .other()
                .map_or_else(|| "another user".to_owned(), |other| other.name.clone()),
            Reading::NotSignedIn => "not signed in".to_owned(),
        }
    }

    /// An actor on a new connection with these credentials: as whom do they read?
    pub(crate) async fn replay(
        &self,
        label: &str,
        credentials: &Credentials,
        certificate: &ClientTls,
    ) -> Result<Reading, Trouble> {
        let mut actor = Actor::new(self.target, label, self.target.victim(), certificate)
            .with(credentials.clone());
        self.who(&mut actor).await
    }

    /// The same as the victim's own second browser: the certificate stays.
    pub(crate) async fn replay_at_home(
        &self,
        label: &str,
        credentials: &Credentials,
    ) -> Result<Reading, Trouble> {
        self.replay(label, credentials, self.target.certificate(0))
            .await
    }

    /// Whether a replaced token still reads as a user once any period of grace for parallel
    /// requests should be over.
    pub(crate) async fn outlives_grace(
        &self,
        label: &str,
        credentials: &Credentials,
        certificate: &ClientTls,
    ) -> Result<Reading, Trouble> {
        let end = Instant::now() + self.target.config.policy.grace.max(GRACE);
        loop {
            let reading = self.replay(label, credentials, certificate).await?;
            if reading == Reading::NotSignedIn || Instant::now() > end {
                return Ok(reading);
            }
            tokio::time::sleep(GRACE / 8).await;
        }
    }

    /// The cookies of the session in a jar.
    pub(crate) fn session_of(&self, jar: &Jar) -> Jar {
        jar.only(&self.carrier.cookies)
    }

    /// The values of the cookies that carry the session, by name.
    pub(crate) fn tokens(&self, jar: &Jar) -> Vec<(String, String)> {
        self.carrier
            .cookies
            .iter()
            .filter_map(|name| Some((name.clone(), jar.value(name)?.to_owned())))
            .collect()
    }

    /// Leaves cookies out, each time after a sign-in of its own, as some applications replace
    /// the token on each request.
    async fn find_carrier(&self) -> Result<Carrier, Trouble> {
        let names = self.calibration.sample.credentials.jar.names();
        let reads_with = async |keep: &[String]| -> Result<bool, Trouble> {
            let victim = self.victim("the victim").await?;
            let mut credentials = victim.credentials();
            credentials.jar = credentials.jar.only(keep);
            let reading = self.replay_at_home("fewer cookies", &credentials).await?;
            Ok(reading == Reading::Victim)
        };
        if names.is_empty() || reads_with(&[]).await? {
            return Ok(Carrier::default());
        }
        if names.len() == 1 {
            return Ok(Carrier {
                cookies: names,
                each_alone: true,
                unknown: None,
            });
        }
        let mut alone = Vec::new();
        for name in &names {
            if reads_with(std::slice::from_ref(name)).await? {
                alone.push(name.clone());
            }
        }
        if !alone.is_empty() {
            return Ok(Carrier {
                cookies: alone,
                each_alone: true,
                unknown: None,
            });
        }
        let mut needed = names.clone();
        for name in &names {
            let fewer: Vec<String> = needed
                .iter()
                .filter(|kept| *kept != name)
                .cloned()
                .collect();
            if reads_with(&fewer).await? {
                needed = fewer;
            }
        }
        if !reads_with(&needed).await? {
            return Err(Trouble::Step(
                "a copy of all cookies does not read as the victim on another connection"
                    .to_owned(),
            ));
        }
        Ok(Carrier {
            cookies: needed,
            each_alone: false,
            unknown: None,
        })
    }
}

/// A status by which the application says that it did not do its work.
pub(crate) fn did_not_fail(answer: &Answer, what: &str) -> Result<(), Trouble> {
    match answer.status {
        429 => Err(Trouble::Status(429, what.to_owned())),
        status if status >= 500 => Err(Trouble::Status(status, what.to_owned())),
        _ => Ok(()),
    }
}

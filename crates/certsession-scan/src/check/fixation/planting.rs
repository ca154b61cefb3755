//! Planting a jar in the victim's browser, and what browsers hold before a sign-in.

use super::super::*;
use crate::actor::{Actor, Change, Credentials};
use crate::http::Jar;
use crate::oracle::Reading;

/// What came of planting a jar in the victim's browser.
pub(super) enum Planted {
    /// The attacker reads as the victim.
    Takeover,
    /// The victim signed in, and the attacker's token is of no use.
    Harmless,
    /// The application did not let the victim in with it.
    Refused,
}

/// Loads what a browser loads before a sign-in, so that a session is begun where one is.
pub(in super::super) async fn before_sign_in(
    scan: &Scan<'_>,
    actor: &mut Actor<'_>,
) -> Result<(), Trouble> {
    let login = actor.step("login")?;
    if login.method != http::Method::GET && !login.path.contains('{') {
        actor.visit(&login.path).await?;
    }
    for extract in &login.extract {
        if let Some(path) = extract.from.strip_prefix("GET ") {
            actor.visit(path.trim()).await?;
        }
    }
    actor.run("whoami").await?;
    if scan.session_of(&actor.jar).is_empty() {
        actor.visit("/").await?;
    }
    if scan.session_of(&actor.jar).is_empty() && actor.has_step("write") {
        actor.run("write").await?;
    }
    Ok(())
}

/// Plants a jar in the victim's browser, has the victim sign in, and tries the attacker's token.
pub(super) async fn plant(
    scan: &Scan<'_>,
    planted: &Jar,
    attackers: &Jar,
    change: &Change,
) -> Result<Planted, Trouble> {
    let mut victim = scan
        .browser("the victim with the planted id")
        .with_jar(planted.clone());
    let signed_in = match sign_in_with(scan, &mut victim, change).await {
        Ok(reading) => reading == Reading::Victim,
        // A page that a planted id does not open has no token to extract. An application that
        // fails on an odd id refuses it, too: the control below tells whether it is well.
        Err(Trouble::Extract(_)) => false,
        Err(Trouble::Status(status, _)) if status != 429 => false,
        Err(trouble) => return Err(trouble),
    };
    let credentials = Credentials::of(attackers.clone());
    let reading = scan
        .replay(
            "the attacker with the planted id",
            &credentials,
            scan.target.attackers_certificate(),
        )
        .await;
    match reading {
        Ok(Reading::Victim) => return Ok(Planted::Takeover),
        Ok(_) if signed_in => return Ok(Planted::Harmless),
        Ok(_) => {}
        Err(Trouble::Status(status, _)) if status != 429 => {}
        Err(trouble) => return Err(trouble),
    }
    // The control: the sign-in works where nothing is planted.
    scan.victim("the victim with nothing planted").await?;
    Ok(Planted::Refused)
}

async fn sign_in_with<'t>(
    scan: &Scan<'t>,
    actor: &mut Actor<'t>,
    change: &Change,
) -> Result<Reading, Trouble> {
    let answer = actor.run_with("login", change).await?;
    crate::scan::did_not_fail(&answer, "login")?;
    scan.who(actor).await
}

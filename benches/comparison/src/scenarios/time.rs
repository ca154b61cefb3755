//! How long a session lives.

use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;

use super::{Run, signed_in};
use crate::browser::Browser;
use crate::candidate::{ABSOLUTE, Candidate, IDLE};

/// How often a session is used.
const PAUSE: Duration = Duration::from_millis(500);
/// A session may outlive a deadline by less than this: stores count in seconds.
const SLACK: Duration = Duration::from_secs(2);

/// In real time: the others have no clock that could be set.
pub(super) async fn an_idle_and_an_absolute_timeout(browser: Browser, _: Rc<dyn Candidate>) -> Run {
    let began = Instant::now();
    let idle = signed_in(browser.clone()).await?;
    let mut user = signed_in(browser).await?;
    while began.elapsed() < IDLE + SLACK / 2 {
        sleep(PAUSE).await;
        use_it(&mut user, began).await;
    }
    if idle.is_alice().await {
        return Ok(Some("a session that is not used lives on".to_owned()));
    }
    while began.elapsed() < ABSOLUTE + SLACK {
        sleep(PAUSE).await;
        use_it(&mut user, began).await;
    }
    let lives = user.is_alice().await;
    Ok(lives.then(|| "a session that is used lives for ever".to_owned()))
}

/// Writes another value each time: some save nothing where nothing has changed.
async fn use_it(user: &mut Browser, began: Instant) {
    let value = began.elapsed().as_millis();
    user.go(&format!("/put?key=n&value={value}")).await;
}

//! How long a session lives.

use std::rc::Rc;
use std::time::{Duration, Instant};

use actix_web::rt::time::sleep;

use super::{Run, signed_in};
use crate::browser::Browser;
use crate::candidate::{Candidate, Timeouts};

/// How often a session is used.
const PAUSE: Duration = Duration::from_millis(500);
/// A session may live beyond a deadline by less than this: stores count in seconds.
const SLACK: Duration = Duration::from_secs(2);

/// Uses the real time: the clocks of the other frameworks cannot be set.
pub(super) async fn an_idle_and_an_absolute_timeout(browser: Browser, _: Rc<dyn Candidate>) -> Run {
    let began = Instant::now();
    let idle = signed_in(browser.clone()).await?;
    let mut user = signed_in(browser).await?;
    while began.elapsed() < Timeouts::SHORT.idle + SLACK / 2 {
        sleep(PAUSE).await;
        use_it(&mut user, began).await;
    }
    if idle.is_alice().await {
        return Ok(Some("an unused session does not end".to_owned()));
    }
    while began.elapsed() < Timeouts::SHORT.absolute + SLACK {
        sleep(PAUSE).await;
        use_it(&mut user, began).await;
    }
    let lives = user.is_alice().await;
    Ok(lives.then(|| "a session in use never ends".to_owned()))
}

/// Writes a different value each time: some frameworks save nothing if nothing changed.
async fn use_it(user: &mut Browser, began: Instant) {
    let value = began.elapsed().as_millis();
    user.go(&format!("/put?key=n&value={value}")).await;
}

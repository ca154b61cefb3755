//! What a thief can do with stolen data.

use std::rc::Rc;

use super::{Run, any_signed_in, signed_in};
use crate::browser::Browser;
use crate::candidate::Candidate;

pub(super) async fn a_dump_of_the_store(browser: Browser, candidate: Rc<dyn Candidate>) -> Run {
    // A thief in the same network has the same certificate in the best case: the certificate must
    // not be what protects the session here.
    let user = signed_in(browser).await?;
    for cookie in candidate.forge().await {
        let thief = user.with_cookie(cookie);
        if let Some(how) = any_signed_in(&[("a cookie made of the dump", &thief)]).await {
            return Ok(Some(how));
        }
    }
    Ok(None)
}

pub(super) async fn a_planted_cookie(browser: Browser, candidate: Rc<dyn Candidate>) -> Run {
    let planted = browser.with_cookie(candidate.planted());
    signed_in(planted.clone()).await?;
    Ok(any_signed_in(&[("the planted cookie", &planted)]).await)
}

pub(super) async fn what_debug_prints(browser: Browser, _: Rc<dyn Candidate>) -> Run {
    const DATA: &str = "4111111111111111";
    let mut user = signed_in(browser).await?;
    user.go(&format!("/put?key=card&value={DATA}")).await;
    let cookie = user.cookie.clone().unwrap_or_default();
    let printed = user.go("/debug").await;
    if printed.status != 200 {
        return Err(format!("nothing is printed: {}", printed.status));
    }
    let (_, token) = cookie.split_once('=').unwrap_or_default();
    if printed.body.contains(token) {
        return Ok(Some("it prints the cookie".to_owned()));
    }
    let tells = printed.body.contains(DATA);
    Ok(tells.then(|| "it prints the data".to_owned()))
}

pub(super) async fn a_stolen_cookie_under_another_certificate(
    browser: Browser,
    _: Rc<dyn Candidate>,
) -> Run {
    let owner = signed_in(browser).await?;
    let thief = owner.thief();
    if let Some(how) = any_signed_in(&[("the thief", &thief)]).await {
        return Ok(Some(how));
    }
    let lost = !owner.is_alice().await;
    Ok(lost.then(|| "the theft signs the owner out".to_owned()))
}

//! Which token is valid after a new one was issued.

use std::rc::Rc;

use super::{Run, any_signed_in, signed_in};
use crate::browser::Browser;
use crate::candidate::Candidate;

pub(super) async fn the_token_from_before_a_sign_in(
    mut browser: Browser,
    _: Rc<dyn Candidate>,
) -> Run {
    browser.go("/put?key=basket&value=1").await;
    if browser.cookie.is_none() {
        return Err("no anonymous session begins".to_owned());
    }
    let before = browser.clone();
    signed_in(browser).await?;
    Ok(any_signed_in(&[("the old cookie", &before)]).await)
}

pub(super) async fn the_token_from_before_a_rotation(
    browser: Browser,
    _: Rc<dyn Candidate>,
) -> Run {
    let mut user = signed_in(browser).await?;
    let before = user.clone();
    user.go("/rotate").await;
    if user.cookie == before.cookie || !user.is_alice().await {
        return Err("the rotation issues no new token".to_owned());
    }
    Ok(any_signed_in(&[("the old token", &before)]).await)
}

pub(super) async fn a_slow_writer_during_a_rotation(
    browser: Browser,
    candidate: Rc<dyn Candidate>,
) -> Run {
    let mut user = signed_in(browser).await?;
    let before = user.clone();
    let under_way = user.begin("/slow-put?key=note&value=late").await;
    user.go("/rotate").await;
    candidate.gate().open();
    let writer = under_way.await.map_err(|error| error.to_string())?;
    if !user.is_alice().await {
        return Ok(Some("the new token is not signed in".to_owned()));
    }
    Ok(any_signed_in(&[
        ("the old token", &before),
        ("the client of the slow response", &writer),
    ])
    .await)
}

pub(super) async fn a_write_after_a_sign_out(browser: Browser, _: Rc<dyn Candidate>) -> Run {
    const NOTE: &str = "farewell";
    let mut user = signed_in(browser).await?;
    let mut before = user.clone();
    user.go(&format!("/sign-out-and-put?key=note&value={NOTE}"))
        .await;
    if let Some(how) = any_signed_in(&[("the old cookie", &before)]).await {
        return Ok(Some(how));
    }
    let opens = before.go("/get?key=note").await.body == NOTE;
    Ok(opens.then(|| "the old cookie gives access to the message".to_owned()))
}

pub(super) async fn a_rotation_in_a_handler_that_fails(
    browser: Browser,
    _: Rc<dyn Candidate>,
) -> Run {
    let mut user = signed_in(browser).await?;
    let reply = user.go("/rotate-and-fail").await;
    if reply.status != 500 {
        return Err(format!("{} in place of a failure", reply.status));
    }
    let lost = !user.is_alice().await;
    Ok(lost.then(|| "the user is signed out".to_owned()))
}

//! Which cookies are signed in after a sign-out.

use std::rc::Rc;

use super::{Run, any_signed_in, signed_in};
use crate::browser::Browser;
use crate::candidate::Candidate;

pub(super) async fn a_slow_writer_after_a_sign_out(
    browser: Browser,
    candidate: Rc<dyn Candidate>,
) -> Run {
    let mut user = signed_in(browser).await?;
    let before = user.clone();
    let under_way = user.begin("/slow-put?key=note&value=late").await;
    user.go("/sign-out").await;
    candidate.gate().open();
    let writer = under_way.await.map_err(|error| error.to_string())?;
    Ok(any_signed_in(&[
        ("the client of the slow response", &writer),
        ("the old cookie", &before),
        ("the client that signed out", &user),
    ])
    .await)
}

pub(super) async fn a_sign_out_in_a_handler_that_fails(
    browser: Browser,
    _: Rc<dyn Candidate>,
) -> Run {
    a_sign_out(browser, "/sign-out-and-fail").await
}

pub(super) async fn a_sign_out_within_a_middleware_that_fails(
    browser: Browser,
    _: Rc<dyn Candidate>,
) -> Run {
    a_sign_out(browser, "/failing/sign-out").await
}

async fn a_sign_out(browser: Browser, target: &str) -> Run {
    let mut user = signed_in(browser).await?;
    let before = user.clone();
    let reply = user.go(target).await;
    if reply.status != 500 {
        return Err(format!("{} in place of a failure", reply.status));
    }
    Ok(any_signed_in(&[("the old cookie", &before)]).await)
}

//! Writes that are lost between two writers.

use std::rc::Rc;

use super::{Run, signed_in};
use crate::browser::Browser;
use crate::candidate::Candidate;

pub(super) async fn two_writers_of_different_keys(
    browser: Browser,
    candidate: Rc<dyn Candidate>,
) -> Run {
    let user = signed_in(browser).await?;
    let first = user.begin("/slow-put?key=first&value=1").await;
    let second = user.begin("/slow-put?key=second&value=2").await;
    candidate.gate().open();
    first.await.map_err(|error| error.to_string())?;
    candidate.gate().open();
    // A browser has the cookie of the last response.
    let mut user = second.await.map_err(|error| error.to_string())?;
    for (key, value) in [("first", "1"), ("second", "2")] {
        let found = user.go(&format!("/get?key={key}")).await.body;
        if found != value {
            return Ok(Some(format!("the {key} key is {found}")));
        }
    }
    Ok(None)
}

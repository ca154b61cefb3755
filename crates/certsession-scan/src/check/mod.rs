//! The checks, one file for each family.
//!
//! A check runs with a [`Scan`] and ends with a [`Verdict`]. Trouble on the way, a control that
//! fails among it, makes it inconclusive and never passed.

mod caching;
mod certificate;
mod cookie;
mod csrf;
mod duplicate;
mod ending;
mod entropy;
mod expiry;
mod fixation;
mod leak;
mod race;
mod rotation;

use std::future::Future;
use std::pin::Pin;

use crate::http::Trouble;
use crate::scan::Scan;

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// What was done and what it showed.
    Finding(String),
    Passed(String),
    NotApplicable(String),
    Inconclusive(String),
}

pub(crate) type Outcome = Result<Verdict, Trouble>;

type Running<'a> = Pin<Box<dyn Future<Output = Outcome> + Send + 'a>>;

/// A check: its id, which `catalog` describes, and what it does.
#[derive(Clone, Copy)]
pub(crate) struct Check {
    pub(crate) id: &'static str,
    pub(crate) run: for<'a> fn(&'a Scan<'a>) -> Running<'a>,
}

/// Makes a check of an asynchronous function.
macro_rules! check {
    ($id:literal, $function:path) => {
        crate::check::Check {
            id: $id,
            run: |scan| Box::pin($function(scan)),
        }
    };
}
use check;

/// All checks, in the order in which they run. What many requests are needed for comes last, as a
/// target that limits the rate would spoil what follows.
pub(crate) fn all() -> Vec<Check> {
    [
        fixation::CHECKS,
        rotation::CHECKS,
        ending::CHECKS,
        leak::CHECKS,
        cookie::CHECKS,
        duplicate::CHECKS,
        caching::CHECKS,
        csrf::CHECKS,
        certificate::CHECKS,
        race::CHECKS,
        expiry::CHECKS,
        entropy::CHECKS,
    ]
    .concat()
}

fn finding(what: impl Into<String>) -> Outcome {
    Ok(Verdict::Finding(what.into()))
}

fn passed(what: impl Into<String>) -> Outcome {
    Ok(Verdict::Passed(what.into()))
}

fn not_applicable(why: impl Into<String>) -> Outcome {
    Ok(Verdict::NotApplicable(why.into()))
}

fn inconclusive(why: impl Into<String>) -> Outcome {
    Ok(Verdict::Inconclusive(why.into()))
}

/// Ends a check early: where it does not apply, or where what it needs is not known.
fn without_session_cookie(scan: &Scan<'_>) -> Option<Outcome> {
    if let Some(why) = &scan.carrier.unknown {
        return Some(inconclusive(format!(
            "which cookies carry the session could not be found out: {why}"
        )));
    }
    scan.carrier
        .cookies
        .is_empty()
        .then(|| not_applicable("no cookie carries the session"))
}

fn without_step(scan: &Scan<'_>, names: &[&str]) -> Option<Outcome> {
    names
        .iter()
        .find(|name| scan.target.victim().step(name).is_none())
        .map(|name| not_applicable(format!("the configuration has no [step.{name}]")))
}

fn without_other(scan: &Scan<'_>) -> Option<Outcome> {
    if scan.target.other().is_none() {
        return Some(not_applicable("the configuration has one identity only"));
    }
    scan.calibration
        .other_failed
        .as_ref()
        .map(|why| inconclusive(why.clone()))
}

/// `a`, `b` and `c`.
fn listed(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [all @ .., last] => format!("{} and {last}", all.join(", ")),
    }
}

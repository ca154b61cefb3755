//! The scenarios, and the verdict.
//!
//! | file | purpose |
//! |---|---|
//! | `ending` | which cookies are signed in after a sign-out |
//! | `writing` | writes that are lost between two writers |
//! | `tokens` | which token is valid after a new one was issued |
//! | `theft` | what a thief can do with stolen data |
//! | `time` | how long a session lives |

mod ending;
mod theft;
mod time;
mod tokens;
mod writing;

use std::future::Future;
use std::rc::Rc;

use crate::browser::Browser;
use crate::candidate::{Candidate, Waiting};

/// The result of a candidate in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It behaves as users expect of sessions.
    Holds,
    /// It does not, with the observed effect.
    Breaks(String),
    /// The scenario could not be run, with the reason.
    Failed(String),
}

/// A scenario.
pub(crate) struct Scenario {
    /// Its line in the table.
    pub(crate) name: &'static str,
    /// The steps and the expected result.
    pub(crate) story: &'static str,
    /// Runs the scenario with a candidate that has no session yet.
    pub(crate) run: fn(Rc<dyn Candidate>) -> Waiting<Verdict>,
}

macro_rules! scenario {
    ($name:literal, $story:literal, $run:path) => {
        Scenario {
            name: $name,
            story: $story,
            run: |candidate| Box::pin(judge($run(Browser::new(&candidate), candidate))),
        }
    };
}

pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario!(
        "slow writer after sign-out",
        "While a request is in flight, the user signs out; then the request writes. Neither the \
         old cookie nor the cookie of the slow response may be signed in.",
        ending::a_slow_writer_after_a_sign_out
    ),
    scenario!(
        "sign-out, then the handler fails",
        "The handler signs out and returns an error. The old cookie may not be signed in.",
        ending::a_sign_out_in_a_handler_that_fails
    ),
    scenario!(
        "sign-out, then a middleware fails",
        "The handler signs out, and a middleware between it and the sessions returns an error. The \
         old cookie may not be signed in.",
        ending::a_sign_out_within_a_middleware_that_fails
    ),
    scenario!(
        "two writers of different keys",
        "Two requests read, then each writes a different key. Both keys must exist afterwards.",
        writing::two_writers_of_different_keys
    ),
    scenario!(
        "old token after sign-in",
        "A visitor with an anonymous session signs in. The old cookie may not be signed in.",
        tokens::the_token_from_before_a_sign_in
    ),
    scenario!(
        "old token after rotation",
        "A signed-in session gets a new token. The old one may not be signed in.",
        tokens::the_token_from_before_a_rotation
    ),
    scenario!(
        "slow writer during rotation",
        "While a request is in flight, the session gets a new token; then the request writes. \
         Neither the old token nor the cookie of the slow response may be signed in.",
        tokens::a_slow_writer_during_a_rotation
    ),
    scenario!(
        "sign-out, then a write in the same request",
        "A request signs out and writes a message for the next page. The old cookie may neither be \
         signed in nor give access to the message.",
        tokens::a_write_after_a_sign_out
    ),
    scenario!(
        "rotation, then the handler fails",
        "The handler requests a new token and returns an error. The user must still be signed in.",
        tokens::a_rotation_in_a_handler_that_fails
    ),
    scenario!(
        "idle and absolute timeout at once",
        "Idle 4 s, absolute 6 s. A session with a write each half second must end before 8 s, and \
         an unused one before 5 s.",
        time::an_idle_and_an_absolute_timeout
    ),
    scenario!(
        "dump of the store",
        "A reader of the whole store may not be able to make a cookie from it that is signed in.",
        theft::a_dump_of_the_store
    ),
    scenario!(
        "planted cookie",
        "A visitor sends a well-formed cookie that an attacker made up, and signs in. The made-up \
         cookie may not be signed in.",
        theft::a_planted_cookie
    ),
    scenario!(
        "`Debug` of the session",
        "The output of `{:?}` in a handler may hold neither the cookie nor the session's data.",
        theft::what_debug_prints
    ),
    scenario!(
        "stolen cookie, other certificate",
        "Another client with a valid certificate sends the cookie. It may not be signed in, and \
         the owner must still be.",
        theft::a_stolen_cookie_under_another_certificate
    ),
];

/// The observed effect, if the candidate breaks; an error if the scenario could not be run.
type Run = Result<Option<String>, String>;

async fn judge(run: impl Future<Output = Run>) -> Verdict {
    match run.await {
        Ok(None) => Verdict::Holds,
        Ok(Some(how)) => Verdict::Breaks(how),
        Err(why) => Verdict::Failed(why),
    }
}

/// The browser, after it has signed in.
async fn signed_in(mut browser: Browser) -> Result<Browser, String> {
    let reply = browser.go("/sign-in").await;
    if browser.is_alice().await {
        return Ok(browser);
    }
    Err(format!(
        "the sign-in fails: {} {}",
        reply.status, reply.body
    ))
}

/// Returns a message if one of these browsers is signed in.
async fn any_signed_in(them: &[(&str, &Browser)]) -> Option<String> {
    for (name, browser) in them {
        if browser.is_alice().await {
            return Some(format!("{name} is signed in"));
        }
    }
    None
}

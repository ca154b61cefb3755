//! What is tried, and the verdict.
//!
//! | file | purpose |
//! |---|---|
//! | `ending` | what stands after a sign-out |
//! | `writing` | what is lost between two writers |
//! | `tokens` | which token stands after a new one was issued |
//! | `theft` | what a thief can do with what there is to steal |
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

/// What became of a candidate in a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// It does what one expects of sessions.
    Holds,
    /// It does not; and how that showed.
    Breaks(String),
    /// The scenario could not be run; and why.
    Failed(String),
}

/// Something that happens to sessions.
pub(crate) struct Scenario {
    /// Its line in the table.
    pub(crate) name: &'static str,
    /// What it does and what is expected.
    pub(crate) story: &'static str,
    /// Puts a candidate that has no session yet through it.
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
        "A request is under way, the user signs out, then the request writes. Neither the old cookie nor what the slow answer brings may be signed in.",
        ending::a_slow_writer_after_a_sign_out
    ),
    scenario!(
        "sign-out, then the handler fails",
        "The handler signs out and returns an error. The old cookie may not be signed in.",
        ending::a_sign_out_in_a_handler_that_fails
    ),
    scenario!(
        "sign-out, then a middleware fails",
        "The handler signs out, and a middleware between it and the sessions returns an error. The old cookie may not be signed in.",
        ending::a_sign_out_within_a_middleware_that_fails
    ),
    scenario!(
        "two writers of different keys",
        "Two requests read, then both write another key. Both keys have to be there.",
        writing::two_writers_of_different_keys
    ),
    scenario!(
        "old token after sign-in",
        "A visitor with an anonymous session signs in. The cookie from before may not be signed in.",
        tokens::the_token_from_before_a_sign_in
    ),
    scenario!(
        "old token after rotation",
        "A signed-in session gets a new token. The old one may not be signed in.",
        tokens::the_token_from_before_a_rotation
    ),
    scenario!(
        "slow writer during rotation",
        "A request is under way while the session gets a new token, then it writes. Neither the old token nor what the slow answer brings may be signed in.",
        tokens::a_slow_writer_during_a_rotation
    ),
    scenario!(
        "sign-out, then a write in the same request",
        "A request signs out and leaves a note for the page that comes next. The cookie from before may be neither signed in nor open the note.",
        tokens::a_write_after_a_sign_out
    ),
    scenario!(
        "rotation, then the handler fails",
        "The handler asks for a new token and returns an error. The user has to be signed in still.",
        tokens::a_rotation_in_a_handler_that_fails
    ),
    scenario!(
        "idle and absolute timeout at once",
        "Idle 4 s, absolute 6 s. A session that is written to each half second may not live for 8 s, and one that is not used may not live for 5 s.",
        time::an_idle_and_an_absolute_timeout
    ),
    scenario!(
        "dump of the store",
        "Whoever reads the whole store may not make a cookie of it that is signed in.",
        theft::a_dump_of_the_store
    ),
    scenario!(
        "planted cookie",
        "A visitor comes with a well-formed cookie that somebody made up, and signs in. The made-up cookie may not be signed in.",
        theft::a_planted_cookie
    ),
    scenario!(
        "`Debug` of the session",
        "What `{:?}` prints in a handler may hold neither the cookie nor the session's data.",
        theft::what_debug_prints
    ),
    scenario!(
        "stolen cookie, other certificate",
        "Someone else, whose client certificate is as valid, sends the cookie. They may not be signed in, and the owner has to be still.",
        theft::a_stolen_cookie_under_another_certificate
    ),
];

/// A scenario that cannot go on says why.
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

/// Says so if one of these is signed in.
async fn whoever_is_signed_in(them: &[(&str, &Browser)]) -> Option<String> {
    for (name, browser) in them {
        if browser.is_alice().await {
            return Some(format!("{name} is signed in"));
        }
    }
    None
}

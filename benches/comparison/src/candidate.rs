//! What is put through the scenarios: an application with the same routes for all.
//!
//! | route | what its handler does |
//! |---|---|
//! | `/whoami` | answers who is signed in, or `nobody` |
//! | `/put?key=K&value=V` | writes one key |
//! | `/get?key=K` | answers the value of a key, or `none` |
//! | `/slow-put?key=K&value=V` | reads, waits at the gate, writes one key |
//! | `/sign-in` | signs `alice` in, as the framework's documentation says |
//! | `/sign-out` | signs out, as the framework's documentation says |
//! | `/sign-out-and-fail` | the same, and then the handler returns an error |
//! | `/failing/sign-out` | the same, within a middleware that fails after the handler |
//! | `/sign-out-and-put?key=K&value=V` | signs out, and then writes one key |
//! | `/rotate` | asks for a new token |
//! | `/rotate-and-fail` | the same, and then the handler returns an error |
//! | `/debug` | answers what `Debug` prints of the session |

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use certsession_actix::PeerState;

use crate::gate::Gate;

/// The one who signs in.
pub(crate) const ALICE: &str = "alice";
/// Nobody is signed in.
pub(crate) const NOBODY: &str = "nobody";
/// There is no such key.
pub(crate) const NONE: &str = "none";

/// How long a session lives in every scenario: both are short, and not too short for a scenario
/// on a machine that is busy.
pub(crate) const IDLE: Duration = Duration::from_secs(4);
/// See [`IDLE`]. Set wherever a candidate has such a setting.
pub(crate) const ABSOLUTE: Duration = Duration::from_secs(6);

/// Something to wait for.
pub(crate) type Waiting<T> = Pin<Box<dyn Future<Output = T>>>;

/// One framework with one store, and an application of the routes above.
pub(crate) trait Candidate {
    /// Sends a request through the whole application.
    fn send(&self, request: Request) -> Waiting<Reply>;

    /// Where `/slow-put` waits.
    fn gate(&self) -> &Gate;

    /// Cookies that someone could make who has nothing but a dump of the store.
    fn forge(&self) -> Waiting<Vec<String>>;

    /// A well-formed cookie that the server never issued.
    fn planted(&self) -> String;
}

/// A request.
#[derive(Clone, Debug)]
pub(crate) struct Request {
    /// Path and query.
    pub(crate) target: String,
    /// The field `Cookie`.
    pub(crate) cookie: Option<String>,
    /// Who is at the other end of the TLS connection.
    pub(crate) peer: PeerState,
}

/// An answer.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// Its status.
    pub(crate) status: u16,
    /// Its text.
    pub(crate) body: String,
    /// Its fields `Set-Cookie`.
    pub(crate) set_cookie: Vec<String>,
}

//! The subject of the scenarios: an application with the same routes for every framework.
//!
//! | route | handler |
//! |---|---|
//! | `/whoami` | returns the signed-in principal, or `anonymous` |
//! | `/put?key=K&value=V` | writes one key |
//! | `/get?key=K` | returns the value of a key, or `none` |
//! | `/slow-put?key=K&value=V` | reads, waits at the gate, writes one key |
//! | `/sign-in?username=U` | signs this user in, or `alice`, as the framework's documentation says |
//! | `/sign-out` | signs out, as the framework's documentation says |
//! | `/sign-out-and-fail` | the same, and then the handler returns an error |
//! | `/failing/sign-out` | the same, within a middleware that fails after the handler |
//! | `/sign-out-and-put?key=K&value=V` | signs out, and then writes one key |
//! | `/rotate` | requests a new token |
//! | `/rotate-and-fail` | the same, and then the handler returns an error |
//! | `/debug` | returns the `Debug` output of the session |

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use certsession_actix::PeerState;
use serde::Deserialize;

use crate::gate::Gate;

/// The principal who signs in.
pub(crate) const ALICE: &str = "alice";
/// No principal is signed in.
pub(crate) const ANONYMOUS: &str = "anonymous";
/// There is no such key.
pub(crate) const NONE: &str = "none";

/// The timeouts of a candidate's sessions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timeouts {
    pub(crate) idle: Duration,
    /// Set if the candidate has such a setting.
    pub(crate) absolute: Duration,
}

impl Timeouts {
    /// For scenarios: short, but not too short for a busy machine.
    pub(crate) const SHORT: Self = Self {
        idle: Duration::from_secs(4),
        absolute: Duration::from_secs(6),
    };
    /// For a scan, which takes a minute.
    pub(crate) const LONG: Self = Self {
        idle: Duration::from_secs(600),
        absolute: Duration::from_secs(900),
    };
}

/// A boxed future.
pub(crate) type Waiting<T> = Pin<Box<dyn Future<Output = T>>>;

/// One framework with one store, and an application with the routes above.
pub(crate) trait Candidate {
    /// Sends a request through the whole application.
    fn send(&self, request: Request) -> Waiting<Reply>;

    /// The gate of `/slow-put`.
    fn gate(&self) -> &Gate;

    /// Cookies that an attacker could make with only a dump of the store.
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
    /// The peer of the TLS connection.
    pub(crate) peer: PeerState,
}

/// A response.
#[derive(Debug, Default)]
pub(crate) struct Reply {
    /// Its status.
    pub(crate) status: u16,
    /// Its text.
    pub(crate) body: String,
    /// Its header fields, with names in lower case.
    pub(crate) fields: Vec<(String, String)>,
}

impl Reply {
    /// Its fields `Set-Cookie`.
    pub(crate) fn set_cookie(&self) -> impl Iterator<Item = &str> {
        let fields = self.fields.iter().filter(|(name, _)| name == "set-cookie");
        fields.map(|(_, value)| value.as_str())
    }
}

/// Whom a sign-in signs in.
#[derive(Debug, Deserialize)]
pub(crate) struct User {
    #[serde(default = "alice")]
    pub(crate) username: String,
}

fn alice() -> String {
    ALICE.to_owned()
}

//! Ends of sessions: one of the list, and what a WebSocket waits for.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use certsession_core::Handle;
use certsession_http::{Error, RequestSession};

use crate::page::cards;

/// How often an open page's list is compared with the store. A portal is one of several nodes: what
/// another one begins or ends, it learns from the store.
const INTERVAL: Duration = Duration::from_millis(500);

/// What the first message of `GET /live` begins with; the session's handle follows.
pub const GREETING: &str = "session ";

/// Why `GET /live` closes, with the code 1008.
pub const CLOSE_REASON: &str = "the session has ended";

/// `GET /live`: the session that it follows.
///
/// # Errors
///
/// If there is no session.
pub fn follow(session: &RequestSession) -> Result<Handle, Error> {
    session.handle().ok_or(Error::NotSignedIn)
}

/// `DELETE /sessions/{handle}`: whether there was such a session; where not, 404.
///
/// # Errors
///
/// If no principal is signed in, or the store fails.
pub async fn revoke(session: &RequestSession, handle: &str) -> Result<bool, Error> {
    match handle.parse::<Handle>() {
        Ok(handle) => session.revoke(handle).await,
        Err(_) => Ok(false),
    }
}

/// What a WebSocket sends to a page that shows the list of sessions (`GET /live/sessions`).
pub struct Follower {
    session: RequestSession,
    ended: Pin<Box<dyn Future<Output = ()> + Send>>,
    shown: String,
}

impl Follower {
    /// Follows this session, and the others of its principal.
    ///
    /// # Errors
    ///
    /// If no principal is signed in.
    pub fn new(session: RequestSession) -> Result<Self, Error> {
        session.signed_in()?;
        Ok(Self {
            ended: Box::pin(session.ended()),
            session,
            shown: String::new(),
        })
    }

    /// The list as HTML: at once for the first time, then whenever it has changed. `None` when the
    /// session has ended.
    pub async fn next(&mut self) -> Option<String> {
        tokio::select! {
            () = &mut self.ended => None,
            cards = changed(&self.session, &self.shown) => {
                self.shown.clone_from(&cards);
                Some(cards)
            }
        }
    }
}

impl fmt::Debug for Follower {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Follower").finish_non_exhaustive()
    }
}

async fn changed(session: &RequestSession, shown: &str) -> String {
    loop {
        // A store that fails for a moment is asked again.
        match cards(session).await {
            Ok(cards) if cards != shown => return cards,
            _ => tokio::time::sleep(INTERVAL).await,
        }
    }
}

//! Ends of sessions: one of the list, and what a WebSocket waits for.

use certsession_core::Handle;
use certsession_http::{Error, RequestSession};

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

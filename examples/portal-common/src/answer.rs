//! What a client sees where a request fails.

use certsession_http::Error;

/// The most a request's body may hold.
pub const MAX_BODY: usize = 2 << 20;

/// Why a request fails.
#[derive(Debug)]
pub enum Failure {
    /// The session says so.
    Session(Error),
    /// The portal itself: a status, and a line of text.
    Portal(u16, &'static str),
}

impl<E: Into<Error>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Session(error.into())
    }
}

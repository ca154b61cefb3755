//! What a handler can get wrong, and what can go wrong under it.

use crate::event::Refusal;
use crate::principal::InvalidPrincipal;
use crate::random::RandomError;
use crate::store::StoreError;

/// Why a handler's call on its session failed. It holds key names and sizes, never a value.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// A session can only begin under a client certificate, and there is none.
    #[error("a session needs a client certificate, and this connection has none")]
    CertificateRequired,
    /// The session was ended, in this request or while it ran.
    #[error("the session has ended; nothing more can be written in this request")]
    Ended,
    /// The request came with a token that has been replaced, by a sign-in for example: what it
    /// writes could only undo the newer session. A sign-in is allowed.
    #[error("the session has a newer token than this request; nothing can be written")]
    TokenReplaced,
    /// The head of the response is sent.
    #[error(
        "the response head is sent; only an existing session can still be changed, and committed explicitly"
    )]
    HeadSent,
    /// Only an existing session can be changed here.
    #[error("there is no session to change; begin it before the response head is sent")]
    NoSession,
    /// A value does not turn into JSON.
    #[error("the value of the session key {key:?} cannot be written as JSON")]
    Encode {
        /// The key's name.
        key: String,
    },
    /// What is stored under a key is not of the key's type.
    #[error("the stored value of the session key {key:?} is not of the key's type ({problem})")]
    Decode {
        /// The key's name.
        key: String,
        /// What serde_json calls the problem, without the value.
        problem: &'static str,
    },
    /// The session would hold too much.
    #[error("the session would hold {size} bytes, the most is {max}")]
    DataTooLarge {
        /// How much it would hold, in bytes.
        size: usize,
        /// How much it may hold, in bytes.
        max: usize,
    },
    /// The name cannot be a principal's.
    #[error(transparent)]
    InvalidPrincipal(#[from] InvalidPrincipal),
    /// The changes could not be written.
    #[error(transparent)]
    Commit(#[from] CommitError),
}

/// Why what a request wanted of its session was not written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CommitError {
    /// Somebody signed in, or the token was replaced, while the request ran.
    #[error("the session has changed hands while the request ran; nothing was written")]
    Stale,
    /// The session ended while the request ran.
    #[error("the session has ended while the request ran; nothing was written")]
    Gone,
    /// The principal has as many sessions as may be.
    #[error("the principal has as many sessions as may be; end one of them first")]
    LimitReached,
    /// Together with what other requests have written, the session would hold too much.
    #[error("the session would hold {size} bytes, the most is {max}")]
    TooLarge {
        /// How much it would hold, in bytes.
        size: usize,
        /// How much it may hold, in bytes.
        max: usize,
    },
    /// The certificate of the connection is no longer good: it has expired or was revoked while
    /// the request ran, or its revocation list is overdue. Nothing was written.
    #[error("{0}; nothing was written")]
    Refused(Refusal),
    /// Another commit of the same request is under way, or was given up: nobody knows yet what
    /// came of it.
    #[error("another commit of this request is under way")]
    InFlight,
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// No token could be issued.
    #[error(transparent)]
    Random(#[from] RandomError),
}

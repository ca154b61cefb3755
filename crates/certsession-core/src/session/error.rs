//! What can go wrong with the session of a request, from its opening to its last commit.

use crate::data::DecodeError;
use crate::event::Refusal;
use crate::principal::InvalidPrincipal;
use crate::random::RandomError;
use crate::store::StoreError;

/// Why a request got no session, or why its use of the session failed. It holds key names and
/// sizes, never a value.
///
/// It is one type for opening, for what a handler calls and for committing, so that a failure
/// such as [`Store`](Self::Store) is the same variant wherever it occurs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// On opening: the certificate is not acceptable, or not the one that the session is bound to.
    /// On commit: it has expired or was revoked while the request ran, or its revocation list is
    /// overdue; nothing was written.
    #[error("{0}")]
    Refused(Refusal),
    /// The store failed. An empty session in place of the real one would be wrong.
    #[error(transparent)]
    Store(#[from] StoreError),
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
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The session would hold too much: by this request alone, or on commit together with what
    /// other requests have written.
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
    /// On commit: somebody signed in, or the token was replaced, while the request ran.
    #[error("the session has changed hands while the request ran; nothing was written")]
    Stale,
    /// On commit: the session ended while the request ran.
    #[error("the session has ended while the request ran; nothing was written")]
    Gone,
    /// On commit: the principal has as many sessions as may be.
    #[error("the principal has as many sessions as may be; end one of them first")]
    LimitReached,
    /// Another commit of the same request is under way, or was given up: its outcome is not
    /// known yet.
    #[error("another commit of this request is under way")]
    InFlight,
    /// No token could be issued.
    #[error(transparent)]
    Random(#[from] RandomError),
}

//! Errors of a request's session, from its opening to its last commit.

use crate::data::DecodeError;
use crate::event::Refusal;
use crate::names::InvalidName;
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
    /// On opening: the certificate was refused, or is not the one that the session is bound to.
    /// On commit: the certificate has expired or was revoked while the request ran, or its
    /// revocation list is overdue; nothing was written.
    #[error("{0}")]
    Refused(Refusal),
    /// The store failed. Answering with an empty session in place of the real one would be wrong.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A session can only begin under a client certificate, and the connection has none. By the policy
    /// [`BindWhenPresent`](crate::BindWhenPresent) only a sign-in needs one.
    #[error("a session needs a client certificate, and this connection has none")]
    CertificateRequired,
    /// The session was ended, by this request or while it ran.
    #[error("the session has ended; nothing more can be written in this request")]
    Ended,
    /// The request came with a token that has been replaced, for example by a sign-in. A write by
    /// it could undo changes of the newer session, so only a sign-in is allowed.
    #[error("the session has a newer token than this request; nothing can be written")]
    TokenReplaced,
    /// The response head is sent.
    #[error(
        "the response head is sent; only an existing session can still be changed, and committed explicitly"
    )]
    HeadSent,
    /// There is no session, and this operation cannot begin one.
    #[error("there is no session to change; begin it before the response head is sent")]
    NoSession,
    /// The value cannot be serialized to JSON.
    #[error("the value of the session key {key:?} cannot be written as JSON")]
    Encode {
        /// The key's name.
        key: String,
    },
    /// The stored value does not have the key's type.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The session would exceed its maximum data size: by this request alone, or on commit together
    /// with the writes of other requests.
    #[error("the session would hold {size} bytes, and the maximum is {max}")]
    DataTooLarge {
        /// The size that the session would have, in bytes.
        size: usize,
        /// The maximum size, in bytes.
        max: usize,
    },
    /// The key's name is one of the framework's own.
    #[error(
        "the session key {key:?} has the prefix of the framework's own keys; choose another name"
    )]
    ReservedKey {
        /// The key's name.
        key: String,
    },
    /// The name is not a valid principal.
    #[error(transparent)]
    InvalidPrincipal(#[from] InvalidPrincipal),
    /// No principal is signed in whom the call could be about.
    #[error("no one is signed in")]
    NotSignedIn,
    /// A role is not a valid name.
    #[error(transparent)]
    InvalidName(#[from] InvalidName),
    /// A sign-in gives more methods or roles than a session keeps.
    #[error("a session keeps up to {max} methods and as many roles")]
    TooManyNames {
        /// The maximum of each.
        max: usize,
    },
    /// On commit: a principal signed in, or the token was replaced, while the request ran.
    #[error(
        "another request changed the session's token or principal meanwhile; nothing was written"
    )]
    Stale,
    /// On commit: another request has taken or written the value meanwhile that this one was to
    /// take, or to write first. The session shows the value as it is now; the other changes of
    /// this request are kept, for the next commit.
    #[error("another request has taken or written the value meanwhile; nothing was written")]
    ValueChanged,
    /// On commit: the session ended while the request ran.
    #[error("the session ended while the request ran; nothing was written")]
    Gone,
    /// On commit: the principal has reached the limit of sessions.
    #[error("the principal has reached the limit of sessions; end one of them first")]
    LimitReached,
    /// Another commit of the same request is in flight, or was cancelled: its result is unknown.
    #[error("another commit of this request is in flight")]
    InFlight,
    /// A token could not be issued.
    #[error(transparent)]
    Random(#[from] RandomError),
}

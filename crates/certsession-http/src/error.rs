//! What goes wrong, and what the client sees of it.

use certsession_core::{
    DecodeError, InvalidName, InvalidPrincipal, RandomError, Refusal, SessionError, StoreError,
};

/// Why a request got no session, or why a call on its session failed.
///
/// The response is a status and one line; the cause behind it goes to the log.
///
/// | status | when |
/// |---|---|
/// | 303 | a user opened a page who has to sign in first, where there is a sign-in page |
/// | 400 | the name cannot be a principal's, a role's or a method's |
/// | 401 | no principal is signed in, or it has to authenticate again; an access token is bound to another certificate |
/// | 403 | the certificate is missing, differs, has expired or was refused; the request comes around the proxy or from another site; a form without its token; a role is missing |
/// | 409 | the session was signed in, rotated or ended meanwhile, or a limit is reached |
/// | 413 | the session would hold too much |
/// | 500 | the set-up is wrong, or the handler's use of the session |
/// | 503 | the store is down or full or holds what cannot be read, or another commit of the request is running; with `Retry-After` |
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request was refused, for its certificate or for the site that it comes from.
    #[error("{0}")]
    Refused(Refusal),
    /// No principal is signed in.
    #[error("no one is signed in")]
    NotSignedIn,
    /// A principal is signed in, but authenticated too long ago, or is not elevated.
    #[error("authenticate again to do this")]
    ReauthenticationRequired,
    /// The access token of the request is not bound to the certificate of the connection (RFC 8705
    /// section 3).
    #[error("the access token is not bound to this client certificate")]
    TokenNotBound,
    /// The principal has not the role that this needs.
    #[error("this needs a role that you do not have")]
    RoleMissing,
    /// A user who opened a page has to sign in first, or to authenticate again.
    #[error("sign in first")]
    SignInPage {
        /// The sign-in page, with the way back: the value of `Location`.
        location: String,
    },
    /// The form did not come with a token of this session's forms.
    #[error("the form has expired or came from another page; load it again")]
    CsrfToken,
    /// A call of the handler on its session failed.
    #[error(transparent)]
    Session(SessionError),
    /// The store failed, when the session was opened or when it was committed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The application is put together wrongly.
    #[error(transparent)]
    SetUp(#[from] SetUpFault),
}

/// What is missing from the application. Its message is for the log: it names the call of the
/// adapter that is missing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{remedy}")]
pub struct SetUpFault {
    kind: SetUpFaultKind,
    remedy: &'static str,
}

/// The kinds of a [`SetUpFault`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SetUpFaultKind {
    /// A handler asks for a session, but no middleware is around it.
    MiddlewareMissing,
    /// The middleware runs on a connection whose peer was never determined.
    PeerUnknown,
    /// What another framework keeps as its user's id names no principal.
    UserKey,
    /// A middleware around the adapter's holds the request, so that the adapter cannot change it.
    RequestHeld,
}

impl SetUpFault {
    /// A fault, with the sentence that tells an operator how to mend it.
    pub const fn new(kind: SetUpFaultKind, remedy: &'static str) -> Self {
        Self { kind, remedy }
    }

    /// What is missing.
    pub const fn kind(self) -> SetUpFaultKind {
        self.kind
    }

    /// Logs the fault as an error and turns it into the request's error.
    pub fn report(self) -> Error {
        tracing::error!(target: "certsession", "{self}");
        self.into()
    }
}

/// What a client gets to see of an [`Error`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicResponse {
    /// The status code.
    pub status: u16,
    /// One line of plain text in UTF-8, with its line break.
    pub body: String,
    /// The value of `Retry-After`, in seconds, where the client should try again.
    pub retry_after: Option<&'static str>,
    /// Whether the connection is to be closed after the response (`Connection: close`, GOAWAY):
    /// the certificate was refused, and a client takes up another one only on a new connection.
    pub closes_connection: bool,
    /// The value of `Location`, where the client should go.
    pub location: Option<String>,
    /// The value of `WWW-Authenticate`, where the request came with a bad access token.
    pub authenticate: Option<&'static str>,
}

impl PublicResponse {
    /// The value of `Content-Type`.
    pub const CONTENT_TYPE: &'static str = "text/plain; charset=utf-8";
}

impl Error {
    /// The status code of the response.
    pub fn status(&self) -> u16 {
        match self {
            Self::Refused(_) | Self::CsrfToken | Self::RoleMissing => 403,
            Self::NotSignedIn | Self::ReauthenticationRequired | Self::TokenNotBound => 401,
            Self::SignInPage { .. } => 303,
            Self::Store(_) => 503,
            Self::SetUp(_) => 500,
            Self::Session(error) => session_status(error),
        }
    }

    /// The response for the client. An error of the server's own is logged here: the client sees
    /// nothing of it but the status.
    pub fn to_response(&self) -> PublicResponse {
        let status = self.status();
        let is_reported = matches!(self, Self::SetUp(_));
        if status == 500 && !is_reported {
            tracing::error!(target: "certsession", error = %self, "the request failed");
        }
        PublicResponse {
            status,
            body: match status {
                500 => "Internal Server Error\n".to_owned(),
                503 => "Service Unavailable\n".to_owned(),
                _ => format!("{self}\n"),
            },
            retry_after: (status == 503).then_some("1"),
            // A request of another site's page says nothing of the certificate.
            closes_connection: matches!(
                self,
                Self::Refused(refusal) if *refusal != Refusal::CrossSite
            ),
            authenticate: match self {
                Self::TokenNotBound => Some("Bearer error=\"invalid_token\""),
                _ => None,
            },
            location: match self {
                Self::SignInPage { location } => Some(location.clone()),
                _ => None,
            },
        }
    }
}

fn session_status(error: &SessionError) -> u16 {
    match error {
        SessionError::CertificateRequired => 403,
        SessionError::Ended
        | SessionError::TokenReplaced
        | SessionError::Stale
        | SessionError::Gone
        | SessionError::ValueChanged
        | SessionError::LimitReached => 409,
        SessionError::DataTooLarge { .. } => 413,
        SessionError::InvalidPrincipal(_) | SessionError::InvalidName(_) => 400,
        SessionError::InFlight => 503,
        _ => 500,
    }
}

/// A refusal is [`Error::Refused`] and a failure of the store [`Error::Store`], whichever call met
/// it.
impl From<SessionError> for Error {
    fn from(error: SessionError) -> Self {
        match error {
            SessionError::Refused(refusal) => Self::Refused(refusal),
            SessionError::Store(error) => Self::Store(error),
            SessionError::NotSignedIn => Self::NotSignedIn,
            error => Self::Session(error),
        }
    }
}

/// What a handler's own calls of the core return.
macro_rules! from_errors_of_the_core {
    ($($error:ident),*) => {$(
        impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::Session(error.into())
            }
        }
    )*};
}

from_errors_of_the_core!(InvalidPrincipal, InvalidName, DecodeError, RandomError);

#[cfg(test)]
mod tests {
    use super::*;
    use certsession_core::StoreErrorKind;

    #[test]
    fn a_client_never_sees_an_inner_error() {
        let inner = StoreError::with_source(StoreErrorKind::Unavailable, "10.0.0.7 refused");
        for error in [
            Error::from(inner),
            SessionError::Store(StoreError::new(StoreErrorKind::Unavailable)).into(),
        ] {
            let response = error.to_response();
            assert_eq!(response.status, 503);
            assert_eq!(response.retry_after, Some("1"));
            assert_eq!(response.body, "Service Unavailable\n");
        }
    }

    #[test]
    fn a_failure_of_the_store_is_one_variant_whichever_call_met_it() {
        let down = || StoreError::new(StoreErrorKind::Unavailable);
        for error in [Error::from(down()), SessionError::Store(down()).into()] {
            assert!(matches!(error, Error::Store(_)), "{error:?}");
        }
    }
}

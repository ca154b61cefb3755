//! What goes wrong, and what the client sees of it.

use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use actix_web::{HttpResponse, ResponseError};
use certsession_core::{CommitError, OpenError, Refusal, SessionError, StoreError};

/// Why a request got no session, or could not do with it what it wanted.
///
/// As a response it is a status and one line; what was behind it goes to the log.
///
/// | status | when |
/// |---|---|
/// | 400 | the name of a principal cannot be one |
/// | 401 | nobody is signed in |
/// | 403 | the certificate is missing, another one, expired or refused |
/// | 409 | the session has changed hands or ended meanwhile, or a limit is reached |
/// | 413 | the session would hold too much |
/// | 500 | the set-up is wrong, or the handler's use of the session |
/// | 503 | the store is down or full; with `Retry-After` |
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The request was refused for its certificate.
    #[error("{0}")]
    Refused(Refusal),
    /// Nobody is signed in.
    #[error("nobody is signed in")]
    NotSignedIn,
    /// The handler's call on its session failed.
    #[error(transparent)]
    Session(#[from] SessionError),
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The application is put together wrongly.
    #[error(transparent)]
    SetUp(#[from] SetUpFault),
}

/// What is missing from the application. Its message is for the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SetUpFault {
    /// A handler asks for a session where there is no middleware.
    #[error(
        "a session was asked for, but no CertSessionMiddleware is around this handler: call \
         `.wrap(CertSessionMiddleware::new(store))` on its `App` or `Scope`"
    )]
    MiddlewareMissing,
    /// The middleware runs on a connection whose certificate nobody has captured.
    #[error(
        "no peer certificate was captured on this connection: bind the server with \
         `HttpServer::bind_mutual_tls`, or call `.on_connect(certsession_actix::capture_peer)` \
         before `bind_*` (actix ignores it afterwards)"
    )]
    HookMissing,
}

impl SetUpFault {
    /// Reports the fault where somebody who can mend it will see it.
    pub(crate) fn report(self) -> Error {
        tracing::error!(target: "certsession", "{self}");
        self.into()
    }
}

impl From<CommitError> for Error {
    fn from(error: CommitError) -> Self {
        Self::Session(error.into())
    }
}

impl From<OpenError> for Error {
    fn from(error: OpenError) -> Self {
        match error {
            OpenError::Refused(refusal) => Self::Refused(refusal),
            OpenError::Store(error) => Self::Store(error),
            // A kind of failure that is newer than this adapter: nobody gets a session by it.
            _ => Self::Refused(Refusal::CertificateRejected),
        }
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Refused(_) => StatusCode::FORBIDDEN,
            Self::NotSignedIn => StatusCode::UNAUTHORIZED,
            Self::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::SetUp(_) => StatusCode::INTERNAL_SERVER_ERROR,
            Self::Session(error) => session_status(error),
        }
    }

    fn error_response(&self) -> HttpResponse {
        let status = self.status_code();
        let is_reported = matches!(self, Self::SetUp(_));
        if status == StatusCode::INTERNAL_SERVER_ERROR && !is_reported {
            tracing::error!(target: "certsession", error = %self, "the request failed");
        }
        let mut response = HttpResponse::new(status);
        let headers = response.headers_mut();
        if status == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
        }
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("text/plain; charset=utf-8"),
        );
        response.set_body(actix_web::body::BoxBody::new(self.line(status)))
    }
}

fn session_status(error: &SessionError) -> StatusCode {
    match error {
        SessionError::CertificateRequired => StatusCode::FORBIDDEN,
        SessionError::Ended
        | SessionError::TokenReplaced
        | SessionError::Commit(
            CommitError::Stale | CommitError::Gone | CommitError::LimitReached,
        ) => StatusCode::CONFLICT,
        SessionError::DataTooLarge { .. } | SessionError::Commit(CommitError::TooLarge { .. }) => {
            StatusCode::PAYLOAD_TOO_LARGE
        }
        SessionError::InvalidPrincipal(_) => StatusCode::BAD_REQUEST,
        SessionError::Commit(CommitError::Store(_) | CommitError::InFlight) => {
            StatusCode::SERVICE_UNAVAILABLE
        }
        _ => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl Error {
    /// The line for the client: the rule that it met, or nothing but the status.
    fn line(&self, status: StatusCode) -> String {
        match status.canonical_reason() {
            Some(reason) if status.is_server_error() => format!("{reason}\n"),
            _ => format!("{self}\n"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::body::MessageBody;
    use certsession_core::StoreErrorKind;

    #[test]
    fn a_client_never_sees_an_inner_error() {
        let inner = StoreError::with_source(StoreErrorKind::Unavailable, "10.0.0.7 refused");
        let response = Error::from(inner).error_response();
        assert_eq!(response.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(response.headers().get(RETRY_AFTER).unwrap(), "1");
        let body = response.into_body().try_into_bytes().unwrap();
        assert_eq!(body, "Service Unavailable\n");
    }
}

//! What goes wrong, as actix-web's response.

use std::fmt;
use std::ops::Deref;

use actix_web::http::StatusCode;
use actix_web::http::header::{LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};
use actix_web::{HttpResponse, ResponseError};
use certsession_http::PublicResponse;

/// Why a request got no session, or why a call on its session failed.
///
/// It dereferences to the error of [`certsession_http`], whose table says which status each has.
/// The errors of the session, the rules and the store turn into it by `?`.
///
/// ```
/// use certsession_actix::Error;
///
/// let error = Error::from(certsession_http::Error::NotSignedIn);
/// assert!(matches!(*error, certsession_http::Error::NotSignedIn));
/// ```
#[derive(Debug)]
pub struct Error(certsession_http::Error);

impl Error {
    /// The error, as the rules know it.
    pub fn into_inner(self) -> certsession_http::Error {
        self.0
    }
}

impl Deref for Error {
    type Target = certsession_http::Error;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl<E: Into<certsession_http::Error>> From<E> for Error {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.0.source()
    }
}

impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        status(self.0.status())
    }

    fn error_response(&self) -> HttpResponse {
        let public = self.0.to_response();
        let mut response = HttpResponse::build(status(public.status));
        response.content_type(PublicResponse::CONTENT_TYPE);
        if let Some(seconds) = public.retry_after {
            response.insert_header((RETRY_AFTER, seconds));
        }
        if let Some(challenge) = public.authenticate {
            response.insert_header((WWW_AUTHENTICATE, challenge));
        }
        if let Some(location) = public.location {
            // It is of printable ASCII characters, as `ReturnTo` checks.
            response.insert_header((LOCATION, location));
        }
        if public.closes_connection {
            response.extensions_mut().insert(CertificateRefused);
        }
        response.body(public.body)
    }
}

/// On a response: its connection is to be closed. The middleware does that.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CertificateRefused;

/// Each status of `certsession_http` is one that HTTP knows.
fn status(code: u16) -> StatusCode {
    StatusCode::from_u16(code).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR)
}

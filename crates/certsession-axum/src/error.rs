//! What goes wrong, as a response.

use std::fmt;
use std::ops::Deref;

use axum_core::body::Body;
use axum_core::response::{IntoResponse, Response};
use certsession_http::PublicResponse;
use http::StatusCode;
use http::header::{CONTENT_TYPE, HeaderValue, LOCATION, RETRY_AFTER, WWW_AUTHENTICATE};

/// Why a request got no session, or why a call on its session failed.
///
/// It dereferences to the error of [`certsession_http`], whose table says which status each has.
/// The errors of the session, the rules and the store turn into it by `?`.
///
/// ```
/// use certsession_axum::Error;
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

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let public = self.0.to_response();
        let mut response = Response::new(Body::from(public.body));
        // Each status of `certsession_http` is one that HTTP knows.
        *response.status_mut() =
            StatusCode::from_u16(public.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let headers = response.headers_mut();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static(PublicResponse::CONTENT_TYPE),
        );
        if let Some(challenge) = public.authenticate {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
        }
        if let Some(location) = public.location {
            // It is of printable ASCII characters, as `ReturnTo` checks.
            if let Ok(location) = HeaderValue::try_from(location) {
                headers.insert(LOCATION, location);
            }
        }
        if let Some(seconds) = public.retry_after {
            headers.insert(RETRY_AFTER, HeaderValue::from_static(seconds));
        }
        if public.closes_connection {
            response.extensions_mut().insert(CertificateRefused);
        }
        response
    }
}

/// On a response: its connection is to be closed. The layer says so over HTTP/1.1, and the servers
/// of this crate see it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CertificateRefused;

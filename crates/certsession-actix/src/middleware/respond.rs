//! What the answer carries for the session.

use std::fmt;

use actix_web::body::BoxBody;
use actix_web::dev::ServiceResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, HeaderMap, HeaderValue, SET_COOKIE, VARY};
use actix_web::{HttpResponse, ResponseError};

use crate::cookie::SessionCookie;
use crate::error::Error;
use crate::extract::CertSession;

/// The handler's answer with the cookie on it; where the commit failed, that failure instead.
pub(super) fn respond<B>(
    result: Result<ServiceResponse<B>, actix_web::Error>,
    committed: Result<(), Error>,
    session: &CertSession,
    cookie: &SessionCookie,
) -> Result<ServiceResponse<B>, actix_web::Error> {
    let marks = Marks::of(session, cookie)?;
    match committed.map_err(Into::into).and(result) {
        Ok(mut response) => {
            marks.put_on(response.headers_mut());
            Ok(response)
        }
        Err(error) if marks.is_any() => Err(MarkedError { error, marks }.into()),
        Err(error) => Err(error),
    }
}

/// The header fields by which an answer shows that a session had to do with it.
#[derive(Debug)]
struct Marks {
    set_cookie: Option<HeaderValue>,
    is_personal: bool,
}

impl Marks {
    fn of(session: &CertSession, cookie: &SessionCookie) -> Result<Self, actix_web::Error> {
        let (change, is_personal) = session.close_head();
        // A token and a checked name are header text, so this does not fail; if it did, an
        // answer without its cookie would be a lie.
        let set_cookie = change
            .map(|change| cookie.write(&change))
            .transpose()
            .map_err(actix_web::error::ErrorInternalServerError)?;
        Ok(Self {
            set_cookie,
            is_personal,
        })
    }

    fn is_any(&self) -> bool {
        self.set_cookie.is_some() || self.is_personal
    }

    fn put_on(&self, headers: &mut HeaderMap) {
        match &self.set_cookie {
            Some(field) => {
                headers.append(SET_COOKIE, field.clone());
                // Nobody may keep a copy of a token, whatever the handler thinks of its page.
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
            }
            None if !self.is_personal => return,
            None if headers.contains_key(CACHE_CONTROL) => {}
            // What nobody keeps has nobody to tell what it depends on (RFC 9110 section 12.5.5).
            None => {
                headers.insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
                return;
            }
        }
        headers.append(VARY, HeaderValue::from_static("Cookie"));
    }
}

/// An error that leaves the application with the session's cookie on it.
struct MarkedError {
    error: actix_web::Error,
    marks: Marks,
}

impl ResponseError for MarkedError {
    fn status_code(&self) -> StatusCode {
        self.error.as_response_error().status_code()
    }

    fn error_response(&self) -> HttpResponse<BoxBody> {
        let mut response = self.error.error_response();
        self.marks.put_on(response.headers_mut());
        response
    }
}

impl fmt::Display for MarkedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

impl fmt::Debug for MarkedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.error.fmt(f)
    }
}

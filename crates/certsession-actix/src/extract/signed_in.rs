//! Who is signed in, as an extractor.

use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};

use super::session_ext::SessionExt;
use crate::error::Error;

/// Who is signed in. A handler that asks for it answers 401 where nobody is.
///
/// ```
/// use certsession_actix::SignedIn;
///
/// async fn me(principal: SignedIn) -> String {
///     format!("you are {principal}")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn(certsession_core::Principal);

impl SignedIn {
    /// The principal itself, as the core knows it.
    pub fn into_inner(self) -> certsession_core::Principal {
        self.0
    }
}

impl Deref for SignedIn {
    type Target = certsession_core::Principal;

    fn deref(&self) -> &Self::Target {
        &self.0
    }
}

impl fmt::Display for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromRequest for SignedIn {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let principal = request
            .cert_session()
            .and_then(|session| session.signed_in());
        ready(principal.map(Self))
    }
}

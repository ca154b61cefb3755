//! What handlers ask for: their session, and who is signed in.

use std::fmt;
use std::future::{Ready, ready};
use std::ops::Deref;

use actix_web::dev::{Extensions, Payload, ServiceRequest, ServiceResponse};
use actix_web::guard::GuardContext;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use certsession_core::Principal;
use certsession_http::{RequestSession, SetUpFault, SetUpFaultKind};

use crate::error::Error;

/// The session of this request. Its methods are those of [`RequestSession`].
///
/// Those that change the session are synchronous: they record what the handler wants, and the middleware commits it in one
/// step when the handler has returned, with an error or without.
///
/// ```
/// use actix_web::HttpResponse;
/// use certsession_actix::{CertSession, Error, Key, SignIn};
///
/// const CART: Key<Vec<u32>> = Key::new("cart");
///
/// async fn sign_in(session: CertSession) -> Result<HttpResponse, Error> {
///     session.sign_in(SignIn::principal("alice").carry(&CART))?;
///     Ok(HttpResponse::NoContent().finish())
/// }
/// ```
#[derive(Clone, Debug)]
pub struct CertSession(RequestSession);

/// The session after the response head is sent, for a streamed body or a WebSocket. Its methods are
/// those of [`certsession_http::LateSession`].
///
/// No cookie can reach the client any more, so there is no `sign_in` and no `rotate`, and nothing is
/// committed by itself: call [`commit`](Self::commit).
///
/// ```
/// # use certsession_actix::{CertSession, Error, Key};
/// const POSITION: Key<u64> = Key::new("position");
///
/// async fn follow(session: CertSession) -> Result<(), Error> {
///     let mut late = session.late();
///     late.insert(&POSITION, &42)?;
///     late.commit().await
/// }
/// ```
#[derive(Debug)]
#[must_use = "it does nothing by itself"]
pub struct LateSession(certsession_http::LateSession);

/// The principal who is signed in. A handler that asks for it answers 401 where there is none.
///
/// ```
/// use certsession_actix::SignedIn;
///
/// async fn me(principal: SignedIn) -> String {
///     format!("you are {principal}")
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn(Principal);

/// The session of a request, for middleware and guards.
///
/// ```
/// use actix_web::{guard, web};
/// use certsession_actix::SessionExt;
///
/// let signed_in = guard::fn_guard(|context| {
///     context.cert_session().is_ok_and(|session| session.principal().is_some())
/// });
/// let scope = web::scope("/account").guard(signed_in);
/// # let _: actix_web::Scope = scope;
/// ```
pub trait SessionExt {
    /// The session of this request.
    ///
    /// # Errors
    ///
    /// [`SetUpFaultKind::MiddlewareMissing`] where no middleware is around it; the log names the
    /// missing call.
    fn cert_session(&self) -> Result<CertSession, Error>;
}

const MIDDLEWARE_MISSING: SetUpFault = SetUpFault::new(
    SetUpFaultKind::MiddlewareMissing,
    "a session was asked for, but no CertSessionMiddleware is around this handler: call \
     `.wrap(CertSessionMiddleware::new(store))` on its `App` or `Scope`",
);

/// The session, as it lies in a request's extensions.
///
/// A type of this crate alone, so that each handler gets its session by the extractor, which marks
/// the response as one that depends on it.
pub(crate) struct Opened(pub(crate) RequestSession);

certsession_http::session_methods!(CertSession, LateSession, Error);

impl SignedIn {
    /// The principal itself, as the core knows it.
    pub fn into_inner(self) -> Principal {
        self.0
    }
}

impl Deref for SignedIn {
    type Target = Principal;

    fn deref(&self) -> &Principal {
        &self.0
    }
}

impl fmt::Display for SignedIn {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl FromRequest for CertSession {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.cert_session())
    }
}

impl FromRequest for SignedIn {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let session = request.cert_session();
        ready(session.and_then(|session| Ok(Self(session.signed_in()?))))
    }
}

impl SessionExt for HttpRequest {
    fn cert_session(&self) -> Result<CertSession, Error> {
        find(&self.extensions())
    }
}

impl SessionExt for ServiceRequest {
    fn cert_session(&self) -> Result<CertSession, Error> {
        find(&self.extensions())
    }
}

impl<B> SessionExt for ServiceResponse<B> {
    fn cert_session(&self) -> Result<CertSession, Error> {
        self.request().cert_session()
    }
}

impl SessionExt for GuardContext<'_> {
    fn cert_session(&self) -> Result<CertSession, Error> {
        find(&self.req_data())
    }
}

fn find(extensions: &Extensions) -> Result<CertSession, Error> {
    match extensions.get::<Opened>() {
        Some(Opened(session)) => {
            session.mark_used();
            Ok(CertSession(session.clone()))
        }
        None => Err(MIDDLEWARE_MISSING.report().into()),
    }
}

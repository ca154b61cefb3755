//! What handlers ask for: their session, and who is signed in.

use std::fmt;
use std::future::{Ready, ready};
use std::marker::PhantomData;
use std::ops::Deref;

use actix_web::dev::{Extensions, Payload, ServiceRequest, ServiceResponse};
use actix_web::guard::GuardContext;
use actix_web::http::Method;
use actix_web::http::header::HeaderValue;
use actix_web::{FromRequest, HttpMessage, HttpRequest};
use certsession_core::Principal;
use certsession_http::{Navigation, RequestSession, SessionName, SetUpFault, SetUpFaultKind};

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

/// The principal who is signed in. A handler that asks for it answers 401 where there is none, or
/// sends a user who opens a page to the sign-in page, where there is one.
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
pub(crate) struct Opened {
    session: RequestSession,
    /// The session of a middleware further out, with a cookie of another name.
    outer: Option<Box<Opened>>,
}

/// The session of the middleware whose cookie has this name, where a request passes several.
/// [`CertSession`] is that of the innermost. Its methods are those of `CertSession`.
///
/// ```
/// use actix_web::{App, web};
/// use certsession_actix::{CertSessionMiddleware, Error, MemoryStore, NamedSession, SessionName};
///
/// struct Shop;
///
/// impl SessionName for Shop {
///     const NAME: &'static str = "shop";
/// }
///
/// async fn cart(shop: NamedSession<Shop>) -> Result<String, Error> {
///     Ok(format!("{} keys", shop.entries()?.len()))
/// }
///
/// # fn app() -> Result<(), certsession_actix::InvalidCookieName> {
/// let account = CertSessionMiddleware::new(MemoryStore::new());
/// let shop = CertSessionMiddleware::new(MemoryStore::new()).with_cookie_name(Shop::NAME)?;
/// let app = move || {
///     App::new().wrap(account.clone()).wrap(shop.clone()).route("/cart", web::get().to(cart))
/// };
/// # let _ = app;
/// # Ok(())
/// # }
/// ```
pub struct NamedSession<N> {
    session: CertSession,
    name: PhantomData<fn() -> N>,
}

const NAMED_MIDDLEWARE_MISSING: SetUpFault = SetUpFault::new(
    SetUpFaultKind::MiddlewareMissing,
    "a NamedSession was asked for, but no CertSessionMiddleware whose cookie has that name is \
     around this handler: call `.with_cookie_name(Name::NAME)` on one of those that wrap it",
);

certsession_http::session_methods!(CertSession, LateSession, Error);

impl Opened {
    /// Puts a request's session where handlers find it.
    pub(crate) fn enter(extensions: &mut Extensions, session: RequestSession) {
        let outer = None;
        if let Some(before) = extensions.insert(Self { session, outer })
            && let Some(opened) = extensions.get_mut::<Self>()
        {
            opened.outer = Some(Box::new(before));
        }
    }

    fn named(&self, name: &str) -> Option<&RequestSession> {
        match self.session.cookie_name() == name {
            true => Some(&self.session),
            false => self.outer.as_ref()?.named(name),
        }
    }
}

impl<N: SessionName> FromRequest for NamedSession<N> {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let extensions = request.extensions();
        let opened = extensions.get::<Opened>();
        ready(match opened.and_then(|opened| opened.named(N::NAME)) {
            Some(session) => {
                session.mark_used();
                Ok(Self {
                    session: CertSession(session.clone()),
                    name: PhantomData,
                })
            }
            None => Err(NAMED_MIDDLEWARE_MISSING.report().into()),
        })
    }
}

impl<N> Deref for NamedSession<N> {
    type Target = CertSession;

    fn deref(&self) -> &CertSession {
        &self.session
    }
}

impl<N> fmt::Debug for NamedSession<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.session.fmt(f)
    }
}

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
        ready(require(request, |session| Ok(Self(session.signed_in()?))))
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

/// Checks what a handler needs of its session. A user who opens a page without it is sent to the
/// sign-in page, where there is one.
pub(crate) fn require<T>(
    request: &HttpRequest,
    check: impl FnOnce(&RequestSession) -> Result<T, certsession_http::Error>,
) -> Result<T, Error> {
    let CertSession(session) = request.cert_session()?;
    let value = |name| request.headers().get(name).map(HeaderValue::as_bytes);
    check(&session).map_err(|error| {
        let target = request.uri().path_and_query();
        let navigation = Navigation {
            is_get: matches!(*request.method(), Method::GET | Method::HEAD),
            fetch_mode: value("sec-fetch-mode"),
            accept: value("accept"),
            target: target.map_or("", |target| target.as_str()),
        };
        session.explain(error, &navigation).into()
    })
}

fn find(extensions: &Extensions) -> Result<CertSession, Error> {
    match extensions.get::<Opened>() {
        Some(Opened { session, .. }) => {
            session.mark_used();
            Ok(CertSession(session.clone()))
        }
        None => Err(MIDDLEWARE_MISSING.report().into()),
    }
}

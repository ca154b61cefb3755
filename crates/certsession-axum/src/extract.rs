//! What handlers ask for: their session, and who is signed in.

use std::convert::Infallible;
use std::fmt;
use std::marker::PhantomData;
use std::ops::Deref;
use std::sync::Arc;

use axum_core::extract::{FromRequestParts, OptionalFromRequestParts};
use certsession_core::Principal;
use certsession_http::{Navigation, RequestSession, SessionName, SetUpFault, SetUpFaultKind};
use http::header::HeaderValue;
use http::request::Parts;
use http::uri::PathAndQuery;
use http::{Extensions, Method};

use crate::error::Error;

/// The session of this request. Its methods are those of [`RequestSession`].
///
/// They are synchronous: they record what the handler wants, and the layer commits it in one step
/// when the handler has returned, with an error or without.
///
/// ```
/// use certsession_axum::{CertSession, Error, Key, SignIn};
/// use http::StatusCode;
///
/// const CART: Key<Vec<u32>> = Key::new("cart");
///
/// async fn sign_in(session: CertSession) -> Result<StatusCode, Error> {
///     session.sign_in(SignIn::principal("alice").carry(&CART))?;
///     Ok(StatusCode::NO_CONTENT)
/// }
/// ```
///
/// `Option<CertSession>` is `None` where no layer is around the handler, for a handler of routes
/// with sessions and without.
#[derive(Clone, Debug)]
pub struct CertSession(RequestSession);

/// The session after the response head is sent, for a streamed body or a WebSocket. Its methods are
/// those of [`certsession_http::LateSession`].
///
/// No cookie can reach the client any more, so there is no `sign_in` and no `rotate`, and nothing is
/// committed by itself: call [`commit`](Self::commit).
///
/// ```
/// # use certsession_axum::{Error, Key, LateSession};
/// const POSITION: Key<u64> = Key::new("position");
///
/// async fn follow(mut session: LateSession) -> Result<(), Error> {
///     session.insert(&POSITION, &42)?;
///     session.commit().await
/// }
/// ```
#[derive(Debug)]
#[must_use = "it does nothing by itself"]
pub struct LateSession(certsession_http::LateSession);

/// The principal who is signed in. A handler that asks for it answers 401 where there is none, or
/// sends a user who opens a page to the sign-in page, where there is one. One that asks for `Option<SignedIn>` gets `None`.
///
/// ```
/// use certsession_axum::SignedIn;
///
/// async fn me(principal: SignedIn) -> String {
///     format!("you are {principal}")
/// }
///
/// async fn home(principal: Option<SignedIn>) -> String {
///     principal.map_or("welcome".to_owned(), |name| format!("welcome, {name}"))
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedIn(Principal);

const LAYER_MISSING: SetUpFault = SetUpFault::new(
    SetUpFaultKind::MiddlewareMissing,
    "a session was asked for, but no CertSessionLayer is around this handler: call \
     `.layer(CertSessionLayer::new(store))` on the `Router` after the routes that it is for, since \
     `layer` covers what was added before it (and `route_layer` leaves the fallback out); a layer \
     that asks for the session has to be added before it, since the layer added last runs first",
);

/// The session, as it lies in a request's extensions.
///
/// A type of this crate alone, so that each handler gets its session by the extractor, which marks
/// the response as one that depends on it.
#[derive(Clone, Debug)]
pub(crate) struct Opened {
    session: RequestSession,
    /// The target of the request as the layer saw it: a nested router shortens it.
    target: Option<PathAndQuery>,
    /// The session of a layer further out, with a cookie of another name.
    outer: Option<Arc<Opened>>,
}

/// The session of the layer whose cookie has this name, where a request passes several.
/// [`CertSession`] is that of the innermost. Its methods are those of `CertSession`.
///
/// ```
/// use axum::{Router, routing::get};
/// use certsession_axum::{CertSessionLayer, Error, MemoryStore, NamedSession, SessionName};
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
/// # fn app() -> Result<(), certsession_axum::InvalidCookieName> {
/// let app: Router = Router::new()
///     .route("/cart", get(cart))
///     .layer(CertSessionLayer::new(MemoryStore::new()))
///     .layer(CertSessionLayer::new(MemoryStore::new()).with_cookie_name(Shop::NAME)?);
/// # let _ = app;
/// # Ok(())
/// # }
/// ```
pub struct NamedSession<N> {
    session: CertSession,
    name: PhantomData<fn() -> N>,
}

const NAMED_LAYER_MISSING: SetUpFault = SetUpFault::new(
    SetUpFaultKind::MiddlewareMissing,
    "a NamedSession was asked for, but no CertSessionLayer whose cookie has that name is around \
     this handler: call `.with_cookie_name(Name::NAME)` on one of the layers around it",
);

certsession_http::session_methods!(CertSession, LateSession, Error);

impl Opened {
    /// Puts a request's session where handlers find it.
    pub(crate) fn enter(
        extensions: &mut Extensions,
        session: RequestSession,
        target: Option<PathAndQuery>,
    ) {
        let opened = Self {
            session,
            target,
            outer: None,
        };
        if let Some(before) = extensions.insert(opened)
            && let Some(opened) = extensions.get_mut::<Self>()
        {
            opened.outer = Some(Arc::new(before));
        }
    }

    fn named(&self, name: &str) -> Option<&RequestSession> {
        match self.session.cookie_name() == name {
            true => Some(&self.session),
            false => self.outer.as_ref()?.named(name),
        }
    }
}

impl<S: Sync, N: SessionName> FromRequestParts<S> for NamedSession<N> {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        let opened = parts.extensions.get::<Opened>();
        match opened.and_then(|opened| opened.named(N::NAME)) {
            Some(session) => {
                session.mark_used();
                Ok(Self {
                    session: CertSession(session.clone()),
                    name: PhantomData,
                })
            }
            None => Err(NAMED_LAYER_MISSING.report().into()),
        }
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

impl CertSession {
    /// The session of a request, for what is no extractor: a layer, a gRPC method, a handler on
    /// bare hyper.
    ///
    /// ```
    /// use certsession_axum::{CertSession, Error};
    ///
    /// fn is_signed_in<B>(request: &http::Request<B>) -> Result<bool, Error> {
    ///     let session = CertSession::from_extensions(request.extensions())?;
    ///     Ok(session.principal().is_some())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`SetUpFaultKind::MiddlewareMissing`] where no layer is around it; the log names the missing
    /// call.
    pub fn from_extensions(extensions: &Extensions) -> Result<Self, Error> {
        Self::find(extensions).ok_or_else(|| LAYER_MISSING.report().into())
    }

    fn find(extensions: &Extensions) -> Option<Self> {
        let Opened { session, .. } = extensions.get::<Opened>()?;
        session.mark_used();
        Some(Self(session.clone()))
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

impl<S: Sync> FromRequestParts<S> for CertSession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Self::from_extensions(&parts.extensions)
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for CertSession {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(Self::find(&parts.extensions))
    }
}

impl<S: Sync> FromRequestParts<S> for LateSession {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        Ok(CertSession::from_extensions(&parts.extensions)?.late())
    }
}

impl<S: Sync> FromRequestParts<S> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Error> {
        require(parts, |session| Ok(Self(session.signed_in()?)))
    }
}

impl<S: Sync> OptionalFromRequestParts<S> for SignedIn {
    type Rejection = Error;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Error> {
        let session = CertSession::from_extensions(&parts.extensions)?;
        Ok(session.principal().map(Self))
    }
}

/// Checks what a handler needs of its session. A user who opens a page without it is sent to the
/// sign-in page, where there is one.
pub(crate) fn require<T>(
    parts: &Parts,
    check: impl FnOnce(&RequestSession) -> Result<T, certsession_http::Error>,
) -> Result<T, Error> {
    let CertSession(session) = CertSession::from_extensions(&parts.extensions)?;
    let value = |name| parts.headers.get(name).map(HeaderValue::as_bytes);
    check(&session).map_err(|error| {
        let opened = parts.extensions.get::<Opened>();
        let target = opened.and_then(|opened| opened.target.as_ref());
        let navigation = Navigation {
            is_get: matches!(parts.method, Method::GET | Method::HEAD),
            fetch_mode: value("sec-fetch-mode"),
            accept: value("accept"),
            target: target.map_or("", |target| target.as_str()),
        };
        session.explain(error, &navigation).into()
    })
}

//! The middleware: opens the session before the handler, commits it after.
//!
//! For each request, in this order:
//!
//! 1. The peer certificate that [`capture_peer`](crate::capture_peer) left with the connection
//!    is taken; nothing there is a set-up fault, 500.
//! 2. The session cookie is read. Two of them count as none.
//! 3. The session is opened: at most one load. A refusal is 403, a store that is down 503, and
//!    the handler does not run.
//! 4. The handler runs.
//! 5. What it did to the session is committed in one step, also where it returned an error.
//!    A commit that fails replaces the handler's answer.
//! 6. The cookie is set or removed, with `Cache-Control: no-store` and `Vary: Cookie`. The answer
//!    of a handler that asked for the session gets `no-store`, too; where the handler has set a
//!    `Cache-Control` of its own, that stands, with `Vary: Cookie`.

mod drain;
mod ending;
mod respond;
mod revoked;
mod service;

use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use certsession_core::{SessionManager, SessionStore};

use crate::cookie::{InvalidCookieName, SameSite, SessionCookie};
use service::CertSessionService;

/// Gives each request of an `App` or a `Scope` its session.
///
/// Make it once, outside the closure of `HttpServer::new`, and clone it inside: a store made
/// inside would be another one in each worker. Wrap a request once for each cookie name: inside
/// another one of the same name, the inner session is what handlers see.
///
/// ```
/// use actix_web::{App, HttpResponse, web};
/// use certsession_actix::{CertSession, CertSessionMiddleware, Error, Key, MemoryStore};
///
/// const VISITS: Key<u64> = Key::new("visits");
///
/// async fn count(session: CertSession) -> Result<HttpResponse, Error> {
///     let visits = session.get(&VISITS)?.unwrap_or(0) + 1;
///     session.insert(&VISITS, &visits)?;
///     Ok(HttpResponse::Ok().json(visits))
/// }
///
/// let sessions = CertSessionMiddleware::new(MemoryStore::new());
/// let app = move || {
///     App::new()
///         .wrap(sessions.clone())
///         .route("/", web::get().to(count))
/// };
/// # let _ = app();
/// ```
pub struct CertSessionMiddleware<S> {
    shared: Arc<Shared<S>>,
}

/// What the middleware is told.
pub(crate) struct Shared<S> {
    manager: SessionManager<S>,
    settings: Settings,
}

#[derive(Clone, Default)]
struct Settings {
    cookie: SessionCookie,
    read_through: Option<ReadThrough>,
}

/// Which requests are to be judged by the store itself.
type ReadThrough = Arc<dyn Fn(&ServiceRequest) -> bool + Send + Sync>;

impl<S: SessionStore> CertSessionMiddleware<S> {
    /// The middleware over a store, by the default rules, or over a [`SessionManager`] with
    /// rules of its own. The cookie is `__Host-session`, `SameSite=Lax`.
    pub fn new(sessions: impl Into<SessionManager<S>>) -> Self {
        Self::with(sessions.into(), Settings::default())
    }

    /// Names the cookie `__Host-` and `name`.
    ///
    /// # Errors
    ///
    /// If the name has other characters than letters, digits, `-` and `_`, or a prefix.
    pub fn with_cookie_name(&self, name: &str) -> Result<Self, InvalidCookieName> {
        let mut settings = self.shared.settings.clone();
        settings.cookie.rename(name)?;
        Ok(Self::with(self.manager().clone(), settings))
    }

    /// Sets when the cookie goes along with requests that another site caused. Default:
    /// [`SameSite::Lax`].
    #[must_use]
    pub fn with_same_site(&self, same_site: SameSite) -> Self {
        let mut settings = self.shared.settings.clone();
        settings.cookie.set_same_site(same_site);
        Self::with(self.manager().clone(), settings)
    }

    /// Sends the requests that `is_meant` picks past the near cache of the store, if it has one:
    /// for routes that must not see a session for an instant longer than it lives. Requests with
    /// another method than GET, HEAD, OPTIONS and TRACE always go past it. Default: no others.
    ///
    /// ```
    /// use certsession_actix::{CertSessionMiddleware, MemoryStore};
    ///
    /// let sessions = CertSessionMiddleware::new(MemoryStore::new())
    ///     .with_read_through(|request| request.path().starts_with("/accounts/"));
    /// # let _ = sessions;
    /// ```
    #[must_use]
    pub fn with_read_through(
        &self,
        is_meant: impl Fn(&ServiceRequest) -> bool + Send + Sync + 'static,
    ) -> Self {
        let mut settings = self.shared.settings.clone();
        settings.read_through = Some(Arc::new(is_meant));
        Self::with(self.manager().clone(), settings)
    }

    /// The rules, to list and revoke sessions from outside a request.
    pub fn manager(&self) -> &SessionManager<S> {
        &self.shared.manager
    }

    fn with(manager: SessionManager<S>, settings: Settings) -> Self {
        Self {
            shared: Arc::new(Shared { manager, settings }),
        }
    }
}

impl<S> Shared<S> {
    /// Whether a copy of the session may serve the request: it merely reads.
    fn reads_near(&self, request: &ServiceRequest) -> bool {
        let is_meant = |read_through: &ReadThrough| read_through(request);
        request.method().is_safe() && !self.settings.read_through.as_ref().is_some_and(is_meant)
    }
}

impl<S> Clone for CertSessionMiddleware<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S> fmt::Debug for CertSessionMiddleware<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertSessionMiddleware")
            .field("manager", &self.shared.manager)
            .field("cookie", &self.shared.settings.cookie)
            .finish_non_exhaustive()
    }
}

impl<S, I, B> Transform<I, ServiceRequest> for CertSessionMiddleware<S>
where
    S: SessionStore,
    I: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<B>;
    type Error = actix_web::Error;
    type Transform = CertSessionService<S, I>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: I) -> Self::Future {
        revoked::end_sessions_of_revoked(self.manager().clone());
        ready(Ok(CertSessionService::new(inner, Arc::clone(&self.shared))))
    }
}

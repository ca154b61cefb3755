//! The middleware: opens the session before the handler, commits it after.
//!
//! The way of a request is [`certsession_http`]'s driver; this file says where actix-web keeps the
//! parts.

use std::fmt;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::time::Duration;

use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{Service, ServiceRequest, ServiceResponse, Transform};
use certsession_core::{Device, SessionManager, SessionStore};
use certsession_http::{
    CrossSiteGuard, InvalidCookieName, InvalidSignInPage, SameSite, SessionDriver,
};

use crate::service::{CertSessionService, DeviceOf, ReadThrough};

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
    driver: SessionDriver<S>,
    read_through: Option<ReadThrough>,
    device: Option<DeviceOf>,
}

impl<S: SessionStore> CertSessionMiddleware<S> {
    /// The middleware over a store, by the default rules, or over a [`SessionManager`] with
    /// rules of its own. The cookie is `__Host-session`, `SameSite=Lax`.
    pub fn new(sessions: impl Into<SessionManager<S>>) -> Self {
        Self {
            driver: SessionDriver::new(sessions.into()),
            read_through: None,
            device: None,
        }
    }

    /// Names the cookie `__Host-` and `name`. The sessions of each name are apart, also over one
    /// store: a token that is sent under another name opens nothing. A session is lost if its cookie
    /// gets another name.
    ///
    /// # Errors
    ///
    /// If the name has other characters than letters, digits, `-` and `_`, or a prefix.
    pub fn with_cookie_name(&self, name: &str) -> Result<Self, InvalidCookieName> {
        Ok(Self {
            driver: self.driver.with_cookie_name(name)?,
            ..self.clone()
        })
    }

    /// Sets when the cookie goes along with requests that another site caused. Default:
    /// [`SameSite::Lax`].
    #[must_use]
    pub fn with_same_site(&self, same_site: SameSite) -> Self {
        Self {
            driver: self.driver.with_same_site(same_site),
            ..self.clone()
        }
    }

    /// Sets which requests are refused because a page of another site made them. Default: those by
    /// unsafe methods, and WebSocket handshakes, that do not come from the host itself; see
    /// [`CrossSiteGuard`].
    #[must_use]
    pub fn with_cross_site_guard(&self, guard: CrossSiteGuard) -> Self {
        Self {
            driver: self.driver.with_cross_site_guard(guard),
            ..self.clone()
        }
    }

    /// Lets the cookie go along where pages of **other sites embed this one** in a frame, and gives up
    /// what `SameSite` protects from: see [`SessionDriver::with_cookie_in_other_sites_frames`].
    #[must_use]
    pub fn with_cookie_in_other_sites_frames(&self) -> Self {
        Self {
            driver: self.driver.with_cookie_in_other_sites_frames(),
            ..self.clone()
        }
    }

    /// Sends a user who opens a page that needs a sign-in, or a recent one, to this page (303): the
    /// extractors `SignedIn`, `RecentlyAuthenticated`, `Elevated` do so. See
    /// [`SessionDriver::with_sign_in_page`]. Default: no page, always 401.
    ///
    /// # Errors
    ///
    /// If it is no path of this site.
    pub fn with_sign_in_page(&self, path: &str) -> Result<Self, InvalidSignInPage> {
        Ok(Self {
            driver: self.driver.with_sign_in_page(path)?,
            ..self.clone()
        })
    }

    /// Keeps what `device` says of a request that begins a session or signs a principal in, for a
    /// list in which users find their sessions. Personal data: tell users of it. Default: nothing is
    /// kept.
    ///
    /// ```
    /// use certsession_actix::{CertSessionMiddleware, Device, MemoryStore};
    ///
    /// let sessions = CertSessionMiddleware::new(MemoryStore::new()).with_device(|request| {
    ///     let agent = request.headers().get("user-agent");
    ///     let agent = agent.and_then(|agent| agent.to_str().ok());
    ///     Device::new().with_agent(agent.unwrap_or_default())
    /// });
    /// # let _ = sessions;
    /// ```
    #[must_use]
    pub fn with_device(
        &self,
        device: impl Fn(&ServiceRequest) -> Device + Send + Sync + 'static,
    ) -> Self {
        Self {
            device: Some(Arc::new(device)),
            ..self.clone()
        }
    }

    /// Sends the requests for which `reads_through` is true past the near cache of the store, if it
    /// has one: for routes that must not see a session for an instant longer than it lives.
    /// Requests with another method than GET, HEAD, OPTIONS and TRACE always go past it. Default:
    /// no others.
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
        reads_through: impl Fn(&ServiceRequest) -> bool + Send + Sync + 'static,
    ) -> Self {
        Self {
            read_through: Some(Arc::new(reads_through)),
            ..self.clone()
        }
    }

    /// The rules, to list and revoke sessions from outside a request.
    pub fn manager(&self) -> &SessionManager<S> {
        self.driver.manager()
    }

    /// Waits until the ends and sign-ins are finished whose clients hung up: call it when
    /// `HttpServer::run` has returned, before the process exits, or an end that was begun may be
    /// lost. Waits for `at_most`; true if nothing is left.
    ///
    /// ```no_run
    /// # use std::time::Duration;
    /// # use actix_web::{App, HttpServer};
    /// # use certsession_actix::{CertSessionMiddleware, MemoryStore};
    /// # async fn serve() -> std::io::Result<()> {
    /// let sessions = CertSessionMiddleware::new(MemoryStore::new());
    /// let wrapped = sessions.clone();
    /// HttpServer::new(move || App::new().wrap(wrapped.clone())).run().await?;
    /// sessions.drain(Duration::from_secs(10)).await;
    /// # Ok(())
    /// # }
    /// ```
    pub async fn drain(&self, at_most: Duration) -> bool {
        self.driver.drain(at_most).await
    }
}

impl<S> Clone for CertSessionMiddleware<S> {
    fn clone(&self) -> Self {
        Self {
            driver: self.driver.clone(),
            read_through: self.read_through.clone(),
            device: self.device.clone(),
        }
    }
}

impl<S> fmt::Debug for CertSessionMiddleware<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertSessionMiddleware")
            .field("driver", &self.driver)
            .finish_non_exhaustive()
    }
}

impl<S, I, B> Transform<I, ServiceRequest> for CertSessionMiddleware<S>
where
    S: SessionStore,
    I: Service<ServiceRequest, Response = ServiceResponse<B>, Error = actix_web::Error> + 'static,
    B: MessageBody + 'static,
{
    type Response = ServiceResponse<EitherBody<B>>;
    type Error = actix_web::Error;
    type Transform = CertSessionService<S, I>;
    type InitError = ();
    type Future = Ready<Result<Self::Transform, ()>>;

    fn new_transform(&self, inner: I) -> Self::Future {
        self.driver.end_sessions_of_revoked();
        let service = CertSessionService::new(
            inner,
            self.driver.clone(),
            self.read_through.clone(),
            self.device.clone(),
        );
        ready(Ok(service))
    }
}

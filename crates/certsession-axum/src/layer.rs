//! The layer: opens the session before the handler, commits it after.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use certsession_core::{Device, SessionManager, SessionStore};
use certsession_http::{
    CrossSiteGuard, InvalidCookieName, InvalidSignInPage, SameSite, SessionDriver,
};
use http::request::Parts;
use tower_layer::Layer;

use crate::service::{CertSessionService, DeviceOf, ReadThrough};

/// Gives each request of a `Router`, or of any other tower service, its session.
///
/// Clones are the same sessions. A request passes it once for each cookie name: inside another one
/// of the same name, the inner session is what handlers see.
///
/// ```
/// use axum::{Router, routing::get};
/// use certsession_axum::{CertSession, CertSessionLayer, Error, Key, MemoryStore};
///
/// const VISITS: Key<u64> = Key::new("visits");
///
/// async fn count(session: CertSession) -> Result<String, Error> {
///     let visits = session.get(&VISITS)?.unwrap_or(0) + 1;
///     session.insert(&VISITS, &visits)?;
///     Ok(format!("visit {visits}\n"))
/// }
///
/// let app: Router = Router::new()
///     .route("/", get(count))
///     .layer(CertSessionLayer::new(MemoryStore::new()));
/// # let _ = app;
/// ```
///
/// # Where it goes
///
/// `Router::layer` covers the routes, and the fallback, that were added *before* it.
/// `Router::route_layer` leaves out the fallback and what no route matches.
///
/// Of several layers, the one added last runs first. What asks for the session is added before this
/// layer; what has to see its refusals (access logs, CORS, header fields) after it. Of these it
/// matters on which side they are:
///
/// | layer | added after, so outside | added before, so inside |
/// |---|---|---|
/// | a timeout | drops the request: nothing is written but an end that the handler asked for | its response is like a handler's: what was done by then is committed |
/// | one that catches panics | a panic writes nothing but such an end | its 500 is a response: what was done by then is committed |
/// | compression, tracing | as usual | as usual |
///
/// It adds no error to those of the service: a refusal is a response. Where the inner service itself
/// returns an error, the session is committed, but there is no response to put a cookie on: turn
/// errors into responses inside of this layer (axum requires it, by `HandleErrorLayer`).
pub struct CertSessionLayer<S> {
    driver: SessionDriver<S>,
    read_through: Option<ReadThrough>,
    device: Option<DeviceOf>,
}

impl<S: SessionStore> CertSessionLayer<S> {
    /// The layer over a store, by the default rules, or over a [`SessionManager`] with rules of its
    /// own. The cookie is `__Host-session`, `SameSite=Lax`.
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
    /// [`SessionDriver::with_sign_in_page`]. The way back is the target as this layer sees it: put the
    /// layer around a nested router, not into it. Default: no page, always 401.
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
    /// use certsession_axum::{CertSessionLayer, Device, MemoryStore};
    ///
    /// let sessions = CertSessionLayer::new(MemoryStore::new()).with_device(|request| {
    ///     let agent = request.headers.get("user-agent");
    ///     let agent = agent.and_then(|agent| agent.to_str().ok());
    ///     Device::new().with_agent(agent.unwrap_or_default())
    /// });
    /// # let _ = sessions;
    /// ```
    #[must_use]
    pub fn with_device(&self, device: impl Fn(&Parts) -> Device + Send + Sync + 'static) -> Self {
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
    /// use certsession_axum::{CertSessionLayer, MemoryStore};
    ///
    /// let sessions = CertSessionLayer::new(MemoryStore::new())
    ///     .with_read_through(|request| request.uri.path().starts_with("/accounts/"));
    /// # let _ = sessions;
    /// ```
    #[must_use]
    pub fn with_read_through(
        &self,
        reads_through: impl Fn(&Parts) -> bool + Send + Sync + 'static,
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

    /// Waits until the ends and sign-ins are finished whose clients hung up: call it when the server
    /// has stopped, before the process exits, or an end that was begun may be lost. Waits for
    /// `at_most`; true if nothing is left.
    ///
    /// `serve` calls it, if it is told of the layer.
    pub async fn drain(&self, at_most: Duration) -> bool {
        self.driver.drain(at_most).await
    }
}

impl<S> Clone for CertSessionLayer<S> {
    fn clone(&self) -> Self {
        Self {
            driver: self.driver.clone(),
            read_through: self.read_through.clone(),
            device: self.device.clone(),
        }
    }
}

impl<S> fmt::Debug for CertSessionLayer<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CertSessionLayer")
            .field("driver", &self.driver)
            .finish_non_exhaustive()
    }
}

impl<S: SessionStore, I> Layer<I> for CertSessionLayer<S> {
    type Service = CertSessionService<S, I>;

    fn layer(&self, inner: I) -> Self::Service {
        // An application may be put together before its runtime is there; the first request starts
        // the task then.
        if tokio::runtime::Handle::try_current().is_ok() {
            self.driver.end_sessions_of_revoked();
        }
        CertSessionService::new(
            inner,
            self.driver.clone(),
            self.read_through.clone(),
            self.device.clone(),
        )
    }
}

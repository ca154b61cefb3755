//! The way of a request: `open`, the handler, `settle`, the header fields of the response.
//!
//! 1. The adapter hands over what it read of the request: the `Cookie` fields, the peer, and what
//!    the guard and the log need.
//! 2. [`SessionDriver::open`] asks the cross-site guard, finds the session cookie (two of them count
//!    as none) and opens the session: at most one load. A refusal is 403, a store that is down 503,
//!    and the handler must not run.
//! 3. The handler runs.
//! 4. [`SessionDriver::settle`] commits what it did, in one step, also if it returned an error. A
//!    commit that fails takes the place of the handler's response.
//! 5. [`Settled::head`] sets or removes the cookie.
//!
//! A request that is dropped between 2 and 4, because the client hung up or the handler panicked,
//! commits nothing but the end of its session, if the handler asked for one.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::{Duration, Instant};

use certsession_core::{
    CommitResult, PeerState, Refusal, RequestInfo, SessionError, SessionManager, SessionStore,
};
use tokio::time::timeout;

use crate::backend::BoxFuture;
use crate::cookie::{InvalidCookieName, SameSite, SessionCookie};
use crate::cross_site::{CrossSiteGuard, SiteFields};
use crate::error::Error;
use crate::in_flight::InFlight;
use crate::proxy::SharedCertificates;
use crate::response::HeadChanges;
use crate::revoked;
use crate::session::{self, ClosedHead, RequestSession};
use crate::sign_in_page::{InvalidSignInPage, SignInPage};

/// How often a shutdown looks whether the task still runs that it waits for.
const LOOK_INTERVAL: Duration = Duration::from_millis(100);

/// Opens and commits the sessions of an application's requests. Clones drive the same sessions.
pub struct SessionDriver<S> {
    shared: Arc<Shared<S>>,
}

struct Shared<S> {
    manager: SessionManager<S>,
    context: Arc<session::Context>,
    settings: Settings,
}

/// What an application chooses besides the rules.
#[derive(Clone, Debug, Default)]
struct Settings {
    cookie: SessionCookie,
    guard: CrossSiteGuard,
}

/// What an adapter read of a request.
#[derive(Clone, Copy, Debug)]
pub struct RequestHead<'r, C> {
    /// The values of the `Cookie` fields.
    pub cookies: C,
    /// The peer that the request came from.
    pub peer: &'r PeerState,
    /// Whether a copy of the session that this process holds may serve the request: for requests
    /// that only read.
    pub reads_near: bool,
    /// What the log says of the request. The guard needs its method: without one it counts as
    /// unsafe.
    pub request: RequestInfo<'r>,
    /// Which page made the request, for the cross-site guard.
    pub site: SiteFields<'r>,
}

impl<S: SessionStore> SessionDriver<S> {
    /// A driver of this manager's sessions. The cookie is `__Host-session`, `SameSite=Lax`.
    pub fn new(manager: SessionManager<S>) -> Self {
        let cookie = SessionCookie::default();
        let context = session::Context {
            backend: Arc::new(manager.clone()),
            in_flight: InFlight::default(),
            cookie_name: cookie.name().into(),
            sign_in_page: None,
            shared_certificates: Arc::new(SharedCertificates::default()),
        };
        Self::with(Shared {
            manager,
            context: Arc::new(context),
            settings: Settings::default(),
        })
    }

    /// Names the cookie `__Host-` and `name`, and gives its sessions the name as their
    /// [realm](SessionManager::with_realm): over one store, the token of a cookie of another name is
    /// one that was never issued. A session is of the name that it began under, and lost if the
    /// cookie gets another one.
    ///
    /// # Errors
    ///
    /// If the name is empty, has other characters than letters, digits, `-` and `_`, or begins
    /// with `__`.
    pub fn with_cookie_name(&self, name: &str) -> Result<Self, InvalidCookieName> {
        let mut settings = self.shared.settings.clone();
        settings.cookie.rename(name)?;
        let realm = (settings.cookie.name() != SessionCookie::default().name()).then_some(name);
        let manager = self.shared.manager.with_realm(realm);
        let context = session::Context {
            backend: Arc::new(manager.clone()),
            cookie_name: name.into(),
            ..session::Context::clone(&self.shared.context)
        };
        Ok(Self::with(Shared {
            manager,
            context: Arc::new(context),
            settings,
        }))
    }

    /// Sets when the cookie goes along with requests that another site caused.
    #[must_use]
    pub fn with_same_site(&self, same_site: SameSite) -> Self {
        let mut settings = self.shared.settings.clone();
        settings.cookie.set_same_site(same_site);
        self.with_settings(settings)
    }

    /// Sets which requests are refused because a page of another site made them.
    #[must_use]
    pub fn with_cross_site_guard(&self, guard: CrossSiteGuard) -> Self {
        let settings = self.shared.settings.clone();
        self.with_settings(Settings { guard, ..settings })
    }

    /// Lets the cookie go along where pages of **other sites embed this one** in a frame:
    /// `SameSite=None` with `Partitioned`, so that each embedding site has a session of its own.
    ///
    /// What is given up: the browser sends the cookie, like the client certificate, with requests
    /// that the embedding site causes, POST forms and scripts among them. So every route that
    /// changes something has to check where the request comes from, or a form's token
    /// ([`RequestSession::check_csrf`]); and `Content-Security-Policy: frame-ancestors` should name
    /// who may embed the pages. Replaces the setting of [`with_same_site`](Self::with_same_site).
    #[must_use]
    pub fn with_cookie_in_other_sites_frames(&self) -> Self {
        let mut settings = self.shared.settings.clone();
        settings.cookie.set_embedded();
        self.with_settings(settings)
    }

    /// Sends a user who opens a page that needs a sign-in, or a recent one, to this page (303), with
    /// the way back as `next`: read it by [`ReturnTo::parse`](crate::ReturnTo::parse). Where the
    /// sign-in is only too long ago, the parameter `reauthenticate=true` says so. Only the adapters'
    /// extractors redirect, and only requests that open a page; others get their 401. Default: no
    /// page, always 401.
    ///
    /// # Errors
    ///
    /// If it is no path of this site.
    pub fn with_sign_in_page(&self, path: &str) -> Result<Self, InvalidSignInPage> {
        let context = session::Context {
            sign_in_page: Some(SignInPage::new(path)?),
            ..session::Context::clone(&self.shared.context)
        };
        Ok(Self::with(Shared {
            manager: self.shared.manager.clone(),
            context: Arc::new(context),
            settings: self.shared.settings.clone(),
        }))
    }

    /// The rules, to list and revoke sessions from outside a request.
    pub fn manager(&self) -> &SessionManager<S> {
        &self.shared.manager
    }

    /// Opens the session of a request.
    ///
    /// # Errors
    ///
    /// If the request is refused or the store fails. The handler must not run then.
    // No `async fn`: what is not needed any more would stay in the future of every request. Inlined,
    // so that the future is made in its place: it is large, and would be moved there otherwise.
    #[inline(always)]
    pub fn open<'r, 'h: 'r, C>(
        &'r self,
        request: RequestHead<'r, C>,
    ) -> impl Future<Output = Result<OpenRequest, Error>> + use<'r, 'h, S, C>
    where
        C: IntoIterator<Item = &'h [u8]>,
    {
        let shared = &*self.shared;
        let (manager, settings) = (&shared.manager, &shared.settings);
        revoked::end_sessions_of_revoked(manager);
        let method = request.request.method.unwrap_or_default();
        let is_admitted = settings.guard.admits(method, &request.site);
        let request = certsession_core::OpenRequest {
            presented: settings.cookie.find(request.cookies),
            peer: request.peer,
            reads_near: request.reads_near,
            request: request.request,
        };
        async move {
            if !is_admitted {
                let (peer, info) = (request.peer, request.request);
                let refusal = manager.refuse_request(Refusal::CrossSite, peer, info);
                return Err(refused(refusal));
            }
            // No `map_err` and no `?`: each would move the session once more.
            match manager.open_request(&request).await {
                Ok(session) => {
                    let session = RequestSession::new(session, Arc::clone(&shared.context));
                    Ok(OpenRequest {
                        guard: EndGuard::new(session),
                        is_forwarded: false,
                    })
                }
                Err(error) => Err(refused(error)),
            }
        }
    }

    /// Commits what the handler did to the session, also if the handler failed.
    pub fn settle(&self, mut request: OpenRequest) -> Settling<'_> {
        request.guard.is_armed = false;
        let cookie = &self.shared.settings.cookie;
        let pending = match request.session().begin_last_commit() {
            Ok(head) => return Settling(Step::Done(Some(Settled::new(Ok(()), head, cookie)))),
            Err(pending) => pending,
        };
        let session = request.session().clone();
        if !pending.ends_session() && !pending.signs_in() {
            return Settling(Step::Commit {
                executing: self.shared.context.backend.execute(pending),
                session,
                cookie,
            });
        }
        let is_direct_sign_in = pending.signs_in() && !request.is_forwarded;
        // A client that hangs up now drops this future; the step goes through nevertheless.
        let last = session.execute_last_detached(pending);
        Settling(Step::Detached(Box::pin(async move {
            let (committed, head) = match last.await {
                Ok(last) => last,
                // The step panicked, or its runtime is shutting down.
                Err(error) => (Err(error), session.close_head()),
            };
            if is_direct_sign_in && committed.is_ok() {
                self.note_sign_in(&session);
            }
            Settled::new(committed, head, cookie)
        })))
    }

    /// Starts the task that ends the sessions of revoked certificates, unless it is running. Needs
    /// a Tokio runtime. [`open`](Self::open) starts it too; an adapter calls this so that it runs
    /// before the first request.
    pub fn end_sessions_of_revoked(&self) {
        revoked::end_sessions_of_revoked(&self.shared.manager);
    }

    /// Waits for work that must finish although its request is gone: ends, sign-ins, and commits that
    /// a handler began itself; and until the sessions of revoked certificates have ended. For a
    /// graceful shutdown, after the server has stopped. Waits for `at_most`; true if nothing is
    /// left. What is left of revoked certificates on a list is ended after the next start.
    pub async fn drain(&self, at_most: Duration) -> bool {
        self.end_sessions_of_revoked();
        let began = Instant::now();
        let none_in_flight = self.shared.context.in_flight.drain(at_most).await;
        loop {
            // The task may have stopped with the worker in whose runtime it was, also while this
            // waits.
            self.end_sessions_of_revoked();
            let left = at_most.saturating_sub(began.elapsed());
            let ended = self.shared.manager.revocations_ended();
            if timeout(left.min(LOOK_INTERVAL), ended).await.is_ok() {
                return none_in_flight;
            }
            if left <= LOOK_INTERVAL {
                return false;
            }
        }
    }

    fn note_sign_in(&self, session: &RequestSession) {
        if let (Some(peer), Some(principal)) = (session.peer(), session.principal()) {
            let shared = &self.shared.context.shared_certificates;
            shared.note_sign_in(&peer, principal);
        }
    }

    fn with_settings(&self, settings: Settings) -> Self {
        Self::with(Shared {
            manager: self.shared.manager.clone(),
            context: Arc::clone(&self.shared.context),
            settings,
        })
    }

    fn with(shared: Shared<S>) -> Self {
        let shared = Arc::new(shared);
        Self { shared }
    }
}

impl<S> Clone for SessionDriver<S> {
    fn clone(&self) -> Self {
        Self {
            shared: Arc::clone(&self.shared),
        }
    }
}

impl<S> fmt::Debug for SessionDriver<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionDriver")
            .field("manager", &self.shared.manager)
            .field("settings", &self.shared.settings)
            .finish_non_exhaustive()
    }
}

/// The error of a request that is refused, or whose store failed.
fn refused(error: SessionError) -> Error {
    let error = Error::from(error);
    #[cfg(feature = "metrics")]
    crate::meter::refused(&error);
    error
}

/// A request whose session is open.
#[derive(Debug)]
#[must_use = "what the handler does to the session is committed by `SessionDriver::settle`"]
pub struct OpenRequest {
    guard: EndGuard,
    is_forwarded: bool,
}

impl OpenRequest {
    /// Marks the request as one whose peer a trusted proxy has forwarded.
    pub fn forwarded(self) -> Self {
        Self {
            is_forwarded: true,
            ..self
        }
    }

    /// The session, for the request's handler.
    pub fn session(&self) -> &RequestSession {
        self.guard.session()
    }
}

/// The commit of a request's session, as a future. A request that only reads waits for nothing.
#[must_use = "nothing is committed until it is awaited"]
pub struct Settling<'d>(Step<'d>);

enum Step<'d> {
    /// Nothing is to be committed. Taken when it is polled.
    Done(Option<Settled>),
    /// The commit goes with the request: if that is dropped, so is it.
    Commit {
        executing: BoxFuture<'d, CommitResult>,
        session: RequestSession,
        cookie: &'d SessionCookie,
    },
    /// An end or a sign-in, which goes through in any case.
    Detached(BoxFuture<'d, Settled>),
}

impl Future for Settling<'_> {
    type Output = Settled;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Settled> {
        match &mut self.0 {
            Step::Done(settled) => settled.take().map_or(Poll::Pending, Poll::Ready),
            Step::Commit {
                executing,
                session,
                cookie,
            } => {
                let result = ready!(executing.as_mut().poll(context));
                let (committed, head) = session.finish_last(result);
                Poll::Ready(Settled::new(committed, head, cookie))
            }
            Step::Detached(step) => step.as_mut().poll(context),
        }
    }
}

impl fmt::Debug for Settling<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Step::Done(_) => "Settling(nothing to commit)",
            Step::Commit { .. } | Step::Detached(_) => "Settling(committing)",
        })
    }
}

/// The outcome of a request for its session.
#[derive(Debug)]
#[non_exhaustive]
pub struct Settled {
    /// Whether everything was written. An error takes the place of the handler's response.
    pub committed: Result<(), Error>,
    /// What the response's head carries for the session, whichever response that is.
    pub head: Option<HeadChanges>,
}

impl Settled {
    fn new(committed: Result<(), Error>, head: ClosedHead, cookie: &SessionCookie) -> Self {
        #[cfg(feature = "metrics")]
        crate::meter::settled(&committed);
        Self {
            committed,
            head: HeadChanges::new(head.cookie, head.is_personal, cookie),
        }
    }
}

/// While the handler runs: if the request is dropped after the handler has ended its session, the
/// end is carried out nevertheless. Nothing else that the handler did is.
#[derive(Debug)]
struct EndGuard {
    session: RequestSession,
    is_armed: bool,
}

impl EndGuard {
    fn new(session: RequestSession) -> Self {
        Self {
            session,
            is_armed: true,
        }
    }

    fn session(&self) -> &RequestSession {
        &self.session
    }
}

impl Drop for EndGuard {
    fn drop(&mut self) {
        if !self.is_armed {
            return;
        }
        #[cfg(feature = "metrics")]
        crate::meter::dropped();
        if let Some((pending, span)) = self.session.abandon() {
            let _entered = span.enter();
            // The step is begun; no caller is left to wait for it, and a failure is an event.
            drop(self.session.execute_detached(pending));
        }
    }
}

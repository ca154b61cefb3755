//! The session of a request, as its handler holds it.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

use certsession_core::{
    Actor, CommitResult, CookieChange, Device, Handle, Key, Owner, Page, PeerCertificate,
    PendingCommit, Principal, Record, Session, SessionError, SessionPage, SessionState, SignIn,
    Timestamp,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Span;

use crate::backend::Backend;
use crate::ended::ended;
use crate::error::Error;
use crate::in_flight::{EndStep, InFlight};
use crate::proxy::SharedCertificates;
use crate::sign_in_page::SignInPage;

/// The session of this request.
///
/// The methods that change the session are synchronous: they record what the handler wants, and the middleware commits it
/// in one step when the handler has returned, with an error or without. If there is no session
/// yet, the first [`insert`](Self::insert) or [`sign_in`](Self::sign_in) begins one; reading begins
/// none.
///
/// In addition to the errors that each method names, a change is an error if the request's token
/// has been replaced meanwhile (409; a sign-in is allowed), and while a commit of the same request
/// is in progress (503).
///
/// ```
/// use certsession_core::{Key, SignIn};
/// use certsession_http::{Error, RequestSession};
///
/// const CART: Key<Vec<u32>> = Key::new("cart");
///
/// fn sign_in(session: &RequestSession) -> Result<(), Error> {
///     session.sign_in(SignIn::principal("alice").carry(&CART))
/// }
/// ```
///
/// Clones are the same session. It may be sent to other threads; no lock is held across an await.
#[derive(Clone)]
pub struct RequestSession(Arc<Inner>);

/// What the sessions of all requests share.
#[derive(Clone)]
pub(crate) struct Context {
    pub(crate) backend: Arc<dyn Backend>,
    pub(crate) in_flight: InFlight,
    /// The cookie's name without its prefix.
    pub(crate) cookie_name: Arc<str>,
    pub(crate) sign_in_page: Option<SignInPage>,
    pub(crate) shared_certificates: Arc<SharedCertificates>,
}

/// What the session adds to the response when the request is done.
pub(crate) struct ClosedHead {
    pub(crate) cookie: Option<CookieChange>,
    /// Whether the response can depend on the session.
    pub(crate) is_personal: bool,
}

struct Inner {
    session: Mutex<Session>,
    context: Arc<Context>,
    /// Whether the response can depend on the session.
    is_used: AtomicBool,
    /// What the adapter knows of the device, if it is to be kept.
    device: OnceLock<Box<Device>>,
    /// The span in which the session was ended first: if the request is dropped, the end goes on
    /// there. Taken only then, as each request would pay for it.
    ended_in: OnceLock<Box<Span>>,
}

impl RequestSession {
    /// The value of a key: what this request wrote, or else what was loaded.
    ///
    /// ```
    /// # use certsession_core::Key;
    /// # use certsession_http::{Error, RequestSession};
    /// const THEME: Key<String> = Key::new("theme");
    ///
    /// fn theme(session: &RequestSession) -> Result<String, Error> {
    ///     Ok(session.get(&THEME)?.unwrap_or_else(|| "light".to_owned()))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the stored value is not of the key's type.
    pub fn get<T: DeserializeOwned>(&self, key: &Key<T>) -> Result<Option<T>, Error> {
        Ok(self.lock().get(key)?)
    }

    /// The state of one concern of the application: a struct with a version.
    ///
    /// ```
    /// # use certsession_core::SessionState;
    /// # use certsession_http::{Error, RequestSession};
    /// # fn shown<Filter: SessionState + Default>(session: &RequestSession) -> Result<Filter, Error> {
    /// let filter = session.state::<Filter>()?.unwrap_or_default();
    /// # Ok(filter)
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// If the stored value is of a version that the program does not read, or not of the struct's
    /// form.
    pub fn state<S: SessionState>(&self) -> Result<Option<S>, Error> {
        Ok(self.lock().state()?)
    }

    /// Writes the state of one concern. Begins a session if there is none.
    ///
    /// ```
    /// # use certsession_core::SessionState;
    /// # use certsession_http::{Error, RequestSession};
    /// # use serde::{Deserialize, Serialize};
    /// #[derive(Default, Deserialize, Serialize)]
    /// struct Filter {
    ///     tags: Vec<String>,
    /// }
    ///
    /// impl SessionState for Filter {
    ///     const KEY: &'static str = "filter";
    /// }
    ///
    /// fn add(session: &RequestSession, tag: String) -> Result<(), Error> {
    ///     let mut filter = session.state::<Filter>()?.unwrap_or_default();
    ///     filter.tags.push(tag);
    ///     session.set_state(&filter)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`insert`](Self::insert).
    pub fn set_state<S: SessionState>(&self, state: &S) -> Result<(), Error> {
        self.change(|session| session.set_state(state))
    }

    /// Writes a value under a key. Begins a session if there is none.
    ///
    /// ```
    /// # use certsession_core::Key;
    /// # use certsession_http::{Error, RequestSession};
    /// const VISITS: Key<u64> = Key::new("visits");
    ///
    /// fn count(session: &RequestSession) -> Result<(), Error> {
    ///     let visits = session.get(&VISITS)?.unwrap_or(0);
    ///     session.insert(&VISITS, &(visits + 1))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no client certificate, the session has ended, the response head is sent or the
    /// session would hold too much.
    pub fn insert<T, V>(&self, key: &Key<T>, value: &V) -> Result<(), Error>
    where
        T: Borrow<V>,
        V: Serialize + ?Sized,
    {
        self.change(|session| session.insert(key, value))
    }

    /// Removes a key. Removing one that is not there is no error.
    ///
    /// ```
    /// # use certsession_core::Key;
    /// # use certsession_http::{Error, RequestSession};
    /// const DRAFT: Key<String> = Key::new("draft");
    ///
    /// fn discard_draft(session: &RequestSession) -> Result<(), Error> {
    ///     session.remove(&DRAFT)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the session has ended or the response head is sent.
    pub fn remove<T>(&self, key: &Key<T>) -> Result<(), Error> {
        self.change(|session| session.remove(key))
    }

    /// Removes a key and returns its value, as this request sees it. Two requests at the same
    /// time may both get it: [`take_once`](Self::take_once) is for a value that may be used only
    /// once.
    ///
    /// ```
    /// # use certsession_core::Key;
    /// # use certsession_http::{Error, RequestSession};
    /// const NOTICE: Key<String> = Key::new("notice");
    ///
    /// fn notice(session: &RequestSession) -> Result<String, Error> {
    ///     Ok(session.take(&NOTICE)?.unwrap_or_default())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`remove`](Self::remove); the value is kept then.
    pub fn take<T: DeserializeOwned>(&self, key: &Key<T>) -> Result<Option<T>, Error> {
        self.change(|session| session.take(key))
    }

    /// Removes every key. The session continues, and its principal stays signed in.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn forget_everything(session: &RequestSession) -> Result<(), Error> {
    ///     session.clear()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the session has ended or the response head is sent.
    pub fn clear(&self) -> Result<(), Error> {
        self.change(Session::clear)
    }

    /// Signs a principal in. The session gets a new token, the old one is invalid in the same step,
    /// and the session's data are dropped, except for what [`SignIn::carry`] names.
    ///
    /// The sign-in is committed even if the handler returns an error afterwards: check first, then
    /// sign in.
    ///
    /// ```
    /// # use certsession_core::{AuthMethod, Key, SignIn};
    /// # use certsession_http::{Error, RequestSession};
    /// const CART: Key<Vec<u32>> = Key::new("cart");
    ///
    /// fn sign_in(session: &RequestSession, name: &str) -> Result<(), Error> {
    ///     session.sign_in(SignIn::principal(name).method(AuthMethod::PASSWORD).carry(&CART))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If there is no client certificate, the name cannot be a principal's, the session has ended
    /// or the response head is sent.
    pub fn sign_in(&self, sign_in: impl Into<SignIn>) -> Result<(), Error> {
        self.change(|session| session.sign_in(sign_in))
    }

    /// Ends the session with everything in it; the cookie is removed. What the same request
    /// writes afterwards begins a new session with a new token.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn sign_out(session: &RequestSession) -> Result<(), Error> {
    ///     session.sign_out()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the response head is sent.
    pub fn sign_out(&self) -> Result<(), Error> {
        self.note_end();
        self.change(Session::sign_out)
    }

    /// Gives the session a new token, for an elevation of privileges; the old one is invalid in the
    /// same step. Without a session, nothing happens.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn join_group(session: &RequestSession) -> Result<(), Error> {
    ///     // ... the user may do more from now on
    ///     session.rotate()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the session has ended or the response head is sent.
    pub fn rotate(&self) -> Result<(), Error> {
        self.change(Session::rotate)
    }

    /// Ends the session for good: what the same request writes afterwards is an error.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn delete_account(session: &RequestSession) -> Result<(), Error> {
    ///     session.end()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the response head is sent.
    pub fn end(&self) -> Result<(), Error> {
        self.note_end();
        self.change(Session::end)
    }

    /// Drops every change of this request that is not committed yet, a sign-in too. An end stays.
    ///
    /// ```
    /// # use certsession_core::Key;
    /// # use certsession_http::{Error, RequestSession};
    /// # const STEP: Key<u8> = Key::new("step");
    /// fn advance(session: &RequestSession, is_valid: bool) -> Result<(), Error> {
    ///     session.insert(&STEP, &2)?;
    ///     if !is_valid {
    ///         session.discard();
    ///     }
    ///     Ok(())
    /// }
    /// ```
    pub fn discard(&self) {
        self.lock().discard();
    }

    /// The public name of the session; `None` if there is none yet.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn is_this_one(session: &RequestSession, listed: certsession_core::Handle) -> bool {
    ///     session.handle() == Some(listed)
    /// }
    /// ```
    pub fn handle(&self) -> Option<Handle> {
        self.lock().handle()
    }

    /// Who is signed in, by this request or before it.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn greeting(session: &RequestSession) -> String {
    ///     match session.principal() {
    ///         Some(name) => format!("hello, {name}"),
    ///         None => "hello".to_owned(),
    ///     }
    /// }
    /// ```
    pub fn principal(&self) -> Option<Principal> {
        self.lock().principal().cloned()
    }

    /// The time, as the rules see it: by the clock that judges deadlines.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// # use std::time::Duration;
    /// fn ends_soon(session: &RequestSession) -> bool {
    ///     let soon = session.now() + Duration::from_secs(60);
    ///     session.record().is_some_and(|record| record.idle_deadline() < soon)
    /// }
    /// ```
    pub fn now(&self) -> Timestamp {
        self.lock().now()
    }

    /// The certificate of this connection's peer.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn address(session: &RequestSession) -> Option<String> {
    ///     let certificate = session.peer()?;
    ///     let mut addresses = certificate.email_addresses();
    ///     // Two addresses do not say which of the two it is.
    ///     let (first, None) = (addresses.next()?, addresses.next()) else {
    ///         return None;
    ///     };
    ///     Some(first.to_owned())
    /// }
    /// ```
    pub fn peer(&self) -> Option<Arc<PeerCertificate>> {
        self.lock().peer().cloned()
    }

    /// The record as it was loaded, or as the last [`commit`](Self::commit) left it: its times
    /// and its binding, for example. Later changes do not show in it.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn since(session: &RequestSession) -> Option<String> {
    ///     Some(session.record()?.created_at().to_string())
    /// }
    /// ```
    pub fn record(&self) -> Option<Arc<Record>> {
        self.lock().record().cloned()
    }

    /// Every key with its JSON text, as this request sees them.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn keys(session: &RequestSession) -> Result<Vec<String>, Error> {
    ///     Ok(session.entries()?.into_keys().collect())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the data is encrypted, and one of the values cannot be decrypted (503).
    pub fn entries(&self) -> Result<BTreeMap<String, String>, Error> {
        Ok(self.lock().entries()?)
    }

    /// Commits the changes so far, before the handler returns, so that the handler can react to a
    /// failure.
    ///
    /// ```
    /// # use certsession_core::Key;
    /// # use certsession_http::{Error, RequestSession};
    /// # const PAID: Key<bool> = Key::new("paid");
    /// # async fn send_goods() {}
    /// async fn pay(session: RequestSession) -> Result<(), Error> {
    ///     session.insert(&PAID, &true)?;
    ///     session.commit().await?;
    ///     // Only if that is written.
    ///     send_goods().await;
    ///     Ok(())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If the changes were not written. After a failure of the store they are kept, and the
    /// middleware tries once more. If the caller stops waiting, because of a timeout for example,
    /// the commit continues; until it is done, every change and the response itself are errors.
    pub async fn commit(&self) -> Result<(), Error> {
        let pending = self.begin_commit(&mut self.lock());
        match pending {
            Some(pending) => self.execute_detached(pending).await,
            None => Ok(()),
        }
    }

    /// Resolves when the session has ended for any reason: it was signed out by another request,
    /// revoked by another process or has expired, its certificate has expired or was revoked, or
    /// another principal signed in. For a WebSocket or a long stream, which has to close then.
    ///
    /// It notices an end at the store's `watch_interval` at the latest (half a second by default), at
    /// once if the store notifies, and a certificate that is no longer good within half a second. If
    /// the store is down for ten seconds longer than that interval, the session counts as ended. A request that begins a session, or signs a
    /// principal in, has to [`commit`](Self::commit) before it calls this: without a session it
    /// resolves at once. It does not extend the idle timeout.
    ///
    /// ```
    /// # use certsession_http::RequestSession;
    /// async fn follow(session: RequestSession) {
    ///     tokio::spawn(async move {
    ///         session.ended().await;
    ///         // ... close the connection
    ///     });
    /// }
    /// ```
    pub fn ended(&self) -> impl Future<Output = ()> + Send + use<> {
        let watch = self.lock().watch();
        ended(Arc::clone(&self.0.context.backend), watch)
    }

    /// The active sessions of the principal who is signed in, oldest first: one page of them, without
    /// their data. See [`Page`].
    ///
    /// ```
    /// # use certsession_core::Page;
    /// # use certsession_http::{Error, RequestSession};
    /// async fn list(session: RequestSession) -> Result<Vec<String>, Error> {
    ///     let page = session.sessions(&Page::default()).await?;
    ///     let lines = page.sessions().iter();
    ///     Ok(lines.map(|it| format!("{}, last used {}", it.handle(), it.last_seen_at())).collect())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If no principal is signed in or the store fails.
    pub async fn sessions(&self, page: &Page) -> Result<SessionPage, Error> {
        let owner = Owner::Principal(self.signed_in()?);
        Ok(self.0.context.backend.sessions(&owner, page).await?)
    }

    /// Ends one session of the principal who is signed in. True if there was such a session.
    ///
    /// ```
    /// # use certsession_core::Handle;
    /// # use certsession_http::{Error, RequestSession};
    /// async fn end(session: RequestSession, handle: Handle) -> Result<u16, Error> {
    ///     Ok(if session.revoke(handle).await? { 204 } else { 404 })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If no principal is signed in or the store fails.
    pub async fn revoke(&self, handle: Handle) -> Result<bool, Error> {
        let principal = self.signed_in()?;
        let this = self.clone();
        let end = EndStep::OwnSession(principal.clone(), handle);
        self.finish(Some(end), async move {
            let revoked = this
                .0
                .context
                .backend
                .revoke_own(&principal, handle)
                .await?;
            if revoked && this.handle() == Some(handle) {
                this.note_end();
                this.lock().mark_revoked(&[handle]);
            }
            Ok(revoked)
        })
        .await
    }

    /// Ends every session of the principal who is signed in, this one included, and returns how many
    /// there were. The changes of this request are dropped, and it can write nothing more.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// async fn sign_out_everywhere(session: RequestSession) -> Result<String, Error> {
    ///     Ok(format!("{} sessions ended", session.revoke_all().await?))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If no principal is signed in or the store fails; some sessions may remain then.
    pub async fn revoke_all(&self) -> Result<usize, Error> {
        let principal = self.signed_in()?;
        let this = self.clone();
        let end = EndStep::AllOf(principal.clone());
        self.finish(Some(end), async move {
            let owner = Owner::Principal(principal.clone());
            let actor = Actor::Principal(&principal);
            let revoked = this.0.context.backend.revoke_all(&owner, actor).await?;
            this.note_end();
            this.lock().mark_revoked(&revoked);
            Ok(revoked.len())
        })
        .await
    }

    /// Ends every other session of the principal who is signed in, and returns how many this call
    /// ended. A session that begins at the same time may remain.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// async fn change_password(session: RequestSession) -> Result<(), Error> {
    ///     // ... the password was changed
    ///     session.revoke_others().await?;
    ///     session.rotate()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If no principal is signed in or the store fails; some sessions may remain then.
    pub async fn revoke_others(&self) -> Result<usize, Error> {
        let principal = self.signed_in()?;
        let backend = Arc::clone(&self.0.context.backend);
        // The session of a sign-in that is not committed yet is not among them.
        let Some(own) = self.handle() else {
            let end = EndStep::AllOf(principal.clone());
            let step = async move {
                let owner = Owner::Principal(principal.clone());
                let actor = Actor::Principal(&principal);
                Ok(backend.revoke_all(&owner, actor).await?.len())
            };
            return self.finish(Some(end), step).await;
        };
        let end = EndStep::OthersOf(principal.clone(), own);
        let step = async move { Ok(backend.revoke_others(&principal, own).await?.len()) };
        self.finish(Some(end), step).await
    }

    /// What the adapter knows of the device of this request: kept if the request begins a session or
    /// signs a principal in. Only the first call counts.
    pub fn offer_device(&self, device: Device) {
        let _ = self.0.device.set(Box::new(device));
    }

    /// The name of the session's cookie, without its prefix.
    pub fn cookie_name(&self) -> &str {
        &self.0.context.cookie_name
    }

    /// Marks the response as one that can depend on the session: an adapter calls it when it hands
    /// the session to a handler, a middleware or a guard.
    pub fn mark_used(&self) {
        self.0.is_used.store(true, Ordering::Relaxed);
    }

    /// The principal who is signed in.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// fn account(session: &RequestSession) -> Result<String, Error> {
    ///     Ok(format!("the account of {}", session.signed_in()?))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::NotSignedIn`], a 401, if there is none; [`Error::Refused`], a 403, if the request came
    /// with the session of the certificate before its own.
    pub fn signed_in(&self) -> Result<Principal, Error> {
        let session = self.lock();
        match (session.principal(), session.refusal()) {
            (Some(principal), _) => Ok(principal.clone()),
            (None, Some(refusal)) => Err(Error::Refused(refusal)),
            (None, None) => Err(Error::NotSignedIn),
        }
    }

    pub(crate) fn sign_in_page(&self) -> Option<&SignInPage> {
        self.0.context.sign_in_page.as_ref()
    }

    /// Takes the changes out of the session, with the device if the session is new.
    pub(crate) fn begin_commit(&self, session: &mut Session) -> Option<PendingCommit> {
        if let Some(device) = self.0.device.get() {
            session.describe_if_new(device);
        }
        session.begin_commit()
    }

    // Inlined, so that the session moves straight to its place.
    #[inline]
    pub(crate) fn new(session: Session, context: Arc<Context>) -> Self {
        Self(Arc::new(Inner {
            session: Mutex::new(session),
            context,
            is_used: AtomicBool::new(false),
            device: OnceLock::new(),
            ended_in: OnceLock::new(),
        }))
    }

    /// Begins the commit of the request. If there is nothing to commit, the response head is sent
    /// in the same step: see [`close_head`](Self::close_head).
    #[allow(
        clippy::result_large_err,
        reason = "no error: a commit is moved once, and a box would be an allocation for each"
    )]
    pub(crate) fn begin_last_commit(&self) -> Result<ClosedHead, PendingCommit> {
        let mut session = self.lock();
        match self.begin_commit(&mut session) {
            Some(pending) => Err(pending),
            None => Ok(self.close(&mut session)),
        }
    }

    /// Executes a commit as a part of the request: if the request is dropped, so is the commit.
    pub(crate) async fn execute(&self, pending: PendingCommit) -> Result<(), Error> {
        let result = self.0.context.backend.execute(pending).await;
        self.finish_commit(result)
    }

    /// Executes a commit that must not be lost half-way. It is begun here, before the returned
    /// future is polled.
    pub(crate) fn execute_detached(
        &self,
        pending: PendingCommit,
    ) -> impl Future<Output = Result<(), Error>> + Send + use<> {
        let this = self.clone();
        let end = EndStep::of(&pending);
        self.finish(end, async move { this.execute(pending).await })
    }

    /// As [`execute`](Self::execute), as the last commit of the request: the response head is sent in
    /// the same step, so that no change can come in between and be lost.
    pub(crate) async fn execute_last(
        &self,
        pending: PendingCommit,
    ) -> (Result<(), Error>, ClosedHead) {
        let result = self.0.context.backend.execute(pending).await;
        let mut session = self.lock();
        let committed = session.finish_commit(result).map_err(Error::from);
        (committed, self.close(&mut session))
    }

    /// As [`execute_last`](Self::execute_last), for a commit that must not be lost half-way.
    pub(crate) fn execute_last_detached(
        &self,
        pending: PendingCommit,
    ) -> impl Future<Output = Result<(Result<(), Error>, ClosedHead), Error>> + Send + use<> {
        let this = self.clone();
        let end = EndStep::of(&pending);
        self.finish(end, async move { Ok(this.execute_last(pending).await) })
    }

    /// What is left to do of a request that was dropped: an end that it asked for, and the span in
    /// which it did. What drops the request may be outside of that.
    pub(crate) fn abandon(&self) -> Option<(PendingCommit, Span)> {
        let pending = self.lock().abandon()?;
        let span = self.0.ended_in.get();
        Some((
            pending,
            span.map_or_else(Span::none, |span| Span::clone(span)),
        ))
    }

    fn note_end(&self) {
        self.0.ended_in.get_or_init(|| Box::new(Span::current()));
    }

    /// Marks the response head as sent.
    pub(crate) fn close_head(&self) -> ClosedHead {
        self.close(&mut self.lock())
    }

    fn close(&self, session: &mut Session) -> ClosedHead {
        session.mark_head_sent();
        ClosedHead {
            cookie: session.take_cookie(),
            is_personal: self.0.is_used.load(Ordering::Relaxed),
        }
    }

    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Session) -> Result<T, SessionError>,
    ) -> Result<T, Error> {
        Ok(change(&mut self.lock())?)
    }

    fn finish_commit(&self, result: CommitResult) -> Result<(), Error> {
        Ok(self.lock().finish_commit(result)?)
    }

    fn finish<T, F>(
        &self,
        end: Option<EndStep>,
        step: F,
    ) -> impl Future<Output = Result<T, Error>> + Send + use<T, F>
    where
        T: Send + 'static,
        F: Future<Output = Result<T, Error>> + Send + 'static,
    {
        self.0
            .context
            .in_flight
            .finish(&self.0.context.backend, end, step)
    }

    /// No change can panic half-way, so the session is intact even if the lock is poisoned.
    pub(crate) fn lock(&self) -> MutexGuard<'_, Session> {
        self.0
            .session
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for RequestSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.session.try_lock() {
            Ok(session) => session.fmt(f),
            Err(TryLockError::Poisoned(session)) => session.get_ref().fmt(f),
            Err(TryLockError::WouldBlock) => f.write_str("Session(in use)"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_may_go_to_another_thread() {
        fn may_go<T: Send + Sync>() {}
        may_go::<RequestSession>();
    }
}

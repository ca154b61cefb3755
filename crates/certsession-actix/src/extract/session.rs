//! The session, as a handler holds it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fmt;
use std::future::{Ready, ready};
use std::rc::Rc;
use std::sync::Arc;

use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use certsession_core::{
    CommitResult, CookieChange, Handle, Key, Owner, PeerCertificate, PendingCommit, Principal,
    Record, Session, SessionError, SignIn,
};
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::backend::Backend;
use super::detached::detached;
use super::ended::ended;
use super::late::LateSession;
use super::session_ext::SessionExt;
use crate::error::Error;

/// The session of this request.
///
/// Its methods are synchronous: they note what the handler wants, and the middleware commits it
/// in one step when the handler has returned, with an error or without. Where there is no
/// session yet, the first [`insert`](Self::insert) or [`sign_in`](Self::sign_in) begins one;
/// reading begins none.
///
/// Besides what each method names, a change is an error where the request's token has been
/// replaced meanwhile (409; a sign-in is allowed), and while a commit of the same request is
/// under way (503).
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
#[derive(Clone)]
pub struct CertSession(Rc<Inner>);

struct Inner {
    session: RefCell<Session>,
    backend: Rc<dyn Backend>,
    /// Whether the answer can depend on the session.
    is_used: Cell<bool>,
}

impl CertSession {
    /// The value of a key: what this request wrote, or else what was loaded.
    ///
    /// # Errors
    ///
    /// If the stored value is not of the key's type.
    pub fn get<T: DeserializeOwned>(&self, key: &Key<T>) -> Result<Option<T>, Error> {
        Ok(self.0.session.borrow().get(key)?)
    }

    /// Writes a value under a key. Begins a session where there is none.
    ///
    /// # Errors
    ///
    /// If there is no client certificate, the session is over, the response head is sent or the
    /// session would hold too much.
    pub fn insert<T: Serialize>(&self, key: &Key<T>, value: &T) -> Result<(), Error> {
        self.change(|session| session.insert(key, value))
    }

    /// Removes a key. Removing one that is not there is no error.
    ///
    /// # Errors
    ///
    /// If the session is over or the response head is sent.
    pub fn remove<T>(&self, key: &Key<T>) -> Result<(), Error> {
        self.change(|session| session.remove(key))
    }

    /// Removes a key and returns its value, as this request sees it. Of two requests at the same
    /// time both may get it: what may be used only once needs more than this.
    ///
    /// # Errors
    ///
    /// As [`get`](Self::get) and [`remove`](Self::remove); the value is left then.
    pub fn take<T: DeserializeOwned>(&self, key: &Key<T>) -> Result<Option<T>, Error> {
        self.change(|session| session.take(key))
    }

    /// Removes every key. The session goes on, with whoever is signed in.
    ///
    /// # Errors
    ///
    /// If the session is over or the response head is sent.
    pub fn clear(&self) -> Result<(), Error> {
        self.change(Session::clear)
    }

    /// Signs a principal in: a new token, the one before it dead in the same step, and nothing
    /// kept of what the session held but what [`SignIn::carry`] names.
    ///
    /// It is committed also where the handler returns an error afterwards: check first, then
    /// sign in.
    ///
    /// # Errors
    ///
    /// If there is no client certificate, the name cannot be a principal's, the session is over
    /// or the response head is sent.
    pub fn sign_in(&self, sign_in: impl Into<SignIn>) -> Result<(), Error> {
        self.change(|session| session.sign_in(sign_in))
    }

    /// Ends the session with everything in it; the cookie is removed. What the same request
    /// writes afterwards begins a new session with a new token.
    ///
    /// # Errors
    ///
    /// If the response head is sent.
    pub fn sign_out(&self) -> Result<(), Error> {
        self.change(Session::sign_out)
    }

    /// Gives the session a new token, for an elevation of privileges; the one before it is dead
    /// in the same step. Where there is no session, nothing happens.
    ///
    /// # Errors
    ///
    /// If the session is over or the response head is sent.
    pub fn rotate(&self) -> Result<(), Error> {
        self.change(Session::rotate)
    }

    /// Ends the session for good: what the same request writes afterwards is an error.
    ///
    /// # Errors
    ///
    /// If the response head is sent.
    pub fn end(&self) -> Result<(), Error> {
        self.change(Session::end)
    }

    /// The public name of the session; `None` where there is none yet.
    pub fn handle(&self) -> Option<Handle> {
        self.0.session.borrow().handle()
    }

    /// Who is signed in, by this request or before it.
    pub fn principal(&self) -> Option<Principal> {
        self.0.session.borrow().principal().cloned()
    }

    /// The certificate of this connection's peer.
    pub fn peer(&self) -> Option<Arc<PeerCertificate>> {
        self.0.session.borrow().peer().cloned()
    }

    /// The record as it was loaded, or as the last [`commit`](Self::commit) left it: times, binding
    /// and the like. What was changed since does not show in it.
    pub fn record(&self) -> Option<Arc<Record>> {
        self.0.session.borrow().record().cloned()
    }

    /// Every key with its JSON text, as this request sees them.
    pub fn entries(&self) -> BTreeMap<String, String> {
        self.0.session.borrow().entries()
    }

    /// Commits what was done so far, before the handler returns: to learn of a failure while
    /// something can still be done about it.
    ///
    /// # Errors
    ///
    /// If it was not written. After a failure of the store the changes are kept, and the
    /// middleware tries once more. Where the wait is given up, by a timeout for example, the
    /// commit goes on; until it is done, every change and the answer itself are errors.
    pub async fn commit(&self) -> Result<(), Error> {
        match self.begin_commit() {
            Some(pending) => self.execute_detached(pending).await,
            None => Ok(()),
        }
    }

    /// The session for after the response head: for a body that is streamed, or a WebSocket.
    pub fn late(&self) -> LateSession {
        LateSession::new(self.clone())
    }

    /// Resolves when the session has ended, wherever that was: signed out in another request,
    /// revoked in another process, expired, its certificate expired or revoked, somebody else
    /// signed in. For a WebSocket or a long stream, which has to close then.
    ///
    /// It takes half a second at the most; over a store that sends word, less. Where the store is
    /// down for ten seconds, the session counts as ended. A request that begins a session, or
    /// signs somebody in, has to [`commit`](Self::commit) before it calls this: without a session
    /// it resolves at once. It does not keep the session from its idle timeout.
    ///
    /// ```
    /// # use certsession_actix::CertSession;
    /// # async fn next_message() -> Option<String> { None }
    /// async fn follow(session: CertSession) {
    ///     actix_web::rt::spawn(async move {
    ///         session.ended().await;
    ///         // ... close the connection
    ///     });
    /// }
    /// ```
    pub fn ended(&self) -> impl Future<Output = ()> + 'static {
        let watch = self.0.session.borrow().watch();
        ended(Rc::clone(&self.0.backend), watch)
    }

    /// The live sessions of whoever is signed in, oldest first.
    ///
    /// # Errors
    ///
    /// If nobody is signed in or the store fails.
    pub async fn sessions(&self) -> Result<Vec<Arc<Record>>, Error> {
        let owner = Owner::Principal(self.signed_in()?);
        Ok(self.0.backend.sessions(&owner).await?)
    }

    /// Ends one session of whoever is signed in. True if there was such a session.
    ///
    /// # Errors
    ///
    /// If nobody is signed in or the store fails.
    pub async fn revoke(&self, handle: Handle) -> Result<bool, Error> {
        let principal = self.signed_in()?;
        let this = self.clone();
        detached(async move {
            let revoked = this.0.backend.revoke_own(&principal, handle).await?;
            if revoked && this.handle() == Some(handle) {
                this.0.session.borrow_mut().mark_revoked(&[handle]);
            }
            Ok(revoked)
        })
        .await
    }

    /// Ends every session of whoever is signed in, this one too, and tells how many sessions there
    /// were. What this request had noted is dropped, and nothing more can be written in it.
    ///
    /// # Errors
    ///
    /// If nobody is signed in or the store fails; some sessions may live on then.
    pub async fn revoke_all(&self) -> Result<usize, Error> {
        let owner = Owner::Principal(self.signed_in()?);
        let this = self.clone();
        detached(async move {
            let revoked = this.0.backend.revoke_all(&owner).await?;
            this.0.session.borrow_mut().mark_revoked(&revoked);
            Ok(revoked.len())
        })
        .await
    }

    pub(crate) fn new(session: Session, backend: Rc<dyn Backend>) -> Self {
        Self(Rc::new(Inner {
            session: RefCell::new(session),
            backend,
            is_used: Cell::new(false),
        }))
    }

    pub(crate) fn begin_commit(&self) -> Option<PendingCommit> {
        self.0.session.borrow_mut().begin_commit()
    }

    pub(crate) fn finish_commit(&self, result: CommitResult) -> Result<(), Error> {
        Ok(self.0.session.borrow_mut().finish_commit(result)?)
    }

    /// Performs work that must not be lost half-way.
    pub(crate) async fn execute_detached(&self, pending: PendingCommit) -> Result<(), Error> {
        let this = self.clone();
        detached(async move {
            let result = this.0.backend.execute(pending).await;
            this.finish_commit(result)
        })
        .await
    }

    /// What is left to do of a request that was dropped: an end that it asked for.
    pub(crate) fn abandon(&self) -> Option<PendingCommit> {
        self.0.session.borrow_mut().abandon()
    }

    /// The response head is written: what it does to the cookie, and whether the answer can
    /// depend on the session.
    pub(crate) fn close_head(&self) -> (Option<CookieChange>, bool) {
        let mut session = self.0.session.borrow_mut();
        session.mark_head_sent();
        (session.take_cookie(), self.0.is_used.get())
    }

    pub(super) fn mark_used(&self) {
        self.0.is_used.set(true);
    }

    pub(super) fn signed_in(&self) -> Result<Principal, Error> {
        self.principal().ok_or(Error::NotSignedIn)
    }

    pub(super) fn change<T>(
        &self,
        change: impl FnOnce(&mut Session) -> Result<T, SessionError>,
    ) -> Result<T, Error> {
        Ok(change(&mut self.0.session.borrow_mut())?)
    }
}

impl FromRequest for CertSession {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(request.cert_session())
    }
}

impl fmt::Debug for CertSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.session.try_borrow() {
            Ok(session) => session.fmt(f),
            Err(_) => f.write_str("Session(in use)"),
        }
    }
}

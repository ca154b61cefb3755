//! The session of a request, as its handler holds it.

mod own_sessions;
mod steps;

use std::borrow::Borrow;
use std::collections::BTreeMap;
use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, TryLockError};

use certsession_core::{
    CookieChange, Device, Handle, Key, PeerCertificate, Principal, Record, Session, SessionError,
    SessionState, SignIn, Timestamp,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tracing::Span;

use crate::backend::Backend;
use crate::ended::ended;
use crate::error::Error;
use crate::in_flight::InFlight;
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

    pub(crate) fn change<T>(
        &self,
        change: impl FnOnce(&mut Session) -> Result<T, SessionError>,
    ) -> Result<T, Error> {
        Ok(change(&mut self.lock())?)
    }

    fn note_end(&self) {
        self.0.ended_in.get_or_init(|| Box::new(Span::current()));
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

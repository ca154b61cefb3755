//! A session as one request sees it.

mod commit;
mod csrf;
mod error;
mod flash;
mod late;
mod once;
mod one_time;
mod sign_in;
mod state;
mod step_up;
mod view;
mod watch;

use std::borrow::{Borrow, Cow};
use std::collections::BTreeSet;
use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::certificate::PeerCertificate;
use crate::data::{Changes, Key};
use crate::details::DetailsChange;
use crate::event::{EndReason, Refusal};
use crate::handle::Handle;
use crate::principal::Principal;
use crate::record::Record;
use crate::rules::Rules;
use crate::seal::DataKey;
use crate::store::CLOCK_SKEW;
use crate::time::Timestamp;
use crate::token::{Token, TokenHash};

pub(crate) use commit::Target;
pub use commit::{CommitResult, PendingCommit};
pub use csrf::CsrfToken;
pub use error::SessionError;
pub use flash::{Flash, FlashLevel};
pub use one_time::OneTime;
pub use sign_in::SignIn;
pub use state::SessionState;
pub use watch::SessionWatch;

/// A session as one request sees it: the loaded record and the changes of the request.
///
/// All methods are synchronous and affect only this request. The changes reach the store in one
/// step, when the adapter commits them: [`begin_commit`](Self::begin_commit),
/// [`SessionManager::execute`](crate::SessionManager::execute),
/// [`finish_commit`](Self::finish_commit).
pub struct Session {
    rules: Arc<Rules>,
    peer: Option<Arc<PeerCertificate>>,
    /// The address of the client, for events.
    pub(crate) client: Option<SocketAddr>,
    base: Option<Base>,
    pending: Pending,
    // Boxed to keep the session small: each request moves its session several times, and most
    // requests need neither of the two.
    ending: Option<Box<Ending>>,
    pub(crate) cookie: Option<Box<CookieChange>>,
    phase: Phase,
    head_sent: bool,
    /// Whether a commit is in flight whose result is not known yet.
    in_flight: bool,
}

/// The session that the request opened.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) record: Arc<Record>,
    pub(crate) token_hash: TokenHash,
    /// Whether `token_hash` is the hash of the current token, not of the previous one.
    pub(crate) is_current: bool,
    /// Whether the peer's certificate is a renewed one, to which the session is to be rebound.
    pub(crate) rebind: bool,
    /// Whether upkeep that no handler requests was due when the request arrived.
    pub(crate) is_upkeep_due: bool,
    /// The key of the data, if it is encrypted.
    pub(crate) data_key: Option<Arc<DataKey>>,
}

impl Base {
    /// Whether the session is due for a change that no handler requested.
    pub(crate) fn compute_upkeep(&self, rules: &Rules, now: Timestamp) -> bool {
        self.rebind || self.is_touch_due(rules, now) || self.is_renewal_due(rules, now)
    }

    pub(crate) fn is_touch_due(&self, rules: &Rules, now: Timestamp) -> bool {
        let last_seen_at = self.record.last_seen_at;
        // A use in the future was by a clock that ran ahead.
        let lifetimes = self.record.lifetimes(&rules.lifetimes);
        now >= last_seen_at + lifetimes.touch() || now + CLOCK_SKEW < last_seen_at
    }

    /// A token in its grace period is not renewed again: another request renewed it a moment ago.
    pub(crate) fn is_renewal_due(&self, rules: &Rules, now: Timestamp) -> bool {
        let lifetimes = self.record.lifetimes(&rules.lifetimes);
        self.is_current && now >= self.record.token_issued_at + lifetimes.renewal()
    }
}

/// The changes that the request makes to an existing or a new session.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) changes: Changes,
    pub(crate) sign_in: Option<Principal>,
    // Boxed, as most requests change none of it.
    pub(crate) details: Option<Box<DetailsChange>>,
    pub(crate) rotate: bool,
}

/// A session that the request ends.
#[derive(Clone)]
pub(crate) struct Ending {
    pub(crate) record: Arc<Record>,
    pub(crate) reason: EndReason,
}

/// The state of the session within the request.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Every change is allowed.
    Open,
    /// The request's token has been replaced: only a sign-in can begin a session.
    Replaced,
    /// The request's token belongs to a session of the certificate before this one. The request
    /// is refused, except for a sign-in, which begins a session of its own.
    Renewed,
    /// The session is over, and this request cannot begin another one.
    Ended,
}

/// The change that the response makes to the client's session cookie.
#[derive(Debug)]
pub enum CookieChange {
    /// Sets the cookie to this token, until the browser is closed.
    Set(Token),
    /// Sets the cookie to this token, for this long: the sign-in asked for a cookie that outlives
    /// the browser.
    SetFor(Token, Duration),
    /// Removes the cookie.
    Remove,
}

impl Session {
    pub(crate) fn new(
        rules: Arc<Rules>,
        peer: Option<Arc<PeerCertificate>>,
        base: Option<Base>,
        phase: Phase,
    ) -> Self {
        Self {
            rules,
            peer,
            client: None,
            base,
            pending: Pending::default(),
            ending: None,
            cookie: None,
            phase,
            head_sent: false,
            in_flight: false,
        }
    }

    /// Writes a value under a key. Begins a session if there is none.
    ///
    /// The value may be a borrowed form of the key's type, as for the keys of a `HashMap`: a
    /// `Key<String>` takes a `&str`, a `Key<Vec<T>>` a slice. Both must have the same JSON text.
    ///
    /// # Errors
    ///
    /// If the connection has no certificate, the session is over, the key's name is
    /// [reserved](Key#reserved-names), the value cannot be serialized to JSON or the session would
    /// exceed its maximum size.
    pub fn insert<T, Q>(&mut self, key: &Key<T>, value: &Q) -> Result<(), SessionError>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let name = key.to_name();
        if key.is_reserved() {
            let key = name.into_owned();
            return Err(SessionError::ReservedKey { key });
        }
        self.write(name, value)
    }

    /// Writes a value under a name of the application's or of the framework's own.
    fn write(
        &mut self,
        name: Cow<'static, str>,
        value: &(impl Serialize + ?Sized),
    ) -> Result<(), SessionError> {
        let json = serde_json::to_vec(value).map_err(|_| SessionError::Encode {
            key: name.clone().into_owned(),
        })?;
        let rules = &self.rules;
        let record = self.base.as_ref().map(|base| &*base.record);
        let max = record.map_or(rules.max_data_size, |record| rules.max_data_size_of(record));
        let stored = record.map(|record| record.data.clone());
        let changes = &mut self.writable()?.changes;
        let before = changes.insert(name.clone(), json.into());
        let stored = stored.unwrap_or_default();
        if stored.size_at_most(changes) <= max {
            return Ok(());
        }
        let size = stored.size_with(changes);
        if size > max {
            changes.restore(&name, before);
            return Err(SessionError::DataTooLarge { size, max });
        }
        Ok(())
    }

    /// Removes a key. A missing key is not an error.
    ///
    /// # Errors
    ///
    /// If the session is over.
    pub fn remove<T>(&mut self, key: &Key<T>) -> Result<(), SessionError> {
        if let Some(pending) = self.changeable()? {
            pending.changes.remove(key.to_name());
        }
        Ok(())
    }

    /// Removes a key and returns its value, as this request sees it. Two requests at the same time
    /// may both get it: [`take_once`](Self::take_once) is for a value that may be used only once.
    ///
    /// # Errors
    ///
    /// If the session is over or the stored value does not have the key's type; the value stays
    /// then.
    pub fn take<T: DeserializeOwned>(&mut self, key: &Key<T>) -> Result<Option<T>, SessionError> {
        let value = self.get(key)?;
        self.remove(key)?;
        Ok(value)
    }

    /// Removes every key. The session continues, and the principal stays signed in.
    ///
    /// # Errors
    ///
    /// If the session is over.
    pub fn clear(&mut self) -> Result<(), SessionError> {
        if let Some(pending) = self.changeable()? {
            pending.changes.retain(&BTreeSet::new());
        }
        Ok(())
    }

    /// Signs a principal in. The session gets a new token, the token before it becomes invalid in
    /// the same step, and the session's data is dropped except for the keys that [`SignIn::carry`]
    /// names.
    ///
    /// # Errors
    ///
    /// If the connection has no certificate, the session is over, the name is not a valid
    /// principal or a role is not a valid name.
    pub fn sign_in(&mut self, sign_in: impl Into<SignIn>) -> Result<(), SessionError> {
        let sign_in = sign_in.into();
        let principal = Principal::new(&sign_in.principal)?;
        let details = sign_in.details()?;
        if self.peer.is_none() {
            return Err(SessionError::CertificateRequired);
        }
        if matches!(self.phase, Phase::Replaced | Phase::Renewed) && !self.in_flight {
            // A sign-in does not depend on the request's token, so a replaced one is no obstacle.
            self.phase = Phase::Open;
        }
        let pending = self.writable()?;
        pending.changes.retain(&sign_in.carried);
        pending.sign_in = Some(principal);
        let device = pending.details.take().and_then(|it| it.device);
        if details.is_some() || device.is_some() {
            pending.details = Some(Box::new(DetailsChange {
                sign_in: details,
                device,
                ..DetailsChange::default()
            }));
        }
        Ok(())
    }

    /// Ends the session and drops its data. Later writes of the same request begin a new session
    /// under a new handle.
    ///
    /// # Errors
    ///
    /// If the response head is sent.
    pub fn sign_out(&mut self) -> Result<(), SessionError> {
        self.stop(EndReason::SignOut)
    }

    /// Gives the session a new token, for example after an elevation of privileges; the token
    /// before it becomes invalid in the same step. Does nothing if there is no session.
    ///
    /// # Errors
    ///
    /// If the session is over.
    pub fn rotate(&mut self) -> Result<(), SessionError> {
        if let Some(pending) = self.changeable()? {
            pending.rotate = true;
        }
        Ok(())
    }

    /// Ends the session for good: later writes of the same request are errors.
    ///
    /// # Errors
    ///
    /// If the response head is sent.
    pub fn end(&mut self) -> Result<(), SessionError> {
        self.stop(EndReason::Requested)?;
        self.phase = Phase::Ended;
        Ok(())
    }

    /// Drops every change of this request that is not committed yet. An end stays: it is final.
    pub fn discard(&mut self) {
        if !self.in_flight {
            self.pending = Pending::default();
        }
    }

    /// Records that this request ended these sessions from outside and meant to end its own too: if
    /// its own session is not among them, the next commit ends it.
    pub fn mark_revoked(&mut self, revoked: &[Handle]) {
        self.pending = Pending::default();
        self.phase = Phase::Ended;
        if let Some(base) = self.base.take() {
            let record = base.record;
            if !revoked.contains(&record.handle) {
                let reason = EndReason::Requested;
                self.ending = Some(Box::new(Ending { record, reason }));
            }
        }
        self.cookie = Some(Box::new(CookieChange::Remove));
    }

    /// The one gate for every change to an existing or a new session.
    fn writable(&mut self) -> Result<&mut Pending, SessionError> {
        match self.phase {
            _ if self.in_flight => Err(SessionError::InFlight),
            Phase::Ended => Err(SessionError::Ended),
            Phase::Replaced => Err(SessionError::TokenReplaced),
            Phase::Renewed => Err(SessionError::Refused(Refusal::CertificateRenewed)),
            Phase::Open if self.head_sent => Err(SessionError::HeadSent),
            Phase::Open if self.peer.is_none() && self.rules.requires_certificate() => {
                Err(SessionError::CertificateRequired)
            }
            Phase::Open => Ok(&mut self.pending),
        }
    }

    /// Like [`writable`](Self::writable), for a change that begins no session: `None` if there is
    /// no session to change. A request with a replaced token gets an error, so that it learns that
    /// nothing happens.
    fn changeable(&mut self) -> Result<Option<&mut Pending>, SessionError> {
        if self.phase == Phase::Open && !self.in_flight && !self.exists() {
            return Ok(None);
        }
        self.writable().map(Some)
    }

    fn stop(&mut self, reason: EndReason) -> Result<(), SessionError> {
        match self.phase {
            _ if self.in_flight => return Err(SessionError::InFlight),
            Phase::Replaced => return Err(SessionError::TokenReplaced),
            Phase::Renewed => return Err(SessionError::Refused(Refusal::CertificateRenewed)),
            _ if self.head_sent => return Err(SessionError::HeadSent),
            Phase::Open | Phase::Ended => {}
        }
        self.pending = Pending::default();
        if let Some(base) = self.base.take() {
            let record = base.record;
            self.ending = Some(Box::new(Ending { record, reason }));
        }
        Ok(())
    }

    /// Whether there is a session: one that the request opened, or one that it begins.
    fn exists(&self) -> bool {
        self.base.is_some() || self.pending.begins_session()
    }
}

impl Pending {
    /// Whether these changes begin a session if there is none. Removals alone do not.
    pub(crate) fn begins_session(&self) -> bool {
        self.sign_in.is_some() || self.changes.has_inserts()
    }

    /// These changes without those that depend on the stored value of a key.
    pub(crate) fn without_conditions(mut self) -> Self {
        self.changes.drop_expected();
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.sign_in.is_none() && self.details.is_none() && !self.rotate
    }
}

impl fmt::Debug for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Session")
            .field("handle", &self.handle())
            .field("principal", &self.principal())
            .field("changes", &self.pending.changes)
            .finish_non_exhaustive()
    }
}

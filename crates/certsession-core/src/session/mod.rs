//! A session as one request sees it.

mod commit;
mod error;
mod late;
mod sign_in;
mod view;
mod watch;

use std::borrow::Borrow;
use std::collections::BTreeSet;
use std::fmt;
use std::sync::Arc;

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::certificate::PeerCertificate;
use crate::data::{Changes, Key};
use crate::event::EndReason;
use crate::handle::Handle;
use crate::principal::Principal;
use crate::record::Record;
use crate::rules::Rules;
use crate::store::CLOCK_SKEW;
use crate::time::Timestamp;
use crate::token::{Token, TokenHash};

pub(crate) use commit::Target;
pub use commit::{CommitResult, PendingCommit};
pub use error::SessionError;
pub use sign_in::SignIn;
pub use watch::SessionWatch;

/// A session as one request sees it: what was loaded, and what the request does to it.
///
/// All methods are synchronous and touch nothing but this request. The changes reach the
/// store in one step, when the adapter commits them: [`begin_commit`](Self::begin_commit),
/// [`SessionManager::execute`](crate::SessionManager::execute),
/// [`finish_commit`](Self::finish_commit).
pub struct Session {
    rules: Arc<Rules>,
    peer: Option<Arc<PeerCertificate>>,
    base: Option<Base>,
    pending: Pending,
    // Each request moves its session a few times, and most have neither of the two in boxes.
    ending: Option<Box<Ending>>,
    cookie: Option<Box<CookieChange>>,
    phase: Phase,
    head_sent: bool,
    /// Whether a commit has been begun whose outcome is not known yet.
    in_flight: bool,
}

/// The session that the request came with.
#[derive(Clone)]
pub(crate) struct Base {
    pub(crate) record: Arc<Record>,
    pub(crate) token_hash: TokenHash,
    /// Whether `token_hash` is that of the token that stands, not of the one before it.
    pub(crate) is_current: bool,
    /// Whether the certificate is a renewed one that the session is to be bound to.
    pub(crate) rebind: bool,
    /// Whether something was due that no handler asks for, when the request came.
    pub(crate) is_upkeep_due: bool,
}

impl Base {
    /// Whether the session is due for something that no handler asked for.
    pub(crate) fn compute_upkeep(&self, rules: &Rules, now: Timestamp) -> bool {
        self.rebind || self.is_touch_due(rules, now) || self.is_renewal_due(rules, now)
    }

    pub(crate) fn is_touch_due(&self, rules: &Rules, now: Timestamp) -> bool {
        let last_seen_at = self.record.last_seen_at;
        // A use in the future was by a clock that ran ahead.
        now >= last_seen_at + rules.lifetimes.touch() || now + CLOCK_SKEW < last_seen_at
    }

    /// A token in its grace was renewed a moment ago, by another request.
    pub(crate) fn is_renewal_due(&self, rules: &Rules, now: Timestamp) -> bool {
        self.is_current && now >= self.record.token_issued_at + rules.lifetimes.renewal()
    }
}

/// What the request wants of a session that goes on or begins.
#[derive(Default)]
pub(crate) struct Pending {
    pub(crate) changes: Changes,
    pub(crate) sign_in: Option<Principal>,
    pub(crate) rotate: bool,
}

/// A session that the request ends.
#[derive(Clone, Copy)]
pub(crate) struct Ending {
    pub(crate) handle: Handle,
    pub(crate) reason: EndReason,
}

/// How far the request has come.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Everything can be changed.
    Open,
    /// The request's token has been replaced: only a sign-in begins something new.
    Replaced,
    /// The session is over, and this request cannot begin another.
    Ended,
}

/// What the response does to the client's session cookie.
#[derive(Debug)]
pub enum CookieChange {
    /// It carries this token from now on.
    Set(Token),
    /// It is removed.
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
            base,
            pending: Pending::default(),
            ending: None,
            cookie: None,
            phase,
            head_sent: false,
            in_flight: false,
        }
    }

    /// Writes a value under a key. Begins a session where there is none.
    ///
    /// The value may be a borrowed form of the key's type, as for the keys of a `HashMap`: a
    /// `Key<String>` takes a `&str`, a `Key<Vec<T>>` a slice. Both must have the same JSON text.
    ///
    /// # Errors
    ///
    /// If the connection has no certificate, the session is over, the value does not turn into
    /// JSON or the session would hold too much.
    pub fn insert<T, Q>(&mut self, key: &Key<T>, value: &Q) -> Result<(), SessionError>
    where
        T: Borrow<Q>,
        Q: Serialize + ?Sized,
    {
        let json = serde_json::to_vec(value).map_err(|_| SessionError::Encode {
            key: key.name().to_owned(),
        })?;
        let max = self.rules.max_data_size;
        let stored = self.base.as_ref().map(|base| base.record.data.clone());
        let changes = &mut self.writable()?.changes;
        let before = changes.insert(key.to_name(), json.into());
        let stored = stored.unwrap_or_default();
        if stored.size_at_most(changes) <= max {
            return Ok(());
        }
        let size = stored.size_with(changes);
        if size > max {
            changes.restore(key.name(), before);
            return Err(SessionError::DataTooLarge { size, max });
        }
        Ok(())
    }

    /// Removes a key. Removing one that is not there is no error.
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

    /// Removes a key and returns its value.
    ///
    /// # Errors
    ///
    /// If the session is over or the stored value is not of the key's type; it is left then.
    pub fn take<T: DeserializeOwned>(&mut self, key: &Key<T>) -> Result<Option<T>, SessionError> {
        let value = self.get(key)?;
        self.remove(key)?;
        Ok(value)
    }

    /// Removes every key. The session goes on, with whoever is signed in.
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

    /// Signs a principal in. The session gets a new token, the one before it is dead in the same
    /// step, and what the session held is dropped unless [`SignIn::carry`] names it.
    ///
    /// # Errors
    ///
    /// If the connection has no certificate, the session is over or the name cannot be a
    /// principal's.
    pub fn sign_in(&mut self, sign_in: impl Into<SignIn>) -> Result<(), SessionError> {
        let sign_in = sign_in.into();
        let principal = Principal::new(&sign_in.principal)?;
        if self.phase == Phase::Replaced && !self.in_flight {
            // A sign-in owes nothing to the token that came.
            self.phase = Phase::Open;
        }
        let pending = self.writable()?;
        pending.changes.retain(&sign_in.carried);
        pending.sign_in = Some(principal);
        Ok(())
    }

    /// Ends the session, with everything in it. What the same request writes afterwards begins
    /// a new one, under a new name.
    ///
    /// # Errors
    ///
    /// If the head of the response is sent.
    pub fn sign_out(&mut self) -> Result<(), SessionError> {
        self.stop(EndReason::SignOut)
    }

    /// Gives the session a new token, for an elevation of privileges for example; the one before
    /// it is dead in the same step. Where there is no session, nothing happens.
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

    /// Ends the session for good: what the same request writes afterwards is an error.
    ///
    /// # Errors
    ///
    /// If the head of the response is sent.
    pub fn end(&mut self) -> Result<(), SessionError> {
        self.stop(EndReason::Requested)?;
        self.phase = Phase::Ended;
        Ok(())
    }

    /// Takes note that these sessions were ended from outside, by a call of this request, and that
    /// its own was meant as well: where it is not among them, it is ended with the next commit.
    pub fn mark_revoked(&mut self, revoked: &[Handle]) {
        self.pending = Pending::default();
        self.phase = Phase::Ended;
        if let Some(base) = self.base.take() {
            let handle = base.record.handle;
            if !revoked.contains(&handle) {
                let reason = EndReason::Requested;
                self.ending = Some(Box::new(Ending { handle, reason }));
            }
        }
        self.cookie = Some(Box::new(CookieChange::Remove));
    }

    /// The one gate through which every change to a session that goes on or begins passes.
    fn writable(&mut self) -> Result<&mut Pending, SessionError> {
        match self.phase {
            _ if self.in_flight => Err(SessionError::InFlight),
            Phase::Ended => Err(SessionError::Ended),
            Phase::Replaced => Err(SessionError::TokenReplaced),
            Phase::Open if self.head_sent => Err(SessionError::HeadSent),
            Phase::Open if self.peer.is_none() => Err(SessionError::CertificateRequired),
            Phase::Open => Ok(&mut self.pending),
        }
    }

    /// As [`writable`](Self::writable), for a change that begins no session: `None` where there
    /// is none to change. Whoever came with a replaced token must hear that nothing happens.
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
            _ if self.head_sent => return Err(SessionError::HeadSent),
            Phase::Open | Phase::Ended => {}
        }
        self.pending = Pending::default();
        if let Some(base) = self.base.take() {
            let handle = base.record.handle;
            self.ending = Some(Box::new(Ending { handle, reason }));
        }
        Ok(())
    }

    /// Whether there is a session: one that came with the request, or one that it begins.
    fn exists(&self) -> bool {
        self.base.is_some() || self.pending.begins_session()
    }
}

impl Pending {
    /// Whether this begins a session where there is none: removals alone do not.
    pub(crate) fn begins_session(&self) -> bool {
        self.sign_in.is_some() || self.changes.has_inserts()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.sign_in.is_none() && !self.rotate
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

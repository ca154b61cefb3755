//! The commit of a request's session: taken out of the session, executed, and its result taken back
//! in.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;

use super::{Base, CookieChange, Ending, Pending, Phase, Session, SessionError};
use crate::certificate::PeerCertificate;

/// The changes of a request's session that the store has to execute.
///
/// They are taken out of the [`Session`] so that an adapter holds no lock or borrow while the store
/// works.
#[must_use = "the changes are lost unless they are executed"]
pub struct PendingCommit {
    pub(crate) ending: Option<Box<Ending>>,
    pub(crate) target: Target,
    pub(crate) pending: Pending,
    pub(crate) peer: Option<Arc<PeerCertificate>>,
    /// The address of the client, for events.
    pub(crate) client: Option<SocketAddr>,
    /// Whether a new token can still reach the client.
    pub(crate) can_set_cookie: bool,
}

/// The record that the changes are for.
pub(crate) enum Target {
    /// The record that the request opened.
    Existing(Base),
    /// A new record, bound to this certificate, if there is one.
    New(Option<Arc<PeerCertificate>>),
    /// No record: there is nothing to change.
    Nothing,
    /// Unknown until an earlier commit of the same request has finished.
    InFlight,
}

/// The result of executing a [`PendingCommit`].
#[must_use = "the session does not know the result until `finish_commit` receives it"]
pub struct CommitResult {
    pub(crate) base: Option<Base>,
    pub(crate) cookie: Option<CookieChange>,
    /// What must be retried because the store failed.
    pub(crate) unfinished: Option<(Option<Box<Ending>>, Pending)>,
    /// Whether the session ended, was signed in to, or got another token while the request ran.
    pub(crate) is_over: bool,
    pub(crate) result: Result<(), SessionError>,
}

impl Session {
    /// Takes out the pending changes; `None` if there are none, not even an idle deadline to move.
    ///
    /// Until [`finish_commit`](Self::finish_commit) receives the result, the session can be neither
    /// changed nor committed again: work that gets lost, for example by a timeout, must not look
    /// like success.
    pub fn begin_commit(&mut self) -> Option<PendingCommit> {
        if self.in_flight {
            return Some(PendingCommit::of(Target::InFlight));
        }
        let is_wanted = self.ending.is_some() || !self.pending.is_empty();
        if !is_wanted && !self.is_upkeep_due() {
            return None;
        }
        let target = match self.base.clone() {
            Some(base) => Target::Existing(base),
            None if self.pending.begins_session() => Target::New(self.peer.clone()),
            None => Target::Nothing,
        };
        self.in_flight = true;
        Some(PendingCommit {
            ending: self.ending.take(),
            pending: std::mem::take(&mut self.pending),
            peer: self.peer.clone(),
            client: self.client,
            can_set_cookie: !self.head_sent,
            ..PendingCommit::of(target)
        })
    }

    /// Before the response head is sent, uses the answer computed when the request arrived, because
    /// a request counts as a use at that time. After the head, as in WebSockets, checks the current
    /// time.
    fn is_upkeep_due(&self) -> bool {
        let is_due = |base: &Base| match self.head_sent {
            false => base.is_upkeep_due,
            true => base.compute_upkeep(&self.rules, self.rules.clock.now()),
        };
        self.base.as_ref().is_some_and(is_due)
    }

    /// Takes the result of a commit into the session.
    ///
    /// # Errors
    ///
    /// If the changes were not written. After a failure of the store the session keeps them, and
    /// the next commit retries.
    pub fn finish_commit(&mut self, result: CommitResult) -> Result<(), SessionError> {
        if let Err(SessionError::InFlight) = &result.result {
            return result.result;
        }
        self.in_flight = false;
        self.base = result.base;
        if let Some(cookie) = result.cookie {
            self.cookie = Some(Box::new(cookie));
        }
        if let Some((ending, pending)) = result.unfinished {
            self.ending = ending;
            self.pending = pending;
        }
        if result.is_over {
            self.phase = Phase::Ended;
        }
        result.result
    }

    /// Takes the change that the response makes to the cookie. Call it once, when the head is
    /// written.
    pub fn take_cookie(&mut self) -> Option<CookieChange> {
        self.cookie.take().map(|cookie| *cookie)
    }

    /// Takes what must still be done for a request that does not finish because its client hung up
    /// or its handler panicked: an end that the handler requested, and nothing else.
    pub fn abandon(&mut self) -> Option<PendingCommit> {
        let ending = self.ending.take()?;
        Some(PendingCommit {
            ending: Some(ending),
            peer: self.peer.clone(),
            client: self.client,
            ..PendingCommit::of(Target::Nothing)
        })
    }
}

impl PendingCommit {
    fn of(target: Target) -> Self {
        Self {
            ending: None,
            target,
            pending: Pending::default(),
            peer: None,
            client: None,
            can_set_cookie: false,
        }
    }

    /// Whether it signs a principal in. With a limit on sessions this takes several store
    /// operations, and a client that hangs up must not interrupt them.
    pub const fn signs_in(&self) -> bool {
        self.pending.sign_in.is_some()
    }

    /// Whether it ends a session, which must succeed even if the request does not finish.
    pub const fn ends_session(&self) -> bool {
        self.ending.is_some()
    }

    /// The end of a session in it, if there is one, as a commit of its own: for another attempt
    /// where this commit may be lost. An end is final, so that both may be executed.
    pub fn end_alone(&self) -> Option<Self> {
        Some(Self {
            ending: Some(self.ending.clone()?),
            peer: self.peer.clone(),
            client: self.client,
            ..Self::of(Target::Nothing)
        })
    }
}

impl fmt::Debug for PendingCommit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PendingCommit")
            .field("changes", &self.pending.changes)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for CommitResult {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommitResult")
            .field("result", &self.result)
            .finish_non_exhaustive()
    }
}

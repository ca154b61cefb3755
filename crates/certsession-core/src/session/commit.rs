//! What a request's session asks of the store, taken out of it while the store is asked.

use std::fmt;
use std::sync::Arc;

use super::{Base, CookieChange, Ending, Pending, Phase, Session, SessionError};
use crate::certificate::PeerCertificate;
use crate::handle::Handle;

/// What a request's session asks of the store.
///
/// It is taken out of the [`Session`] so that an adapter holds no lock or borrow while the
/// store works.
#[must_use = "the changes are lost unless they are performed"]
pub struct PendingCommit {
    pub(crate) ending: Option<Box<Ending>>,
    pub(crate) target: Target,
    pub(crate) pending: Pending,
    pub(crate) peer: Option<Arc<PeerCertificate>>,
    /// Whether a new token can still reach the client.
    pub(crate) can_set_cookie: bool,
}

/// Which record the changes are for.
pub(crate) enum Target {
    /// The one that the request came with.
    Existing(Base),
    /// A new one, bound to this certificate.
    New(Arc<PeerCertificate>),
    /// None: there is nothing to change.
    Nothing,
    /// Unknown, until an earlier commit of the same request has come to its end.
    InFlight,
}

/// What the store made of it.
#[must_use = "the session does not know what happened until it is told"]
pub struct CommitResult {
    pub(crate) base: Option<Base>,
    pub(crate) cookie: Option<CookieChange>,
    /// What is still to be done, because the store failed.
    pub(crate) left: Option<(Option<Box<Ending>>, Pending)>,
    /// Whether the session has ended or changed hands while the request ran.
    pub(crate) is_over: bool,
    pub(crate) result: Result<(), SessionError>,
}

impl Session {
    /// Takes out what is to be done; `None` if there is nothing, not even a deadline to move.
    ///
    /// Until [`finish_commit`](Self::finish_commit) tells what became of it, the session can
    /// neither be changed nor committed again: work that is lost on the way, by a timeout for
    /// example, must not look like success.
    pub fn begin_commit(&mut self) -> Option<PendingCommit> {
        if self.in_flight {
            return Some(PendingCommit::of(Target::InFlight));
        }
        let is_wanted = self.ending.is_some() || !self.pending.is_empty();
        if !is_wanted && !self.is_upkeep_due() {
            return None;
        }
        let target = match (self.base.clone(), &self.peer) {
            (Some(base), _) => Target::Existing(base),
            (None, Some(peer)) if self.pending.begins_session() => Target::New(Arc::clone(peer)),
            _ => Target::Nothing,
        };
        self.in_flight = true;
        Some(PendingCommit {
            ending: self.ending.take(),
            pending: std::mem::take(&mut self.pending),
            peer: self.peer.clone(),
            can_set_cookie: !self.head_sent,
            ..PendingCommit::of(target)
        })
    }

    /// A request is a use of its session at the time at which it comes, which was looked at then.
    /// What goes on after the head of the response, as WebSockets do, looks anew.
    fn is_upkeep_due(&self) -> bool {
        let is_due = |base: &Base| match self.head_sent {
            false => base.is_upkeep_due,
            true => base.compute_upkeep(&self.rules, self.rules.clock.now()),
        };
        self.base.as_ref().is_some_and(is_due)
    }

    /// Takes in what happened.
    ///
    /// # Errors
    ///
    /// If what the request wanted was not written. After a failure of the store the session
    /// still wants it, and the next commit tries again.
    pub fn finish_commit(&mut self, result: CommitResult) -> Result<(), SessionError> {
        if let Err(SessionError::InFlight) = &result.result {
            return result.result;
        }
        self.in_flight = false;
        self.base = result.base;
        if let Some(cookie) = result.cookie {
            self.cookie = Some(Box::new(cookie));
        }
        if let Some((ending, pending)) = result.left {
            self.ending = ending;
            self.pending = pending;
        }
        if result.is_over {
            self.phase = Phase::Ended;
        }
        result.result
    }

    /// What the response does to the cookie. Taken once, when the head is written.
    pub fn take_cookie(&mut self) -> Option<CookieChange> {
        self.cookie.take().map(|cookie| *cookie)
    }

    /// What is left to do of a request that comes to no end of its own, because its client hung
    /// up or its handler panicked: an end that it asked for, and nothing else.
    pub fn abandon(&mut self) -> Option<PendingCommit> {
        let ending = self.ending.take()?;
        Some(PendingCommit {
            ending: Some(ending),
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
            can_set_cookie: false,
        }
    }

    /// Whether it signs somebody in: of the steps that this takes a store, with a limit on
    /// sessions, none should be left out because a client hangs up.
    pub const fn signs_in(&self) -> bool {
        self.pending.sign_in.is_some()
    }

    /// Whether it ends a session: what must go through, even if the request does not.
    pub const fn ends_session(&self) -> bool {
        self.ending.is_some()
    }

    /// The session that it ends, if it ends one.
    pub fn ended_session(&self) -> Option<Handle> {
        self.ending.as_ref().map(|ending| ending.handle)
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

//! What a request did, made true in the store.

use std::sync::Arc;

use super::{Rules, SessionManager};
use crate::binding::Binding;
use crate::certificate::PeerCertificate;
use crate::data::Data;
use crate::event::{RevocationReason, RotationReason, SessionEvent, StoreOperation};
use crate::handle::Handle;
use crate::record::Record;
use crate::session::{Base, CommitError, CookieChange, Done, Ending, Pending, Target, Work};
use crate::store::{
    Commit, Creation, Outcome, Rotation, SessionStore, StoreError, StoreErrorKind, Supersede,
};
use crate::time::Timestamp;
use crate::token::Token;

impl Rules {
    /// Whether a session is due for something that no handler asked for.
    pub(crate) fn is_upkeep_due(&self, base: &Base) -> bool {
        let now = self.clock.now();
        base.rebind || self.is_touch_due(base, now) || self.is_renewal_due(base, now)
    }

    fn is_touch_due(&self, base: &Base, now: Timestamp) -> bool {
        now >= base.record.last_seen_at + self.lifetimes.touch()
    }

    /// A token in its grace was renewed a moment ago, by another request.
    fn is_renewal_due(&self, base: &Base, now: Timestamp) -> bool {
        base.is_current && now >= base.record.token_issued_at + self.lifetimes.renewal()
    }
}

impl<S: SessionStore> SessionManager<S> {
    /// Asks the store for what a request wants: an end first, then one commit or one creation.
    ///
    /// What nobody asked for (moving the idle deadline, renewing the token, following a renewed
    /// certificate) is tried once and may fail: the session then merely keeps what it had.
    pub async fn perform(&self, work: Work) -> Done {
        let Work {
            ending,
            target,
            pending,
            peer,
            can_set_cookie,
        } = work;
        let mut cookie = None;
        if let Some(ending) = ending {
            if let Err(error) = self.end(ending).await {
                return Done {
                    base: None,
                    cookie: None,
                    left: Some((Some(ending), pending)),
                    result: Err(error.into()),
                };
            }
            cookie = Some(CookieChange::Remove);
        }
        let done = match target {
            Target::Existing(base) => self.commit(base, pending, peer, can_set_cookie).await,
            Target::New(peer) => self.create(pending, &peer).await,
            Target::Nothing => Done::nothing(),
        };
        Done {
            cookie: done.cookie.or(cookie),
            ..done
        }
    }

    async fn end(&self, ending: Ending) -> Result<(), StoreError> {
        let Ending { handle, reason } = ending;
        let removed = self.store.remove(handle).await;
        if removed.map_err(self.failed(StoreOperation::Remove))? {
            self.rules.emit(SessionEvent::Ended { handle, reason });
        }
        Ok(())
    }

    async fn create(&self, pending: Pending, peer: &PeerCertificate) -> Done {
        let now = self.rules.clock.now();
        let token = match Token::issue() {
            Ok(token) => token,
            Err(error) => return Done::failed(None, error),
        };
        let record = Arc::new(self.new_record(&token, &pending, peer, now));
        let admission = pending.sign_in.as_ref().and(self.rules.admission);
        match self.store.create(Arc::clone(&record), admission, now).await {
            Ok(Creation::Created { evicted }) => {
                self.announce_new(&record, &evicted);
                Done {
                    base: Some(Base {
                        proof: record.proof,
                        record,
                        is_current: true,
                        rebind: false,
                    }),
                    cookie: Some(CookieChange::Set(token)),
                    left: None,
                    result: Ok(()),
                }
            }
            Ok(Creation::LimitReached) => Done::failed(None, CommitError::LimitReached),
            // Of 2^128 handles the same one twice: the generator is broken, so nothing that it
            // made can be trusted.
            Ok(Creation::Exists) => {
                let cause = "a new session's handle exists already";
                let error = StoreError::with_source(StoreErrorKind::Other, cause);
                Done::failed(None, error)
            }
            Err(error) => {
                let error = self.failed(StoreOperation::Create)(error);
                Done::unreached(None, pending, error)
            }
        }
    }

    fn new_record(
        &self,
        token: &Token,
        pending: &Pending,
        peer: &PeerCertificate,
        now: Timestamp,
    ) -> Record {
        let lifetimes = &self.rules.lifetimes;
        let absolute_deadline = lifetimes.absolute_deadline(now, peer.not_after());
        Record {
            handle: token.handle(),
            proof: token.proof(),
            previous: None,
            epoch: 0,
            created_at: now,
            token_issued_at: now,
            last_seen_at: now,
            idle_deadline: lifetimes.idle_deadline(now, absolute_deadline),
            absolute_deadline,
            binding: peer.into(),
            principal: pending.sign_in.clone(),
            data: Data::default().apply(&pending.changes),
        }
    }

    async fn commit(
        &self,
        base: Base,
        pending: Pending,
        peer: Option<Arc<PeerCertificate>>,
        can_set_cookie: bool,
    ) -> Done {
        let now = self.rules.clock.now();
        let rebind = peer.filter(|_| base.rebind && can_set_cookie);
        let token = match self.new_token(&base, &pending, rebind.is_some(), can_set_cookie, now) {
            Ok(token) => token,
            Err(error) => return Done::failed(Some(base), error),
        };
        let commit = self.new_commit(&base, &pending, token.as_ref(), rebind.as_deref(), now);
        match self.store.commit(commit).await {
            Ok(Outcome::Applied {
                record,
                rotated,
                evicted,
            }) => {
                let token = token.filter(|_| rotated);
                self.announce_change(&base, &record, &pending, rotated, &evicted);
                Done {
                    base: Some(Base {
                        proof: if rotated { record.proof } else { base.proof },
                        is_current: rotated || base.proof == record.proof,
                        record,
                        rebind: false,
                    }),
                    cookie: token.map(CookieChange::Set),
                    left: None,
                    result: Ok(()),
                }
            }
            // Whoever only read is served: what was read was true when it was read.
            Ok(_) if pending.is_empty() => Done::nothing(),
            Ok(Outcome::Stale) => Done::failed(None, CommitError::Stale),
            Ok(Outcome::Gone) => Done::failed(None, CommitError::Gone),
            Ok(Outcome::LimitReached) => Done::failed(Some(base), CommitError::LimitReached),
            Err(error) => {
                let error = self.failed(StoreOperation::Commit)(error);
                if pending.is_empty() {
                    return Done {
                        base: Some(base),
                        ..Done::nothing()
                    };
                }
                Done::unreached(Some(base), pending, error)
            }
        }
    }

    /// A token where one is due: for a privilege change always, otherwise where it can reach
    /// the client.
    fn new_token(
        &self,
        base: &Base,
        pending: &Pending,
        rebinds: bool,
        can_set_cookie: bool,
        now: Timestamp,
    ) -> Result<Option<Token>, CommitError> {
        let is_privilege_change = pending.sign_in.is_some() || pending.rotate;
        let is_renewal = can_set_cookie && (rebinds || self.rules.is_renewal_due(base, now));
        if !is_privilege_change && !is_renewal {
            return Ok(None);
        }
        Ok(Some(Token::reissue(base.record.handle)?))
    }

    fn new_commit(
        &self,
        base: &Base,
        pending: &Pending,
        token: Option<&Token>,
        rebind: Option<&PeerCertificate>,
        now: Timestamp,
    ) -> Commit {
        let record = &base.record;
        let lifetimes = &self.rules.lifetimes;
        let supersede = if pending.sign_in.is_some() || pending.rotate {
            Supersede::AtOnce
        } else {
            Supersede::WithGrace(now + lifetimes.grace())
        };
        let not_after = rebind.map_or(record.binding.not_after(), PeerCertificate::not_after);
        // Authentication is what the absolute timeout counts from (NIST SP 800-63B section 7.2).
        let began_at = match pending.sign_in {
            Some(_) => now,
            None => record.created_at,
        };
        let starts_anew = pending.sign_in.is_some() || rebind.is_some();
        let absolute_deadline = lifetimes.absolute_deadline(began_at, not_after);
        Commit {
            handle: record.handle,
            epoch: record.epoch,
            proof: base.proof,
            now,
            changes: pending.changes.clone(),
            rotation: token.map(|token| Rotation {
                proof: token.proof(),
                supersede,
            }),
            sign_in: pending.sign_in.clone(),
            rebind: rebind.map(Into::<Arc<Binding>>::into),
            idle_deadline: lifetimes.idle_deadline(now, absolute_deadline),
            absolute_deadline: starts_anew.then_some(absolute_deadline),
            admission: self.rules.admission,
        }
    }

    fn announce_new(&self, record: &Record, evicted: &[Handle]) {
        let handle = record.handle;
        let certificate = *record.binding.fingerprint();
        self.rules.emit(SessionEvent::Issued { handle });
        self.rules.emit(SessionEvent::Bound {
            handle,
            certificate,
        });
        if let Some(principal) = record.principal.clone() {
            self.rules
                .emit(SessionEvent::SignedIn { handle, principal });
        }
        self.announce_evicted(evicted);
    }

    fn announce_change(
        &self,
        base: &Base,
        record: &Record,
        pending: &Pending,
        rotated: bool,
        evicted: &[Handle],
    ) {
        let handle = record.handle;
        let from = *base.record.binding.fingerprint();
        let to = *record.binding.fingerprint();
        if from != to {
            self.rules.emit(SessionEvent::Rebound { handle, from, to });
        }
        if let Some(principal) = pending.sign_in.clone() {
            self.rules
                .emit(SessionEvent::SignedIn { handle, principal });
        } else if rotated {
            let reason = match pending.rotate {
                true => RotationReason::Requested,
                false => RotationReason::Renewal,
            };
            self.rules.emit(SessionEvent::Rotated { handle, reason });
        }
        self.announce_evicted(evicted);
    }

    fn announce_evicted(&self, evicted: &[Handle]) {
        for handle in evicted {
            self.revoked(*handle, RevocationReason::Evicted);
        }
    }
}

impl Done {
    fn nothing() -> Self {
        Self {
            base: None,
            cookie: None,
            left: None,
            result: Ok(()),
        }
    }

    /// It was decided against, or cannot be done.
    fn failed(base: Option<Base>, error: impl Into<CommitError>) -> Self {
        Self {
            base,
            result: Err(error.into()),
            ..Self::nothing()
        }
    }

    /// The store failed; the session still wants it.
    fn unreached(base: Option<Base>, pending: Pending, error: StoreError) -> Self {
        Self {
            base,
            left: Some((None, pending)),
            result: Err(error.into()),
            ..Self::nothing()
        }
    }
}

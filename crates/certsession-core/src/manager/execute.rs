//! Committing what a request did to the store.

use std::sync::Arc;

use super::SessionManager;
use crate::certificate::PeerCertificate;
use crate::event::{Refusal, SessionEvent, StoreOperation};
use crate::record::Record;
use crate::session::{
    Base, CommitResult, CookieChange, Ending, Pending, PendingCommit, SessionError, Target,
};
use crate::store::{Creation, Outcome, SessionStore, StoreError, StoreErrorKind};
use crate::time::Timestamp;
use crate::token::Token;

impl<S: SessionStore> SessionManager<S> {
    /// Executes a request's commit against the store: first an end, then one commit or one
    /// creation.
    ///
    /// Upkeep that no handler requested (moving the idle deadline, renewing the token, rebinding to
    /// a renewed certificate) is tried once and may fail: the session then keeps its previous
    /// values.
    pub async fn execute(&self, commit: PendingCommit) -> CommitResult {
        let PendingCommit {
            ending,
            target,
            pending,
            peer,
            can_set_cookie,
        } = commit;
        let mut cookie = None;
        if let Some(ending) = ending {
            if let Err(error) = self.end(*ending).await {
                return CommitResult {
                    base: None,
                    cookie: None,
                    unfinished: Some((Some(ending), pending)),
                    is_over: false,
                    result: Err(error.into()),
                };
            }
            cookie = Some(CookieChange::Remove);
        }
        let done = match target {
            Target::Existing(base) => self.commit(base, pending, peer, can_set_cookie).await,
            Target::New(peer) => self.create(pending, &peer).await,
            Target::Nothing => CommitResult::nothing(),
            Target::InFlight => CommitResult::failed(None, SessionError::InFlight),
        };
        CommitResult {
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

    async fn create(&self, pending: Pending, peer: &PeerCertificate) -> CommitResult {
        let now = self.rules.clock.now();
        if let Err(refusal) = self.judge_again(peer, now).await {
            return CommitResult::over(Err(SessionError::Refused(refusal)));
        }
        let drafted = Token::issue()
            .map_err(SessionError::from)
            .and_then(|token| {
                let (record, data_key) = self.new_record(&token, &pending, peer, now)?;
                Ok((token, Arc::new(record), data_key))
            });
        let (token, record, data_key) = match drafted {
            Ok(drafted) => drafted,
            Err(error) => return CommitResult::failed(None, error),
        };
        let (size, max) = (record.data.size(), self.rules.max_data_size_of(&record));
        if size > max {
            return CommitResult::failed(None, SessionError::DataTooLarge { size, max });
        }
        let admission = pending.sign_in.as_ref().and(self.rules.admission);
        match self.store.create(Arc::clone(&record), admission, now).await {
            Ok(Creation::Created { evicted }) => {
                self.emit_created(&record, &evicted);
                CommitResult {
                    base: Some(Base {
                        token_hash: record.token_hash,
                        record: Arc::clone(&record),
                        is_current: true,
                        rebind: false,
                        is_upkeep_due: false,
                        data_key: data_key.map(Arc::new),
                    }),
                    cookie: Some(CookieChange::of(token, &record, now)),
                    unfinished: None,
                    is_over: false,
                    result: Ok(()),
                }
            }
            Ok(Creation::LimitReached) => CommitResult::failed(None, SessionError::LimitReached),
            // A collision among 2^128 handles means that the generator is broken, so nothing it
            // generated can be trusted.
            Ok(Creation::Exists) => {
                let cause = "the handle of a new session exists already";
                let error = StoreError::with_source(StoreErrorKind::Other, cause);
                CommitResult::failed(None, error)
            }
            Err(error) => {
                let error = self.failed(StoreOperation::Create)(error);
                CommitResult::unreached(None, pending, error)
            }
        }
    }

    /// A request may run for hours, and its certificate was judged when it began.
    async fn judge_again(
        &self,
        certificate: &PeerCertificate,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        let judged = self.rules.judge(certificate, now);
        if let Err(reason) = judged {
            let handle = None;
            self.rules.emit(SessionEvent::Refused { handle, reason });
            self.end_if_revoked(reason, certificate).await;
        }
        judged
    }

    async fn commit(
        &self,
        base: Base,
        pending: Pending,
        peer: Option<Arc<PeerCertificate>>,
        can_set_cookie: bool,
    ) -> CommitResult {
        let now = self.rules.clock.now();
        if let Some(certificate) = peer.as_deref()
            && let Err(refusal) = self.judge_again(certificate, now).await
        {
            return match pending.is_empty() {
                true => CommitResult::over(Ok(())),
                false => CommitResult::over(Err(SessionError::Refused(refusal))),
            };
        }
        let rebind = peer.filter(|_| base.rebind && can_set_cookie);
        let token = match self.new_token(&base, &pending, rebind.is_some(), can_set_cookie, now) {
            Ok(token) => token,
            Err(error) => return CommitResult::failed(Some(base), error),
        };
        let drafted = self.new_commit(&base, &pending, token.as_ref(), rebind.as_deref(), now);
        let commit = match drafted {
            Ok(commit) => commit,
            Err(error) => return CommitResult::failed(Some(base), error),
        };
        match self.store.commit(commit).await {
            Ok(Outcome::Applied {
                record,
                rotated,
                evicted,
            }) => {
                let token = token.filter(|_| rotated);
                let cookie = token.map(|token| CookieChange::of(token, &record, now));
                self.emit_changed(&base, &record, &pending, rotated, &evicted);
                CommitResult {
                    base: Some(Base {
                        token_hash: if rotated {
                            record.token_hash
                        } else {
                            base.token_hash
                        },
                        is_current: rotated || base.token_hash == record.token_hash,
                        record,
                        rebind: false,
                        is_upkeep_due: false,
                        data_key: base.data_key,
                    }),
                    cookie,
                    unfinished: None,
                    is_over: false,
                    result: Ok(()),
                }
            }
            // A request that only read succeeds: the data was current when it was read.
            Ok(_) if pending.is_empty() => CommitResult::over(Ok(())),
            Ok(Outcome::Stale) => CommitResult::over(Err(SessionError::Stale)),
            Ok(Outcome::Gone) => CommitResult::over(Err(SessionError::Gone)),
            Ok(Outcome::ValueChanged { record }) => CommitResult {
                base: Some(Base {
                    is_current: base.token_hash == record.token_hash,
                    record,
                    ..base
                }),
                unfinished: Some((None, pending.without_conditions())),
                result: Err(SessionError::ValueChanged),
                ..CommitResult::nothing()
            },
            Ok(Outcome::LimitReached) => {
                CommitResult::failed(Some(base), SessionError::LimitReached)
            }
            Ok(Outcome::TooLarge { size }) => {
                let max = self.rules.max_data_size_of(&base.record);
                CommitResult::failed(Some(base), SessionError::DataTooLarge { size, max })
            }
            Err(error) => {
                let error = self.failed(StoreOperation::Commit)(error);
                if pending.is_empty() {
                    return CommitResult {
                        base: Some(base),
                        ..CommitResult::nothing()
                    };
                }
                CommitResult::unreached(Some(base), pending, error)
            }
        }
    }
}

impl CookieChange {
    /// The cookie of a session's new token.
    fn of(token: Token, record: &Record, now: Timestamp) -> Self {
        match record.is_persistent() {
            true => Self::SetFor(token, record.absolute_deadline.saturating_since(now)),
            false => Self::Set(token),
        }
    }
}

impl CommitResult {
    fn nothing() -> Self {
        Self {
            base: None,
            cookie: None,
            unfinished: None,
            is_over: false,
            result: Ok(()),
        }
    }

    /// The session no longer belongs to this request. Later writes of the request must not begin
    /// another session in its place.
    fn over(result: Result<(), SessionError>) -> Self {
        Self {
            is_over: true,
            result,
            ..Self::nothing()
        }
    }

    /// The commit was rejected, or cannot be executed.
    fn failed(base: Option<Base>, error: impl Into<SessionError>) -> Self {
        Self {
            base,
            result: Err(error.into()),
            ..Self::nothing()
        }
    }

    /// The store failed. The session keeps the pending changes for a retry, but no conditional
    /// ones: a value that this request could not take must not be taken later, for no one.
    fn unreached(base: Option<Base>, pending: Pending, error: StoreError) -> Self {
        Self {
            base,
            unfinished: Some((None, pending.without_conditions())),
            result: Err(error.into()),
            ..Self::nothing()
        }
    }
}

//! Committing what a request did to the store.

use std::net::SocketAddr;
use std::num::NonZeroUsize;
use std::sync::Arc;

use super::SessionManager;
use crate::certificate::PeerCertificate;
use crate::event::{Refusal, RevocationReason, SessionEvent, StoreOperation};
use crate::event_details::{Actor, EventDetails, RequestInfo};
use crate::handle::Handle;
use crate::record::Record;
use crate::session::{
    Base, CommitResult, CookieChange, Ending, Pending, PendingCommit, SessionError, Target,
};
use crate::store::{Creation, Outcome, Owner, Removal, SessionStore, StoreError, StoreErrorKind};
use crate::time::Timestamp;
use crate::token::Token;

/// One of so many creations looks whether its certificate has too many sessions.
const LOOKS_EVERY: u8 = 16;

/// With a lower limit each creation looks.
const LOOKS_AT_EACH: usize = 256;

impl<S: SessionStore> SessionManager<S> {
    /// Executes a request's commit against the store: first an end, then one commit or one
    /// creation.
    ///
    /// Upkeep that no handler requested (moving the idle deadline, renewing the token, rebinding to
    /// a renewed certificate) is tried once and may fail: the session then keeps its previous
    /// values.
    // No `async fn`, here and below: the arguments would stay in the future beside their parts.
    pub fn execute(&self, commit: PendingCommit) -> impl Future<Output = CommitResult> + Send {
        let PendingCommit {
            ending,
            target,
            pending,
            peer,
            client,
            can_set_cookie,
        } = commit;
        async move {
            let mut cookie = None;
            if let Some(ending) = ending {
                // In a box, as each commit would have to have room for it.
                let ended = Box::pin(self.end(&ending, peer.as_deref(), client)).await;
                if let Err(error) = ended {
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
                Target::Existing(base) => {
                    self.commit(base, pending, peer, can_set_cookie, client)
                        .await
                }
                Target::New(peer) => Box::pin(self.create(pending, peer, client)).await,
                Target::Nothing => CommitResult::nothing(),
                Target::InFlight => CommitResult::failed(None, SessionError::InFlight),
            };
            CommitResult {
                cookie: done.cookie.or(cookie),
                ..done
            }
        }
    }

    async fn end(
        &self,
        ending: &Ending,
        peer: Option<&PeerCertificate>,
        client: Option<SocketAddr>,
    ) -> Result<(), StoreError> {
        let Ending { record, reason } = ending;
        let (handle, reason) = (record.handle, *reason);
        let details = details_of(client, peer).about(record).by(Actor::Client);
        let removed = match record.binding {
            Some(_) => self.store.remove(handle).await,
            None => Box::pin(self.remove_unbound(record)).await,
        };
        if removed.map_err(self.failed_for(StoreOperation::Remove, details))? {
            let event = SessionEvent::Ended { handle, reason };
            self.rules.emit(event, details);
        }
        Ok(())
    }

    async fn create(
        &self,
        pending: Pending,
        peer: Option<Arc<PeerCertificate>>,
        client: Option<SocketAddr>,
    ) -> CommitResult {
        let (now, peer) = (self.rules.clock.now(), peer.as_deref());
        let details = details_of(client, peer);
        if let Some(peer) = peer
            && let Err(refusal) = self.judge_again(peer, now, details)
        {
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
                self.emit_created(&record, &evicted, details);
                self.bound_certificate(&record, details, now).await;
                CommitResult {
                    base: Some(Base {
                        token_hash: record.token_hash,
                        record: Arc::clone(&record),
                        is_current: true,
                        rebind: false,
                        is_upkeep_due: false,
                        data_key: data_key.map(Arc::new),
                    }),
                    cookie: Some(CookieChange::of(self.realm.sent(token), &record, now)),
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
                self.emit_evicted(error.ended(), details.about(&record));
                let error = self.failed_for(StoreOperation::Create, details)(error);
                if record.principal.is_some() {
                    Box::pin(self.undo_creation(&record)).await;
                }
                CommitResult::unreached(None, pending, error)
            }
        }
    }

    /// Removes the record of a sign-in that failed: the store may have kept it nevertheless, and
    /// no client gets its token. Until its idle timeout it would take one of its principal's places
    /// under an [admission](crate::Admission) limit.
    ///
    /// Nothing depends on it: if the store fails here too, or the request is dropped meanwhile, the
    /// record stays until that timeout. (The adapters finish a sign-in whose client hangs up.)
    async fn undo_creation(&self, record: &Record) {
        // Neither is an event: the session has not begun, and the failure is one already.
        let _ = self.store.remove(record.handle).await;
    }

    /// As [`undo_creation`](Self::undo_creation), for a sign-in in a session that exists: ends the
    /// session if it has the token that no client gets.
    async fn undo_sign_in(&self, token: &Token, now: Timestamp, details: EventDetails<'_>) {
        let loaded = self.store.load(token.handle(), now).await;
        let loaded = loaded.ok().flatten();
        let Some(record) = loaded.filter(|record| record.token_hash == self.realm.hash(token))
        else {
            return;
        };
        if let Ok(Removal::Removed) = self.store.remove_unchanged(&record).await {
            self.emit_evicted(&[record.handle], details);
        }
    }

    /// Ends the oldest sessions of the certificate of a new session, if it has too many. Where many
    /// are allowed, one of some creations does it for the others too. A failure does not fail the
    /// creation, which has happened.
    pub(super) async fn bound_certificate(
        &self,
        record: &Record,
        details: EventDetails<'_>,
        now: Timestamp,
    ) {
        let limit = self.rules.certificate_limit.map(NonZeroUsize::get);
        let Some((limit, binding)) = limit.zip(record.binding()) else {
            return;
        };
        // The handle is random, so this choice is random too, and not the client's.
        let is_chosen = record.handle.as_bytes()[Handle::LENGTH - 1].is_multiple_of(LOOKS_EVERY);
        if limit >= LOOKS_AT_EACH && !is_chosen {
            return;
        }
        // Some at once, so that a client at its limit does not make the store look each time.
        let keep = match limit < LOOKS_AT_EACH {
            true => limit,
            false => limit - limit / 8,
        };
        let owner = Owner::bound_to(binding);
        let ended = Box::pin(self.store.end_oldest(&owner, limit, keep, now)).await;
        // The principals of the ended sessions are not known.
        let details = details.of_owner(&owner).by(Actor::Rules);
        let ended = ended.unwrap_or_else(|error| {
            let ended = error.ended().to_vec();
            self.failed_for(StoreOperation::EndOldest, details)(error);
            ended
        });
        for handle in ended {
            self.revoked(handle, RevocationReason::Evicted, details);
        }
    }

    /// A request may run for hours, and its certificate was judged when it began.
    fn judge_again(
        &self,
        certificate: &PeerCertificate,
        now: Timestamp,
        details: EventDetails<'_>,
    ) -> Result<(), Refusal> {
        let judged = self.rules.judge(certificate, now);
        if let Err(reason) = judged {
            let handle = None;
            let event = SessionEvent::Refused { handle, reason };
            self.rules.emit(event, details);
            self.end_if_revoked(reason, certificate);
        }
        judged
    }

    fn commit(
        &self,
        base: Base,
        pending: Pending,
        peer: Option<Arc<PeerCertificate>>,
        can_set_cookie: bool,
        client: Option<SocketAddr>,
    ) -> impl Future<Output = CommitResult> + Send {
        let now = self.rules.clock.now();
        let loaded = Arc::clone(&base.record);
        async move {
            let peer = peer.as_deref();
            if let Some(certificate) = peer {
                let details = details_of(client, peer).about(&loaded);
                if let Err(refusal) = self.judge_again(certificate, now, details) {
                    return match pending.is_empty() {
                        true => CommitResult::over(Ok(())),
                        false => CommitResult::over(Err(SessionError::Refused(refusal))),
                    };
                }
            }
            let rebind = peer.filter(|_| base.rebind && can_set_cookie);
            let token = self.new_token(&base, &pending, rebind.is_some(), can_set_cookie, now);
            let token = match token {
                Ok(token) => token,
                Err(error) => return CommitResult::failed(Some(base), error),
            };
            // Not in a variable: what is taken out of one stays in the future.
            let commit = match self.new_commit(&base, &pending, token.as_ref(), rebind, now) {
                Ok(commit) => commit,
                Err(error) => return CommitResult::failed(Some(base), error),
            };
            let outcome = self.store.commit(commit).await;
            let details = details_of(client, peer).about(&loaded);
            match outcome {
                Ok(Outcome::Applied {
                    record,
                    rotated,
                    evicted,
                }) => {
                    let token = token.filter(|_| rotated);
                    let token = token.map(|token| self.realm.sent(token));
                    let cookie = token.map(|token| CookieChange::of(token, &record, now));
                    let details = details.about(&record);
                    self.emit_changed(&base, &record, &pending, rotated, &evicted, details);
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
                    let principal = pending.sign_in.as_ref();
                    let signs_in = EventDetails {
                        principal,
                        ..details
                    };
                    self.emit_evicted(error.ended(), signs_in);
                    let error = self.failed_for(StoreOperation::Commit, details)(error);
                    if let (Some(_), Some(_), Some(token)) =
                        (principal, self.rules.admission, &token)
                    {
                        Box::pin(self.undo_sign_in(token, now, signs_in)).await;
                    }
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
}

/// What is known of the request that a commit comes from.
fn details_of(client: Option<SocketAddr>, peer: Option<&PeerCertificate>) -> EventDetails<'_> {
    let request = RequestInfo {
        client,
        ..RequestInfo::default()
    };
    EventDetails::of_request(request, peer)
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

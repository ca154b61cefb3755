//! Opening the session of a request.

use std::sync::Arc;

use super::SessionManager;
use super::lookup::{Lookup, LookupResult, OpenRequest, Presented};
use crate::binding::Match;
use crate::certificate::{CertificateError, PeerCertificate, PeerState};
use crate::event::{EndReason, Refusal, SessionEvent, StoreOperation};
use crate::event_details::{Actor, EventDetails, RequestInfo};
use crate::handle::Handle;
use crate::record::{Record, TokenStatus};
use crate::rules::OnReplay;
use crate::session::{Base, CookieChange, Phase, Session, SessionError};
use crate::store::{Owner, Removal, SessionStore, StoreError};
use crate::token::{Token, TokenHash};

impl<S: SessionStore> SessionManager<S> {
    /// Opens the session of a request, with at most one load, and none without a cookie. (With
    /// [`OnReplay::EndSession`], a replay costs one additional `remove_unchanged`.)
    ///
    /// 1. A certificate that is rejected, expired, not yet valid or revoked is refused, with or
    ///    without a cookie. The sessions of a revoked certificate are queued to be ended, by the
    ///    [worker](Self::revocation_worker).
    /// 2. A token that opens no session gives the request an empty session: the token is never
    ///    adopted.
    /// 3. A genuine token under another certificate, or under none, is refused; the session it
    ///    belongs to is left unchanged.
    /// 4. A genuine token under a newer certificate that looks like the same owner's, and that the
    ///    binding policy does not admit, opens nothing: the request can only sign in.
    /// 5. A replaced token under the session's certificate is a replay: the request can only sign
    ///    in, or, with [`OnReplay::EndSession`], the session ends.
    /// 6. By the policy [`BindWhenPresent`](crate::BindWhenPresent), the current token of a session
    ///    that began without a certificate opens it; the first certificate binds it, before the
    ///    handler runs, at the cost of one commit. Of two different certificates at the same time
    ///    one binds it, and the other is refused.
    ///
    /// # Errors
    ///
    /// If the request is refused or the store fails. The caller must not run the handler then.
    // Not an `async fn`, here and below: each would add a layer to every request's future.
    pub fn open<'a>(
        &'a self,
        presented: Presented<'a>,
        peer: &'a PeerState,
    ) -> impl Future<Output = Result<Session, SessionError>> {
        let request = OpenRequest {
            presented,
            peer,
            reads_near: false,
            request: RequestInfo::default(),
        };
        async move { self.open_request(&request).await }
    }

    /// Like [`open`](Self::open), but reads the copy of the record that this process holds
    /// ([`SessionStore::near`]), if there is one. For requests that only read.
    ///
    /// A copy is used only for the current token in it, under exactly the certificate that it is
    /// bound to. Any other request is decided by the store, so that an outdated copy refuses no
    /// request. Time, the certificate's validity and its revocation are checked in any case, and a
    /// commit is always decided by the store.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn open_near<'a>(
        &'a self,
        presented: Presented<'a>,
        peer: &'a PeerState,
    ) -> impl Future<Output = Result<Session, SessionError>> {
        let request = OpenRequest {
            presented,
            peer,
            reads_near: true,
            request: RequestInfo::default(),
        };
        async move { self.open_request(&request).await }
    }

    /// As [`open`](Self::open), with what events shall say of the request. This is what adapters
    /// call.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    // By reference, as the future of each layer would have a copy of it.
    pub async fn open_request(&self, request: &OpenRequest<'_>) -> Result<Session, SessionError> {
        let now = self.rules.clock.now();
        let certificate = self.judge_peer(request)?;
        if let Some(certificate) = certificate.map(Arc::as_ref)
            && let Err(refusal) = self.rules.judge(certificate, now)
        {
            self.end_if_revoked(refusal, certificate);
            let details = EventDetails::of_request(request.request, Some(certificate));
            return Err(self.refuse(None, refusal, details));
        }
        let found = match self.read_token(request, certificate) {
            Some((handle, token_hash)) => {
                let lookup = Lookup {
                    request,
                    handle,
                    token_hash,
                    certificate,
                    now,
                };
                let found = match self.find_near(&lookup) {
                    Some(base) => LookupResult::Session(base),
                    // Here and not in a function of its own, which would be a future in this one.
                    None => {
                        let loaded = self.store.load(handle, now).await;
                        self.judge_loaded(loaded, &lookup)?
                    }
                };
                match found {
                    // In a box, as each request would have room for it.
                    LookupResult::Unbound(record) => {
                        Box::pin(self.find_unbound(record, &lookup)).await?
                    }
                    found => found,
                }
            }
            None => LookupResult::Nothing,
        };
        let mut cookie = None;
        let (base, phase) = match found {
            LookupResult::Session(base) => (Some(base), Phase::Open),
            LookupResult::Bound(bound) => {
                let token = self.realm.sent(bound.token);
                cookie = Some(Box::new(CookieChange::Set(token)));
                (Some(bound.base), Phase::Open)
            }
            LookupResult::Replayed(record) => {
                let presented = certificate.map(Arc::as_ref);
                let details = EventDetails::of_request(request.request, presented);
                (None, Box::pin(self.replayed(record, details)).await?)
            }
            LookupResult::Replaced => (None, Phase::Replaced),
            LookupResult::Renewed => (None, Phase::Renewed),
            LookupResult::Unbound(_) | LookupResult::Nothing => (None, Phase::Open),
        };
        let rules = Arc::clone(&self.rules);
        let mut session = Session::new(rules, certificate.cloned(), base, phase);
        session.client = request.request.client;
        session.cookie = cookie;
        Ok(session)
    }

    /// Reports that an adapter refuses a request before it opens a session, such as one that comes
    /// from another site. A rejected peer is refused for that, whatever the reason is: the event of
    /// that says who it is. Needs no store, and changes no session.
    pub fn refuse_request(
        &self,
        reason: Refusal,
        peer: &PeerState,
        request: RequestInfo<'_>,
    ) -> SessionError {
        if let PeerState::Rejected(error) = peer {
            return self.reject(error, request);
        }
        let certificate = peer.certificate().map(Arc::as_ref);
        self.refuse(None, reason, EventDetails::of_request(request, certificate))
    }

    /// Sees to it that the sessions of a certificate end that was refused because it is revoked. The
    /// request does not wait for that: the refusal holds in any case.
    pub(super) fn end_if_revoked(&self, refusal: Refusal, certificate: &PeerCertificate) {
        if refusal == Refusal::CertificateRevoked {
            self.end_later(certificate.into());
        }
    }

    fn judge_peer<'p>(
        &self,
        request: &OpenRequest<'p>,
    ) -> Result<Option<&'p Arc<PeerCertificate>>, SessionError> {
        match request.peer {
            PeerState::Absent => Ok(None),
            PeerState::Verified(certificate) => Ok(Some(certificate)),
            PeerState::Rejected(error) => Err(self.reject(error, request.request)),
        }
    }

    /// Refuses a request whose peer is rejected.
    fn reject(&self, error: &CertificateError, request: RequestInfo<'_>) -> SessionError {
        let reason = Refusal::of(error);
        let details = EventDetails::of_request(request, None);
        let error = error.clone();
        let event = SessionEvent::CertificateRejected { error };
        self.rules.emit(event, details);
        self.refuse(None, reason, details)
    }

    /// Returns the session that the token names, and the hash of its secret.
    fn read_token(
        &self,
        request: &OpenRequest<'_>,
        certificate: Option<&Arc<PeerCertificate>>,
    ) -> Option<(Handle, TokenHash)> {
        let refusal = match request.presented {
            Presented::None => return None,
            Presented::Several => Refusal::SeveralTokens,
            Presented::One(text) => match Token::parse(text) {
                Ok(token) => {
                    let token = self.realm.received(token);
                    return Some((token.handle(), self.realm.hash(&token)));
                }
                Err(_) => Refusal::MalformedToken,
            },
        };
        let certificate = certificate.map(Arc::as_ref);
        self.ignore(
            refusal,
            EventDetails::of_request(request.request, certificate),
        );
        None
    }

    /// Judges what the store has of the session.
    fn judge_loaded(
        &self,
        loaded: Result<Option<Arc<Record>>, StoreError>,
        lookup: &Lookup<'_>,
    ) -> Result<LookupResult, SessionError> {
        let now = lookup.now;
        let loaded = match loaded {
            Ok(loaded) => loaded,
            // Only here, as each request would pay for the details.
            Err(error) => {
                let failed = self.failed_for(StoreOperation::Load, lookup.details());
                return Err(failed(error).into());
            }
        };
        // By contract a store never returns an expired record. Check again: a bug in a store must
        // not bring an ended session back.
        let Some(record) = loaded.filter(|record| !record.is_expired(now)) else {
            return Ok(self.ignore(Refusal::UnknownToken, lookup.details()));
        };
        let Some(binding) = record.binding() else {
            return Ok(LookupResult::Unbound(record));
        };
        let compare = |peer: &Arc<_>| self.rules.compare(binding, peer);
        let compared = lookup.certificate.map(compare);
        // The peer's certificate is newer than the bound one, or belongs to another owner: check
        // whether the bound certificate was revoked, because that ended the session. For the bound
        // certificate itself `open_from` has checked this already.
        if compared != Some(Match::Same) && self.rules.revocations.revokes(binding, now) {
            self.end_later(Owner::bound_to(binding));
            return Ok(self.ignore(Refusal::UnknownToken, lookup.details()));
        }
        self.judge(record, lookup, compared)
    }

    /// Returns the session from a copy, if the request may be served from one, and the copy is
    /// sufficient to accept it.
    fn find_near(&self, lookup: &Lookup<'_>) -> Option<Base> {
        if !lookup.request.reads_near {
            return None;
        }
        let now = lookup.now;
        let record = self.store.near(lookup.handle, now)?;
        let is_sufficient = !record.is_expired(now)
            && record.token_status(&lookup.token_hash, now) == TokenStatus::Current
            && lookup
                .certificate
                .zip(record.binding())
                .is_some_and(|(peer, binding)| binding.is_of(peer));
        let base = is_sufficient.then(|| self.base(record, lookup, TokenStatus::Current, false));
        base?.ok()
    }

    fn judge(
        &self,
        record: Arc<Record>,
        lookup: &Lookup<'_>,
        compared: Option<Match>,
    ) -> Result<LookupResult, SessionError> {
        let token_status = record.token_status(&lookup.token_hash, lookup.now);
        let handle = Some(record.handle);
        let refuse = |reason| self.refuse(handle, reason, lookup.details().about(&record));
        match (token_status, compared) {
            (TokenStatus::Current | TokenStatus::InGrace, Some(Match::Same)) => self
                .base(record, lookup, token_status, false)
                .map(LookupResult::Session),
            (TokenStatus::Current, Some(Match::Renewed)) => self
                .base(record, lookup, token_status, true)
                .map(LookupResult::Session),
            (TokenStatus::Unknown, Some(Match::Same)) => Ok(LookupResult::Replayed(record)),
            // The grace period applies to the same certificate only. The owner of the renewed
            // certificate made another request that replaced the token, so this request may sign in
            // again.
            (TokenStatus::InGrace, Some(Match::Renewed))
            | (TokenStatus::Unknown, Some(Match::Renewed | Match::Superseded)) => {
                self.ignore(Refusal::UnknownToken, lookup.details());
                Ok(LookupResult::Replaced)
            }
            // The session stays as it is, for its own certificate. The request can do nothing but
            // sign in: that begins a session of its own.
            (TokenStatus::Current | TokenStatus::InGrace, Some(Match::Successor)) => {
                let reason = Refusal::CertificateRenewed;
                let event = SessionEvent::Refused { handle, reason };
                let details = lookup.details().about(&record);
                self.rules.emit(event, details);
                Ok(LookupResult::Renewed)
            }
            // A client with neither the secret nor the certificate learns nothing, not even whether
            // a session with this handle exists.
            (TokenStatus::Unknown, _) => Ok(self.ignore(Refusal::UnknownToken, lookup.details())),
            (_, Some(Match::Superseded)) => Err(refuse(Refusal::CertificateSuperseded)),
            (_, Some(Match::Other)) => Err(refuse(Refusal::OtherCertificate)),
            (_, None) => Err(refuse(Refusal::CertificateMissing)),
        }
    }

    pub(super) fn base(
        &self,
        record: Arc<Record>,
        lookup: &Lookup<'_>,
        token_status: TokenStatus,
        rebind: bool,
    ) -> Result<Base, SessionError> {
        let data_key = match &record.seal {
            None => None,
            Some(seal) => Some(self.data_key(seal, lookup, token_status)?),
        };
        let mut base = Base {
            record,
            token_hash: lookup.token_hash,
            is_current: token_status == TokenStatus::Current,
            rebind,
            is_upkeep_due: false,
            data_key,
        };
        base.is_upkeep_due = base.compute_upkeep(&self.rules, lookup.now);
        Ok(base)
    }

    /// Decides what a request with a replayed token may still do.
    async fn replayed(
        &self,
        replayed: Arc<Record>,
        details: EventDetails<'_>,
    ) -> Result<Phase, SessionError> {
        let handle = replayed.handle;
        let details = details.about(&replayed);
        let event = SessionEvent::Replayed { handle };
        self.rules.emit(event, details);
        if self.rules.on_replay != OnReplay::EndSession {
            return Ok(Phase::Replaced);
        }
        let mut current = Arc::clone(&replayed);
        loop {
            let removed = self.store.remove_unchanged(&current).await;
            match removed.map_err(self.failed_for(StoreOperation::Remove, details))? {
                Removal::Removed => {
                    let reason = EndReason::Replay;
                    let event = SessionEvent::Ended { handle, reason };
                    self.rules.emit(event, details.by(Actor::Rules));
                    return Ok(Phase::Open);
                }
                Removal::Gone => return Ok(Phase::Open),
                Removal::Changed => {}
            }
            let newer = self.store.load(handle, self.rules.clock.now()).await;
            match newer.map_err(self.failed_for(StoreOperation::Load, details))? {
                // A write, or a renewal: it is the session that was judged.
                Some(newer) if newer.epoch == current.epoch => current = newer,
                // The owner has signed in meanwhile: what was judged is over.
                Some(_) => return Ok(Phase::Replaced),
                None => return Ok(Phase::Open),
            }
        }
    }

    /// Ignores the token: the request continues without a session.
    pub(super) fn ignore(&self, reason: Refusal, details: EventDetails<'_>) -> LookupResult {
        let handle = None;
        let event = SessionEvent::Refused { handle, reason };
        self.rules.emit(event, details);
        LookupResult::Nothing
    }

    /// Refuses the request.
    pub(super) fn refuse(
        &self,
        handle: Option<Handle>,
        reason: Refusal,
        details: EventDetails<'_>,
    ) -> SessionError {
        let event = SessionEvent::Refused { handle, reason };
        self.rules.emit(event, details);
        SessionError::Refused(reason)
    }
}

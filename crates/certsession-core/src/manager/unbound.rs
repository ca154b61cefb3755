//! Sessions that began without a certificate, and the first certificate that binds them.

use std::sync::Arc;

use super::SessionManager;
use super::lookup::{Bound, Lookup, LookupResult};
use crate::bind_when_present::{BindWhenPresent, CertificatePolicy};
use crate::certificate::PeerCertificate;
use crate::event::{Refusal, SessionEvent, StoreOperation};
use crate::record::{Record, TokenStatus};
use crate::session::{Base, Pending, SessionError};
use crate::store::{Outcome, Removal, SessionStore, StoreError};
use crate::token::Token;

impl<S: SessionStore> SessionManager<S> {
    /// Decides about a request with the handle of a session that began without a certificate.
    pub(super) async fn find_unbound(
        &self,
        record: Arc<Record>,
        lookup: &Lookup<'_>,
    ) -> Result<LookupResult, SessionError> {
        let nothing = || self.ignore(Refusal::UnknownToken, lookup.details());
        // The policy was another when it began.
        let CertificatePolicy::BindWhenPresent(policy) = &self.rules.certificate else {
            return Ok(nothing());
        };
        let token_status = record.token_status(&lookup.token_hash, lookup.now);
        match (token_status, lookup.certificate) {
            (TokenStatus::Current | TokenStatus::InGrace, None) => self
                .base(record, lookup, token_status, false)
                .map(LookupResult::Session),
            (TokenStatus::Current, Some(certificate)) => {
                self.bind(record, certificate, policy, lookup).await
            }
            // A grace period is for requests like the one that replaced the token.
            (TokenStatus::InGrace, Some(_)) => {
                nothing();
                Ok(LookupResult::Replaced)
            }
            // No replay that could end the session: anyone can send a made-up secret.
            (TokenStatus::Unknown, _) => Ok(nothing()),
        }
    }

    /// Binds a session to the first certificate that is presented with its token.
    async fn bind(
        &self,
        record: Arc<Record>,
        certificate: &PeerCertificate,
        policy: &BindWhenPresent,
        lookup: &Lookup<'_>,
    ) -> Result<LookupResult, SessionError> {
        let handle = record.handle;
        let mut pending = Pending {
            rotate: true,
            ..Pending::default()
        };
        pending.changes.retain(&policy.carried);
        let base = self.base(record, lookup, TokenStatus::Current, true)?;
        let token = Token::reissue(handle)?;
        let commit =
            self.new_commit(&base, &pending, Some(&token), Some(certificate), lookup.now)?;
        let details = lookup.details();
        let committed = self.store.commit(commit).await;
        let failed = self.failed_for(StoreOperation::Commit, details);
        match committed.map_err(failed)? {
            Outcome::Applied { record, .. } => {
                let details = details.about(&record);
                let certificate = *certificate.fingerprint();
                let event = SessionEvent::Bound {
                    handle,
                    certificate,
                };
                self.rules.emit(event, details);
                self.bound_certificate(&record, details, lookup.now).await;
                let base = Base {
                    token_hash: record.token_hash,
                    record,
                    is_current: true,
                    rebind: false,
                    is_upkeep_due: false,
                    data_key: base.data_key,
                };
                Ok(LookupResult::Bound(Box::new(Bound { base, token })))
            }
            Outcome::Gone => Ok(self.ignore(Refusal::UnknownToken, details)),
            Outcome::TooLarge { size } => {
                let max = self.rules.max_data_size_of(&base.record);
                Err(SessionError::DataTooLarge { size, max })
            }
            _ => self.lost_to_another(certificate, lookup).await,
        }
    }

    /// Decides about a request whose token was replaced, by another certificate or by a request
    /// without one, between its load and its commit.
    async fn lost_to_another(
        &self,
        certificate: &PeerCertificate,
        lookup: &Lookup<'_>,
    ) -> Result<LookupResult, SessionError> {
        let details = lookup.details();
        let newer = self.store.load(lookup.handle, lookup.now).await;
        let newer = newer.map_err(self.failed_for(StoreOperation::Load, details))?;
        let Some((newer, binding)) = newer.as_ref().and_then(|it| Some((it, it.binding()?))) else {
            return Ok(self.ignore(Refusal::UnknownToken, details));
        };
        match binding.is_of(certificate) {
            true => {
                self.ignore(Refusal::UnknownToken, details);
                Ok(LookupResult::Replaced)
            }
            false => {
                let handle = Some(newer.handle);
                let details = details.about(newer);
                Err(self.refuse(handle, Refusal::OtherCertificate, details))
            }
        }
    }

    /// Ends a session that began without a certificate, unless one has bound it meanwhile: who had
    /// the token from before that must not end the session of the certificate's owner.
    pub(super) async fn remove_unbound(&self, record: &Arc<Record>) -> Result<bool, StoreError> {
        let mut current = Arc::clone(record);
        loop {
            match self.store.remove_unchanged(&current).await? {
                Removal::Removed => return Ok(true),
                Removal::Gone => return Ok(false),
                Removal::Changed => {}
            }
            let now = self.rules.clock.now();
            match self.store.load(current.handle, now).await? {
                Some(newer) if newer.binding.is_none() => current = newer,
                _ => return Ok(false),
            }
        }
    }
}

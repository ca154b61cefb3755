//! Ending the sessions of revoked certificates, for good.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Weak};

use super::SessionManager;
use super::measured::Measured;
use crate::event::{RevocationReason, StoreOperation};
use crate::event_details::{Actor, EventDetails};
use crate::handle::Handle;
use crate::portions::{PORTION, let_others_run};
use crate::record::SessionSummary;
use crate::revocation::{PendingRevocations, Revocation, RevocationList};
use crate::rules::Rules;
use crate::store::{Owner, Page, SessionPage, SessionStore, StoreError};
use crate::token::Realm;

/// How many owners one call of `end_revoked` handles: a list may name a hundred thousand at once.
const BATCH: usize = 256;

/// After how many failures in a row a call of `end_revoked` leaves the rest for later: the store is
/// down, and each further attempt could take as long as its timeout.
const GIVE_UP_AFTER: usize = 3;

impl<S: SessionStore> SessionManager<S> {
    /// The list of revoked certificates.
    pub fn revocations(&self) -> &RevocationList {
        &self.rules.revocations
    }

    /// Revokes a certificate or a key: it is refused from now on, and the sessions that are bound
    /// to the certificate are ended. Returns the handles of the sessions that this call ended.
    ///
    /// Sessions that are bound to another certificate of a revoked key end when they are next used.
    /// Another process refuses the certificate once its own list contains it.
    ///
    /// # Errors
    ///
    /// If the store fails. The certificate is refused in any case, and its sessions are ended as
    /// soon as the store works again.
    pub async fn revoke_certificate(
        &self,
        revocation: Revocation,
    ) -> Result<Vec<Handle>, StoreError> {
        self.revoke_certificate_as(revocation, Actor::Application)
            .await
    }

    pub(super) async fn revoke_certificate_as(
        &self,
        revocation: Revocation,
        actor: Actor<'_>,
    ) -> Result<Vec<Handle>, StoreError> {
        let owner = revocation.owner();
        self.rules.revocations.revoke(revocation);
        match owner {
            Some(owner) => {
                let _sweeping = self.rules.to_end.begin(owner.key());
                let reason = RevocationReason::CertificateRevoked;
                self.revoke_for(&owner, reason, actor).await
            }
            None => Ok(Vec::new()),
        }
    }

    /// Waits until there are sessions of revoked certificates to end: certificates were added to the
    /// list, or a request of a revoked certificate was refused.
    ///
    /// An adapter runs a [`RevocationWorker`], which calls this and
    /// [`end_revoked`](Self::end_revoked) in turn.
    pub async fn revocations_added(&self) {
        self.rules.to_end.wait_nonempty().await;
    }

    /// Waits until no session of a revoked certificate is left to end. For a graceful shutdown: set
    /// a limit to it, because it waits for as long as the store is down.
    pub async fn revocations_ended(&self) {
        self.rules.to_end.wait_empty().await;
    }

    /// Ends the sessions of a batch of revoked certificates, one certificate after another, and
    /// returns how many certificates were handled. A certificate that has been removed from the
    /// list in the meantime is included: it was revoked once, so its sessions end too.
    ///
    /// # Errors
    ///
    /// If the store fails for one of them; the others are handled nevertheless. The next call
    /// retries what this one did not finish.
    pub async fn end_revoked(&self) -> Result<usize, StoreError> {
        let to_end = &self.rules.to_end;
        let mut batch = to_end.take(BATCH);
        let (mut count, mut failure, mut in_a_row) = (0, None, 0);
        while let Some(owner) = batch.next() {
            // A caller of `revoke_certificate` or `revoke_all` may be at it.
            let Some(sweeping) = to_end.begin(owner.key()) else {
                batch.later();
                continue;
            };
            let reason = RevocationReason::CertificateRevoked;
            let ended = self.revoke_for(owner, reason, Actor::Rules).await;
            drop(sweeping);
            match ended {
                Ok(_) => {
                    batch.done();
                    count += 1;
                    in_a_row = 0;
                }
                Err(error) => {
                    batch.later();
                    failure = Some(error);
                    in_a_row += 1;
                    if in_a_row == GIVE_UP_AFTER {
                        break;
                    }
                }
            }
        }
        match failure {
            None => Ok(count),
            Some(error) => Err(error),
        }
    }

    /// Creates the worker that ends the sessions of certificates as they are added to the list;
    /// `None` if this manager has one already. After it is dropped, another can be created.
    pub fn revocation_worker(&self) -> Option<RevocationWorker<S>> {
        self.rules.to_end.claim_worker().then(|| RevocationWorker {
            store: Arc::downgrade(&self.store),
            rules: Arc::downgrade(&self.rules),
            pending: self.rules.to_end.shared(),
        })
    }

    /// Queues the owner of a revoked certificate whose request is refused. The request does not
    /// wait: an owner may have a hundred thousand sessions, and each of its requests would.
    pub(super) fn end_later(&self, owner: Owner) {
        self.rules.to_end.request(owner);
    }

    /// Ends every session of an owner.
    pub(super) async fn revoke_for(
        &self,
        owner: &Owner,
        reason: RevocationReason,
        actor: Actor<'_>,
    ) -> Result<Vec<Handle>, StoreError> {
        let details = EventDetails::default().of_owner(owner).by(actor);
        let known = match owner {
            Owner::Principal(_) => HashMap::new(),
            Owner::Certificate { .. } => self.sessions_to_name(owner).await,
        };
        // Those that ended before the store failed have ended for good.
        let (ended, failure) = match self.store.revoke(owner).await {
            Ok(ended) => (ended, None),
            Err(error) => (error.ended().to_vec(), Some(error)),
        };
        for (n, handle) in ended.iter().enumerate() {
            if n > 0 && n % PORTION == 0 {
                let_others_run().await;
            }
            let details = match known.get(handle) {
                Some(session) => details.of_session(session),
                None => details,
            };
            self.revoked(*handle, reason, details);
        }
        match failure {
            None => Ok(ended),
            Some(error) => Err(self.failed_for(StoreOperation::Revoke, details)(error)),
        }
    }

    /// The sessions of a certificate that are about to end, a thousand at most: so that their
    /// events name whose they were, which no store can tell afterwards. That is all it is for, so a
    /// failure only leaves the names out.
    async fn sessions_to_name(&self, owner: &Owner) -> HashMap<Handle, SessionSummary> {
        let (page, now) = (Page::at_most(Page::LARGEST), self.rules.clock.now());
        let listed = self.store.sessions(owner, &page, now).await;
        let sessions = listed.map(SessionPage::into_sessions).unwrap_or_default();
        let by_handle = sessions.into_iter().map(|it| (it.handle(), it));
        by_handle.collect()
    }
}

/// A worker that ends the sessions of certificates as they are added to a manager's revocation
/// list. An adapter runs its steps in a separate task.
///
/// It does not keep the manager alive.
pub struct RevocationWorker<S> {
    store: Weak<Measured<S>>,
    rules: Weak<Rules>,
    pending: Arc<PendingRevocations>,
}

impl<S: SessionStore> RevocationWorker<S> {
    /// Waits until there are sessions to end, and ends those of a batch of certificates. Returns
    /// false if the manager has been dropped, so that no more will come.
    ///
    /// # Errors
    ///
    /// If the store fails. The next step retries what this one did not finish; pause before it.
    pub async fn step(&self) -> Result<bool, StoreError> {
        self.pending.wait_nonempty().await;
        let (Some(store), Some(rules)) = (self.store.upgrade(), self.rules.upgrade()) else {
            return Ok(false);
        };
        // An end concerns the sessions of every realm.
        let realm = Realm::default();
        let manager = SessionManager {
            store,
            rules,
            realm,
        };
        manager.end_revoked().await?;
        Ok(true)
    }
}

impl<S> Drop for RevocationWorker<S> {
    fn drop(&mut self) {
        self.pending.release_worker();
    }
}

impl<S> fmt::Debug for RevocationWorker<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RevocationWorker").finish_non_exhaustive()
    }
}

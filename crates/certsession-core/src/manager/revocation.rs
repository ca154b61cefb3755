//! Ending the sessions of revoked certificates, for good.

use std::fmt;
use std::sync::{Arc, Weak};

use super::SessionManager;
use super::measured::Measured;
use crate::event::{RevocationReason, StoreOperation};
use crate::event_details::{Actor, EventDetails};
use crate::handle::Handle;
use crate::revocation::{PendingRevocations, Revocation, RevocationList};
use crate::rules::Rules;
use crate::store::{Owner, SessionStore, StoreError};

/// How many certificates one call of `end_revoked` handles: a list may name a hundred thousand at
/// once.
const BATCH: usize = 256;

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
            Some(owner) => self.end_sessions_by(&owner, actor).await,
            None => Ok(Vec::new()),
        }
    }

    /// Waits until the list contains new certificates whose sessions have not been ended yet.
    ///
    /// An adapter runs a [`RevocationWorker`], which calls this and
    /// [`end_revoked`](Self::end_revoked) in turn.
    pub async fn revocations_added(&self) {
        self.rules.to_end.wait_nonempty().await;
    }

    /// Ends the sessions of a batch of newly revoked certificates, and returns how many
    /// certificates were handled. A certificate that has been removed from the list in the meantime
    /// is included: it was revoked once, so its sessions end too.
    ///
    /// # Errors
    ///
    /// If the store fails. The next call retries what this one did not finish.
    pub async fn end_revoked(&self) -> Result<usize, StoreError> {
        let mut batch = self.rules.to_end.take(BATCH);
        let count = batch.len();
        while let Some(revocation) = batch.next() {
            if let Some(owner) = revocation.owner() {
                self.end_sessions_of(&owner).await?;
            }
            batch.done();
        }
        Ok(count)
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

    pub(super) async fn end_sessions_of(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        self.end_sessions_by(owner, Actor::Rules).await
    }

    async fn end_sessions_by(
        &self,
        owner: &Owner,
        actor: Actor<'_>,
    ) -> Result<Vec<Handle>, StoreError> {
        let details = EventDetails::default().of_owner(owner).by(actor);
        let ended = self.store.revoke(owner).await;
        let ended = ended.map_err(self.failed_for(StoreOperation::Revoke, details))?;
        for handle in &ended {
            self.revoked(*handle, RevocationReason::CertificateRevoked, details);
        }
        Ok(ended)
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
        SessionManager { store, rules }.end_revoked().await?;
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

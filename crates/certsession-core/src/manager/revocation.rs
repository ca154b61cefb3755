//! What the revocation of a certificate does to sessions: they end, for good.

use super::SessionManager;
use crate::event::{RevocationReason, StoreOperation};
use crate::handle::Handle;
use crate::revocation::{Revocation, RevocationList};
use crate::store::{Owner, SessionStore, StoreError};

/// How many certificates one step takes on: a list may name a hundred thousand at once.
const BATCH: usize = 256;

impl<S: SessionStore> SessionManager<S> {
    /// The certificates that are revoked.
    pub fn revocations(&self) -> &RevocationList {
        &self.rules.revocations
    }

    /// Revokes a certificate, or a key: it is refused from now on, and the sessions that are
    /// bound to the certificate are ended. Tells which this call ended.
    ///
    /// Sessions that are bound to another certificate of a revoked key end when they are next
    /// used. In another process the certificate is refused when that process's own list names it.
    ///
    /// # Errors
    ///
    /// If the store fails. The certificate is refused all the same, and its sessions are ended
    /// as soon as the store lets them.
    pub async fn revoke_certificate(
        &self,
        revocation: Revocation,
    ) -> Result<Vec<Handle>, StoreError> {
        let owner = revocation.owner();
        self.rules.revocations.revoke(revocation);
        match owner {
            Some(owner) => self.end_sessions_of(&owner).await,
            None => Ok(Vec::new()),
        }
    }

    /// Waits until certificates were added to the list whose sessions are still to be ended.
    ///
    /// An adapter runs this and [`end_revoked`](Self::end_revoked) in turn, in a task of its own.
    pub async fn revocations_added(&self) {
        self.rules.to_end.wait_nonempty().await;
    }

    /// Ends the sessions of some of the certificates that were added to the list, and tells how
    /// many certificates are done. A certificate that was taken off the list again in the
    /// meantime was on it: its sessions end too.
    ///
    /// # Errors
    ///
    /// If the store fails. What is not done yet is tried again by the next call.
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

    pub(super) async fn end_sessions_of(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        let ended = self.store.revoke(owner).await;
        let ended = ended.map_err(self.failed(StoreOperation::Revoke))?;
        for handle in &ended {
            self.revoked(*handle, RevocationReason::CertificateRevoked);
        }
        Ok(ended)
    }
}

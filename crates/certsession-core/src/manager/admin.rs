//! Sessions seen and ended from outside: by their principal, an administrator, an operator.

use std::sync::Arc;

use super::SessionManager;
use crate::event::{RevocationReason, SessionEvent, StoreOperation};
use crate::handle::Handle;
use crate::principal::Principal;
use crate::record::Record;
use crate::store::{Owner, SessionStore, StoreError};

impl<S: SessionStore> SessionManager<S> {
    /// The live sessions of an owner, oldest first.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn sessions(&self, owner: &Owner) -> Result<Vec<Arc<Record>>, StoreError> {
        let now = self.rules.clock.now();
        let sessions = self.store.sessions(owner, now).await;
        sessions.map_err(self.failed(StoreOperation::Sessions))
    }

    /// Ends a session. True if this call ended it.
    ///
    /// # Errors
    ///
    /// If the store fails; the session may live on then.
    pub async fn revoke(&self, handle: Handle) -> Result<bool, StoreError> {
        let removed = self.store.remove(handle).await;
        let removed = removed.map_err(self.failed(StoreOperation::Remove))?;
        if removed {
            self.revoked(handle, RevocationReason::Requested);
        }
        Ok(removed)
    }

    /// Ends a session if it belongs to this principal: what an application offers its users,
    /// who may end their own sessions alone. True if this call ended it.
    ///
    /// # Errors
    ///
    /// If the store fails; the session may live on then.
    pub async fn revoke_own(
        &self,
        principal: &Principal,
        handle: Handle,
    ) -> Result<bool, StoreError> {
        let now = self.rules.clock.now();
        let loaded = self.store.load(handle, now).await;
        let loaded = loaded.map_err(self.failed(StoreOperation::Load))?;
        match loaded {
            Some(record) if record.principal() == Some(principal) => self.revoke(handle).await,
            _ => Ok(false),
        }
    }

    /// Ends every session of an owner, and tells which.
    ///
    /// # Errors
    ///
    /// If the store fails; some sessions may live on then, so call it again.
    pub async fn revoke_all(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        let revoked = self.store.revoke(owner).await;
        let revoked = revoked.map_err(self.failed(StoreOperation::Revoke))?;
        for handle in &revoked {
            self.revoked(*handle, RevocationReason::Requested);
        }
        Ok(revoked)
    }

    pub(super) fn revoked(&self, handle: Handle, reason: RevocationReason) {
        self.rules.emit(SessionEvent::Revoked { handle, reason });
    }
}

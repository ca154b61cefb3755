//! Listing and ending sessions from outside: by their principal, an administrator or an operator.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::SessionManager;
use crate::event::{RevocationReason, SessionEvent, StoreOperation};
use crate::handle::Handle;
use crate::principal::Principal;
use crate::revocation::{Revocation, RevocationList};
use crate::store::{Owner, Page, Removal, SessionPage, SessionStore, StoreError};
use crate::time::Timestamp;

/// Lists and ends sessions from outside, for any store.
///
/// It has no type parameter, so that an application which chooses its store when it starts has
/// one type for its administration. Clones use the same manager. Each call costs one allocation
/// more than the same call on the manager.
///
/// ```
/// use certsession_core::{MemoryStore, Owner, SessionAdmin, SessionManager, StoreError};
///
/// async fn lock_out(admin: &SessionAdmin, user: &Owner) -> Result<usize, StoreError> {
///     Ok(admin.revoke_all(user).await?.len())
/// }
///
/// let admin = SessionManager::new(MemoryStore::new()).admin();
/// # let _ = lock_out(&admin, &Owner::principal("alice")?);
/// # Ok::<(), certsession_core::InvalidPrincipal>(())
/// ```
#[derive(Clone)]
pub struct SessionAdmin(Arc<dyn Administration>);

impl SessionAdmin {
    /// As [`SessionManager::sessions`].
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn sessions(&self, owner: &Owner, page: &Page) -> Result<SessionPage, StoreError> {
        self.0.sessions(owner, page).await
    }

    /// As [`SessionManager::revoke`].
    ///
    /// # Errors
    ///
    /// If the store fails; the session may still be active then.
    pub async fn revoke(&self, handle: Handle) -> Result<bool, StoreError> {
        self.0.revoke(handle).await
    }

    /// As [`SessionManager::revoke_own`].
    ///
    /// # Errors
    ///
    /// If the store fails; the session may still be active then.
    pub async fn revoke_own(
        &self,
        principal: &Principal,
        handle: Handle,
    ) -> Result<bool, StoreError> {
        self.0.revoke_own(principal, handle).await
    }

    /// As [`SessionManager::revoke_all`].
    ///
    /// # Errors
    ///
    /// If the store fails; some sessions may still be active then, so retry.
    pub async fn revoke_all(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        self.0.revoke_all(owner).await
    }

    /// As [`SessionManager::revoke_certificate`].
    ///
    /// # Errors
    ///
    /// If the store fails. The certificate is refused in any case, and its sessions are ended
    /// as soon as the store works again.
    pub async fn revoke_certificate(
        &self,
        revocation: Revocation,
    ) -> Result<Vec<Handle>, StoreError> {
        self.0.revoke_certificate(revocation).await
    }

    /// The list of revoked certificates.
    pub fn revocations(&self) -> &RevocationList {
        self.0.revocations()
    }

    /// The current time of the rules' clock.
    pub fn now(&self) -> Timestamp {
        self.0.now()
    }
}

impl fmt::Debug for SessionAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionAdmin").finish_non_exhaustive()
    }
}

impl<S: SessionStore> SessionManager<S> {
    /// Returns a handle that lists and ends sessions, without the store's type.
    pub fn admin(&self) -> SessionAdmin {
        SessionAdmin(Arc::new(self.clone()))
    }

    /// The live sessions of an owner, oldest first, one page at a time and without their data.
    ///
    /// # Errors
    ///
    /// If the store fails.
    ///
    /// ```
    /// # use certsession_core::{MemoryStore, Owner, Page, SessionManager, StoreError};
    /// async fn count(sessions: &SessionManager<MemoryStore>, owner: &Owner) -> Result<usize, StoreError> {
    ///     let mut page = Page::default();
    ///     let mut count = 0;
    ///     loop {
    ///         let listed = sessions.sessions(owner, &page).await?;
    ///         count += listed.sessions().len();
    ///         match listed.next() {
    ///             Some(cursor) => page = page.after(cursor),
    ///             None => return Ok(count),
    ///         }
    ///     }
    /// }
    /// ```
    pub async fn sessions(&self, owner: &Owner, page: &Page) -> Result<SessionPage, StoreError> {
        let now = self.rules.clock.now();
        let sessions = self.store.sessions(owner, page, now).await;
        sessions.map_err(self.failed(StoreOperation::Sessions))
    }

    /// Ends a session. Returns true if this call ended it.
    ///
    /// # Errors
    ///
    /// If the store fails; the session may still be active then.
    pub async fn revoke(&self, handle: Handle) -> Result<bool, StoreError> {
        let removed = self.store.remove(handle).await;
        let removed = removed.map_err(self.failed(StoreOperation::Remove))?;
        if removed {
            self.revoked(handle, RevocationReason::Requested);
        }
        Ok(removed)
    }

    /// Ends a session if it belongs to this principal. Applications offer this to users, who may
    /// end only their own sessions. Returns true if this call ended it.
    ///
    /// # Errors
    ///
    /// If the store fails; the session may still be active then.
    pub async fn revoke_own(
        &self,
        principal: &Principal,
        handle: Handle,
    ) -> Result<bool, StoreError> {
        loop {
            let now = self.rules.clock.now();
            let loaded = self.store.load(handle, now).await;
            let loaded = loaded.map_err(self.failed(StoreOperation::Load))?;
            let own = loaded.filter(|record| record.principal() == Some(principal));
            let Some(record) = own else {
                return Ok(false);
            };
            // Another principal may be signing in: only the session that was judged may end.
            let removed = self.store.remove_unchanged(&record).await;
            match removed.map_err(self.failed(StoreOperation::Remove))? {
                Removal::Removed => {
                    self.revoked(handle, RevocationReason::Requested);
                    return Ok(true);
                }
                Removal::Gone => return Ok(false),
                Removal::Changed => {}
            }
        }
    }

    /// Ends every session of an owner, and returns their handles.
    ///
    /// # Errors
    ///
    /// If the store fails; some sessions may still be active then, so retry.
    pub async fn revoke_all(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        let _sweeping = self.rules.to_end.begin(owner.key());
        self.revoke_for(owner, RevocationReason::Requested).await
    }

    pub(super) fn revoked(&self, handle: Handle, reason: RevocationReason) {
        self.rules.emit(SessionEvent::Revoked { handle, reason });
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A manager behind [`SessionAdmin`].
trait Administration: Send + Sync {
    fn sessions<'a>(&'a self, owner: &'a Owner, page: &'a Page) -> Answer<'a, SessionPage>;

    fn revoke(&self, handle: Handle) -> Answer<'_, bool>;

    fn revoke_own<'a>(&'a self, principal: &'a Principal, handle: Handle) -> Answer<'a, bool>;

    fn revoke_all<'a>(&'a self, owner: &'a Owner) -> Answer<'a, Vec<Handle>>;

    fn revoke_certificate(&self, revocation: Revocation) -> Answer<'_, Vec<Handle>>;

    fn revocations(&self) -> &RevocationList;

    fn now(&self) -> Timestamp;
}

impl<S: SessionStore> Administration for SessionManager<S> {
    fn sessions<'a>(&'a self, owner: &'a Owner, page: &'a Page) -> Answer<'a, SessionPage> {
        Box::pin(Self::sessions(self, owner, page))
    }

    fn revoke(&self, handle: Handle) -> Answer<'_, bool> {
        Box::pin(Self::revoke(self, handle))
    }

    fn revoke_own<'a>(&'a self, principal: &'a Principal, handle: Handle) -> Answer<'a, bool> {
        Box::pin(Self::revoke_own(self, principal, handle))
    }

    fn revoke_all<'a>(&'a self, owner: &'a Owner) -> Answer<'a, Vec<Handle>> {
        Box::pin(Self::revoke_all(self, owner))
    }

    fn revoke_certificate(&self, revocation: Revocation) -> Answer<'_, Vec<Handle>> {
        Box::pin(Self::revoke_certificate(self, revocation))
    }

    fn revocations(&self) -> &RevocationList {
        Self::revocations(self)
    }

    fn now(&self) -> Timestamp {
        Self::now(self)
    }
}

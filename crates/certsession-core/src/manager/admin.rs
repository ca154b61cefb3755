//! Listing and ending sessions from outside: by their principal, an administrator or an operator.

use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use super::SessionManager;
use super::health::Health;
use crate::event::{RevocationReason, SessionEvent, StoreOperation};
use crate::event_details::{Actor, EventDetails};
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
pub struct SessionAdmin {
    manager: Arc<dyn Administration>,
    /// The operator, for events.
    operator: Option<Arc<str>>,
}

impl SessionAdmin {
    /// The same administration on behalf of this operator: the events of what it ends name them as
    /// the actor. Without it, they say that the application did it.
    ///
    /// ```
    /// use certsession_core::{MemoryStore, SessionManager};
    ///
    /// let admin = SessionManager::new(MemoryStore::new()).admin();
    /// let on_behalf_of_carol = admin.acting_as("carol");
    /// ```
    #[must_use]
    pub fn acting_as(&self, operator: &str) -> Self {
        // A control character could forge a line of a log.
        let shown: String = operator
            .chars()
            .filter(|character| !character.is_control())
            .collect();
        Self {
            manager: Arc::clone(&self.manager),
            operator: Some(shown.into()),
        }
    }

    fn actor(&self) -> Actor<'_> {
        match &self.operator {
            Some(name) => Actor::Operator(name),
            None => Actor::Application,
        }
    }

    /// As [`SessionManager::sessions`].
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn sessions(&self, owner: &Owner, page: &Page) -> Result<SessionPage, StoreError> {
        self.manager.sessions(owner, page).await
    }

    /// As [`SessionManager::all_sessions`].
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn all_sessions(&self, page: &Page) -> Result<SessionPage, StoreError> {
        self.manager.all_sessions(page).await
    }

    /// As [`SessionManager::count_sessions`].
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn count_sessions(&self) -> Result<usize, StoreError> {
        self.manager.count_sessions().await
    }

    /// As [`SessionManager::revoke_everyone`].
    ///
    /// # Errors
    ///
    /// If the store fails for one of them; the others end nevertheless, so retry.
    pub async fn revoke_everyone(&self) -> Result<usize, StoreError> {
        self.manager.revoke_everyone(None, self.actor()).await
    }

    /// As [`SessionManager::revoke_everyone_but`].
    ///
    /// # Errors
    ///
    /// As [`revoke_everyone`](Self::revoke_everyone).
    pub async fn revoke_everyone_but(&self, own: Handle) -> Result<usize, StoreError> {
        self.manager.revoke_everyone(Some(own), self.actor()).await
    }

    /// As [`SessionManager::revoke`]. It loads the session first, so that the event names its
    /// principal.
    ///
    /// # Errors
    ///
    /// If the store fails; the session may still be active then.
    pub async fn revoke(&self, handle: Handle) -> Result<bool, StoreError> {
        self.manager.revoke(handle, self.actor()).await
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
        self.manager.revoke_own(principal, handle).await
    }

    /// As [`SessionManager::revoke_all`].
    ///
    /// # Errors
    ///
    /// If the store fails; some sessions may still be active then, so retry.
    pub async fn revoke_all(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        self.manager.revoke_all(owner, self.actor()).await
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
        self.manager
            .revoke_certificate(revocation, self.actor())
            .await
    }

    /// The list of revoked certificates.
    pub fn revocations(&self) -> &RevocationList {
        self.manager.revocations()
    }

    /// As [`SessionManager::health`].
    pub async fn health(&self) -> Health {
        self.manager.health().await
    }

    /// The current time of the rules' clock.
    pub fn now(&self) -> Timestamp {
        self.manager.now()
    }
}

impl fmt::Debug for SessionAdmin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SessionAdmin")
            .field("operator", &self.operator)
            .finish_non_exhaustive()
    }
}

impl<S: SessionStore> SessionManager<S> {
    /// Returns a handle that lists and ends sessions, without the store's type.
    pub fn admin(&self) -> SessionAdmin {
        SessionAdmin {
            manager: Arc::new(self.clone()),
            operator: None,
        }
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
        let details = EventDetails::default().by(Actor::Application);
        self.revoke_with(handle, details).await
    }

    async fn revoke_with(
        &self,
        handle: Handle,
        details: EventDetails<'_>,
    ) -> Result<bool, StoreError> {
        let removed = self.store.remove(handle).await;
        let removed = removed.map_err(self.failed_for(StoreOperation::Remove, details))?;
        if removed {
            self.revoked(handle, RevocationReason::Requested, details);
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
        let actor = Actor::Principal(principal);
        loop {
            let now = self.rules.clock.now();
            let loaded = self.store.load(handle, now).await;
            let loaded = loaded.map_err(self.failed(StoreOperation::Load))?;
            let own = loaded.filter(|record| record.principal() == Some(principal));
            let Some(record) = own else {
                return Ok(false);
            };
            let details = EventDetails::default().about(&record).by(actor);
            // Another principal may be signing in: only the session that was judged may end.
            let removed = self.store.remove_unchanged(&record).await;
            match removed.map_err(self.failed_for(StoreOperation::Remove, details))? {
                Removal::Removed => {
                    self.revoked(handle, RevocationReason::Requested, details);
                    return Ok(true);
                }
                Removal::Gone => return Ok(false),
                Removal::Changed => {}
            }
        }
    }

    /// Ends every session of a principal but one, and returns the handles of those that this call
    /// ended. A session that begins at the same time may remain.
    ///
    /// # Errors
    ///
    /// If the store fails; some sessions may still be active then, so retry.
    pub async fn revoke_others(
        &self,
        principal: &Principal,
        own: Handle,
    ) -> Result<Vec<Handle>, StoreError> {
        let owner = Owner::Principal(principal.clone());
        let mut revoked = Vec::new();
        let mut page = Page::default();
        loop {
            let listed = self.sessions(&owner, &page).await?;
            for summary in listed.sessions() {
                let handle = summary.handle();
                if handle != own && self.revoke_own(principal, handle).await? {
                    revoked.push(handle);
                }
            }
            match listed.next() {
                Some(cursor) => page = page.after(cursor),
                None => return Ok(revoked),
            }
        }
    }

    /// Ends every session of an owner, and returns their handles.
    ///
    /// # Errors
    ///
    /// If the store fails; some sessions may still be active then, so retry.
    pub async fn revoke_all(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        self.revoke_all_as(owner, Actor::Application).await
    }

    /// As [`revoke_all`](Self::revoke_all), with an actor for the events.
    ///
    /// # Errors
    ///
    /// As [`revoke_all`](Self::revoke_all).
    pub async fn revoke_all_as(
        &self,
        owner: &Owner,
        actor: Actor<'_>,
    ) -> Result<Vec<Handle>, StoreError> {
        let _sweeping = self.rules.to_end.begin(owner.key());
        self.revoke_for(owner, RevocationReason::Requested, actor)
            .await
    }

    pub(super) fn revoked(
        &self,
        handle: Handle,
        reason: RevocationReason,
        details: EventDetails<'_>,
    ) {
        let event = SessionEvent::Revoked { handle, reason };
        self.rules.emit(event, details);
    }
}

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, StoreError>> + Send + 'a>>;

/// A manager behind [`SessionAdmin`].
trait Administration: Send + Sync {
    fn sessions<'a>(&'a self, owner: &'a Owner, page: &'a Page) -> Answer<'a, SessionPage>;

    fn all_sessions<'a>(&'a self, page: &'a Page) -> Answer<'a, SessionPage>;

    fn count_sessions(&self) -> Answer<'_, usize>;

    fn revoke_everyone<'a>(&'a self, stays: Option<Handle>, actor: Actor<'a>) -> Answer<'a, usize>;

    fn revoke<'a>(&'a self, handle: Handle, actor: Actor<'a>) -> Answer<'a, bool>;

    fn revoke_own<'a>(&'a self, principal: &'a Principal, handle: Handle) -> Answer<'a, bool>;

    fn revoke_all<'a>(&'a self, owner: &'a Owner, actor: Actor<'a>) -> Answer<'a, Vec<Handle>>;

    fn revoke_certificate<'a>(
        &'a self,
        revocation: Revocation,
        actor: Actor<'a>,
    ) -> Answer<'a, Vec<Handle>>;

    fn revocations(&self) -> &RevocationList;

    fn health(&self) -> Pin<Box<dyn Future<Output = Health> + Send + '_>>;

    fn now(&self) -> Timestamp;
}

impl<S: SessionStore> Administration for SessionManager<S> {
    fn sessions<'a>(&'a self, owner: &'a Owner, page: &'a Page) -> Answer<'a, SessionPage> {
        Box::pin(Self::sessions(self, owner, page))
    }

    fn all_sessions<'a>(&'a self, page: &'a Page) -> Answer<'a, SessionPage> {
        Box::pin(Self::all_sessions(self, page))
    }

    fn count_sessions(&self) -> Answer<'_, usize> {
        Box::pin(Self::count_sessions(self))
    }

    fn revoke_everyone<'a>(&'a self, stays: Option<Handle>, actor: Actor<'a>) -> Answer<'a, usize> {
        Box::pin(self.revoke_everyone_as(stays, actor))
    }

    fn revoke<'a>(&'a self, handle: Handle, actor: Actor<'a>) -> Answer<'a, bool> {
        Box::pin(async move {
            // So that the event names whom it concerns. If the store fails, the end says so.
            let loaded = self.store.load(handle, Self::now(self)).await;
            let record = loaded.ok().flatten();
            let details = EventDetails::default().by(actor);
            let details = match &record {
                Some(record) => details.about(record),
                None => details,
            };
            self.revoke_with(handle, details).await
        })
    }

    fn revoke_own<'a>(&'a self, principal: &'a Principal, handle: Handle) -> Answer<'a, bool> {
        Box::pin(Self::revoke_own(self, principal, handle))
    }

    fn revoke_all<'a>(&'a self, owner: &'a Owner, actor: Actor<'a>) -> Answer<'a, Vec<Handle>> {
        Box::pin(self.revoke_all_as(owner, actor))
    }

    fn revoke_certificate<'a>(
        &'a self,
        revocation: Revocation,
        actor: Actor<'a>,
    ) -> Answer<'a, Vec<Handle>> {
        Box::pin(self.revoke_certificate_as(revocation, actor))
    }

    fn revocations(&self) -> &RevocationList {
        Self::revocations(self)
    }

    fn health(&self) -> Pin<Box<dyn Future<Output = Health> + Send + '_>> {
        Box::pin(Self::health(self))
    }

    fn now(&self) -> Timestamp {
        Self::now(self)
    }
}

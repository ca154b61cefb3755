//! The other sessions of the principal who is signed in: to list and end them.

use std::sync::Arc;

use certsession_core::{Actor, Handle, Owner, Page, SessionPage};

use super::RequestSession;
use crate::error::Error;
use crate::in_flight::EndStep;

impl RequestSession {
    /// The active sessions of the principal who is signed in, oldest first: one page of them, without
    /// their data. See [`Page`].
    ///
    /// ```
    /// # use certsession_core::Page;
    /// # use certsession_http::{Error, RequestSession};
    /// async fn list(session: RequestSession) -> Result<Vec<String>, Error> {
    ///     let page = session.sessions(&Page::default()).await?;
    ///     let lines = page.sessions().iter();
    ///     Ok(lines.map(|it| format!("{}, last used {}", it.handle(), it.last_seen_at())).collect())
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If no principal is signed in or the store fails.
    pub async fn sessions(&self, page: &Page) -> Result<SessionPage, Error> {
        let owner = Owner::Principal(self.signed_in()?);
        Ok(self.0.context.backend.sessions(&owner, page).await?)
    }

    /// Ends one session of the principal who is signed in. True if there was such a session.
    ///
    /// ```
    /// # use certsession_core::Handle;
    /// # use certsession_http::{Error, RequestSession};
    /// async fn end(session: RequestSession, handle: Handle) -> Result<u16, Error> {
    ///     Ok(if session.revoke(handle).await? { 204 } else { 404 })
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If no principal is signed in or the store fails.
    pub async fn revoke(&self, handle: Handle) -> Result<bool, Error> {
        let principal = self.signed_in()?;
        let this = self.clone();
        let end = EndStep::OwnSession(principal.clone(), handle);
        self.finish(Some(end), async move {
            let revoked = this
                .0
                .context
                .backend
                .revoke_own(&principal, handle)
                .await?;
            if revoked && this.handle() == Some(handle) {
                this.note_end();
                this.lock().mark_revoked(&[handle]);
            }
            Ok(revoked)
        })
        .await
    }

    /// Ends every session of the principal who is signed in, this one included, and returns how many
    /// there were. The changes of this request are dropped, and it can write nothing more.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// async fn sign_out_everywhere(session: RequestSession) -> Result<String, Error> {
    ///     Ok(format!("{} sessions ended", session.revoke_all().await?))
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If no principal is signed in or the store fails; some sessions may remain then.
    pub async fn revoke_all(&self) -> Result<usize, Error> {
        let principal = self.signed_in()?;
        let this = self.clone();
        let end = EndStep::AllOf(principal.clone());
        self.finish(Some(end), async move {
            let owner = Owner::Principal(principal.clone());
            let actor = Actor::Principal(&principal);
            let revoked = this.0.context.backend.revoke_all(&owner, actor).await?;
            this.note_end();
            this.lock().mark_revoked(&revoked);
            Ok(revoked.len())
        })
        .await
    }

    /// Ends every other session of the principal who is signed in, and returns how many this call
    /// ended. A session that begins at the same time may remain.
    ///
    /// ```
    /// # use certsession_http::{Error, RequestSession};
    /// async fn change_password(session: RequestSession) -> Result<(), Error> {
    ///     // ... the password was changed
    ///     session.revoke_others().await?;
    ///     session.rotate()
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// If no principal is signed in or the store fails; some sessions may remain then.
    pub async fn revoke_others(&self) -> Result<usize, Error> {
        let principal = self.signed_in()?;
        let backend = Arc::clone(&self.0.context.backend);
        // The session of a sign-in that is not committed yet is not among them.
        let Some(own) = self.handle() else {
            let end = EndStep::AllOf(principal.clone());
            let step = async move {
                let owner = Owner::Principal(principal.clone());
                let actor = Actor::Principal(&principal);
                Ok(backend.revoke_all(&owner, actor).await?.len())
            };
            return self.finish(Some(end), step).await;
        };
        let end = EndStep::OthersOf(principal.clone(), own);
        let step = async move { Ok(backend.revoke_others(&principal, own).await?.len()) };
        self.finish(Some(end), step).await
    }
}

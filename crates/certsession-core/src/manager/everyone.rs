//! Listing, counting and ending everyone's sessions: what an operator does.

use super::SessionManager;
use crate::event::{RevocationReason, StoreOperation};
use crate::event_details::{Actor, EventDetails};
use crate::handle::Handle;
use crate::store::{Page, SessionPage, SessionStore, StoreError};

impl<S: SessionStore> SessionManager<S> {
    /// The live sessions of everyone, one page at a time, without their data: with a principal or
    /// without. The list ends where a page names no next one; a page may have fewer sessions than
    /// its limit, none even, or a few more, and a session may be on two.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn all_sessions(&self, page: &Page) -> Result<SessionPage, StoreError> {
        let now = self.rules.clock.now();
        let sessions = self.store.all_sessions(page, now).await;
        sessions.map_err(self.failed(StoreOperation::Sessions))
    }

    /// How many live sessions there are, counted page by page: the cost grows with their number.
    /// Those that begin or end meanwhile may count or not. For a metric, take
    /// [`SessionStore::live_sessions`] where the store has it.
    ///
    /// # Errors
    ///
    /// If the store fails.
    pub async fn count_sessions(&self) -> Result<usize, StoreError> {
        let (mut count, mut page) = (0, Page::at_most(Page::LARGEST));
        loop {
            let listed = self.all_sessions(&page).await?;
            count += listed.sessions().len();
            match listed.next() {
                Some(cursor) => page = page.after(cursor),
                None => return Ok(count),
            }
        }
    }

    /// Ends every session of everyone, and returns how many this call ended. Those that begin
    /// meanwhile may remain.
    ///
    /// # Errors
    ///
    /// If the store fails for one of them; the others end nevertheless, so retry.
    pub async fn revoke_everyone(&self) -> Result<usize, StoreError> {
        self.revoke_everyone_as(None, Actor::Application).await
    }

    /// As [`revoke_everyone`](Self::revoke_everyone), but this session stays: the operator's own.
    ///
    /// # Errors
    ///
    /// As [`revoke_everyone`](Self::revoke_everyone).
    pub async fn revoke_everyone_but(&self, own: Handle) -> Result<usize, StoreError> {
        self.revoke_everyone_as(Some(own), Actor::Application).await
    }

    /// As [`revoke_everyone`](Self::revoke_everyone), with an actor for the events, and a session that
    /// stays, if there is one.
    ///
    /// # Errors
    ///
    /// As [`revoke_everyone`](Self::revoke_everyone).
    pub async fn revoke_everyone_as(
        &self,
        stays: Option<Handle>,
        actor: Actor<'_>,
    ) -> Result<usize, StoreError> {
        let (mut ended, mut failure) = (0, None);
        let mut page = Page::at_most(Page::LARGEST);
        loop {
            let listed = self.all_sessions(&page).await?;
            let readable = listed.sessions().iter();
            let readable = readable.map(|it| (it.handle(), EventDetails::default().of_session(it)));
            let unreadable = listed.unreadable().iter();
            let unreadable = unreadable.map(|handle| (*handle, EventDetails::default()));
            for (handle, details) in readable.chain(unreadable) {
                if Some(handle) == stays {
                    continue;
                }
                let details = details.by(actor);
                let removed = self.store.remove(handle).await;
                match removed.map_err(self.failed_for(StoreOperation::Remove, details)) {
                    Ok(true) => {
                        ended += 1;
                        self.revoked(handle, RevocationReason::Requested, details);
                    }
                    Ok(false) => {}
                    Err(error) => failure = Some(error),
                }
            }
            match listed.next() {
                Some(cursor) => page = page.after(cursor),
                None => return failure.map_or(Ok(ended), Err),
            }
        }
    }
}

//! The session manager as a trait object, so that handlers need not name the type of the store.

use std::future::Future;
use std::pin::Pin;
use std::time::Duration;

use certsession_core::{
    Actor, CommitResult, Handle, Owner, Page, PendingCommit, Principal, SessionManager,
    SessionPage, SessionStore, SessionWatch, StoreError, Timestamp,
};

pub(crate) type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// What a request's session asks of the rules. Only calls that wait for the store pay for the box.
pub(crate) trait Backend: Send + Sync {
    fn execute(&self, pending: PendingCommit) -> BoxFuture<'_, CommitResult>;

    fn sessions<'a>(
        &'a self,
        owner: &'a Owner,
        page: &'a Page,
    ) -> BoxFuture<'a, Result<SessionPage, StoreError>>;

    fn revoke_own<'a>(
        &'a self,
        principal: &'a Principal,
        handle: Handle,
    ) -> BoxFuture<'a, Result<bool, StoreError>>;

    fn revoke_others<'a>(
        &'a self,
        principal: &'a Principal,
        own: Handle,
    ) -> BoxFuture<'a, Result<Vec<Handle>, StoreError>>;

    fn revoke_all<'a>(
        &'a self,
        owner: &'a Owner,
        actor: Actor<'a>,
    ) -> BoxFuture<'a, Result<Vec<Handle>, StoreError>>;

    fn active_until<'a>(
        &'a self,
        watch: &'a SessionWatch,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>>;

    fn end_notification<'a>(&'a self, watch: &'a SessionWatch) -> BoxFuture<'a, ()>;

    fn has_good_certificate(&self, watch: &SessionWatch) -> bool;

    fn watch_interval(&self) -> Duration;

    fn now(&self) -> Timestamp;
}

impl<S: SessionStore> Backend for SessionManager<S> {
    fn execute(&self, pending: PendingCommit) -> BoxFuture<'_, CommitResult> {
        Box::pin(SessionManager::execute(self, pending))
    }

    fn sessions<'a>(
        &'a self,
        owner: &'a Owner,
        page: &'a Page,
    ) -> BoxFuture<'a, Result<SessionPage, StoreError>> {
        Box::pin(SessionManager::sessions(self, owner, page))
    }

    fn revoke_own<'a>(
        &'a self,
        principal: &'a Principal,
        handle: Handle,
    ) -> BoxFuture<'a, Result<bool, StoreError>> {
        Box::pin(SessionManager::revoke_own(self, principal, handle))
    }

    fn revoke_others<'a>(
        &'a self,
        principal: &'a Principal,
        own: Handle,
    ) -> BoxFuture<'a, Result<Vec<Handle>, StoreError>> {
        Box::pin(SessionManager::revoke_others(self, principal, own))
    }

    fn revoke_all<'a>(
        &'a self,
        owner: &'a Owner,
        actor: Actor<'a>,
    ) -> BoxFuture<'a, Result<Vec<Handle>, StoreError>> {
        Box::pin(SessionManager::revoke_all_as(self, owner, actor))
    }

    fn active_until<'a>(
        &'a self,
        watch: &'a SessionWatch,
    ) -> BoxFuture<'a, Result<Option<Timestamp>, StoreError>> {
        Box::pin(SessionManager::active_until(self, watch))
    }

    fn end_notification<'a>(&'a self, watch: &'a SessionWatch) -> BoxFuture<'a, ()> {
        Box::pin(SessionManager::end_notification(self, watch))
    }

    fn has_good_certificate(&self, watch: &SessionWatch) -> bool {
        SessionManager::has_good_certificate(self, watch)
    }

    fn watch_interval(&self) -> Duration {
        self.store().watch_interval()
    }

    fn now(&self) -> Timestamp {
        SessionManager::now(self)
    }
}

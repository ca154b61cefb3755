//! The operations of the store contract.
//!
//! | file | purpose |
//! |---|---|
//! | `create` | creating a record |
//! | `commit` | changing a record |
//! | `end` | ending one session, or all of an owner |
//! | `read` | reading one record, or a page of an owner's sessions |
//! | `scan` | a page of everyone's sessions |

mod commit;
mod create;
mod end;
mod read;
mod scan;

use std::sync::Arc;

use certsession_core::{
    Admission, Commit, Creation, Handle, Outcome, Owner, Page, Record, Removal, SessionPage,
    SessionStore, StoreError, Timestamp,
};

use crate::connection::Connections;
use crate::redis_store::RedisStore;

/// Rare operations are boxed: each request's future has room for the largest operation in it, and
/// pays for moving that.
impl SessionStore for RedisStore {
    async fn create(
        &self,
        record: Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Result<Creation, StoreError> {
        Box::pin(self.create_record(&record, admission, now)).await
    }

    fn load(
        &self,
        handle: Handle,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Arc<Record>>, StoreError>> + Send {
        self.load_record(handle, now)
    }

    fn near(&self, handle: Handle, now: Timestamp) -> Option<Arc<Record>> {
        let record = self.connections.near(handle)?;
        (!record.is_expired(now)).then_some(record)
    }

    // No `async fn`: the commit would be in the future twice.
    fn commit(&self, commit: Commit) -> impl Future<Output = Result<Outcome, StoreError>> + Send {
        let changing = self.changing(commit.handle());
        async move {
            let outcome = self.commit_change(&commit).await;
            drop(changing);
            outcome
        }
    }

    async fn remove(&self, handle: Handle) -> Result<bool, StoreError> {
        Box::pin(self.end(handle)).await
    }

    async fn remove_unchanged(&self, loaded: &Record) -> Result<Removal, StoreError> {
        Box::pin(self.end_unchanged(loaded)).await
    }

    async fn sessions(
        &self,
        owner: &Owner,
        page: &Page,
        now: Timestamp,
    ) -> Result<SessionPage, StoreError> {
        Box::pin(self.list(&owner.key(), page, now)).await
    }

    async fn all_sessions(&self, page: &Page, now: Timestamp) -> Result<SessionPage, StoreError> {
        Box::pin(self.list_all(page, now)).await
    }

    async fn end_oldest(
        &self,
        owner: &Owner,
        most: usize,
        keep: usize,
        now: Timestamp,
    ) -> Result<Vec<Handle>, StoreError> {
        Box::pin(self.end_excess(&owner.key(), most, keep, now)).await
    }

    async fn revoke(&self, owner: &Owner) -> Result<Vec<Handle>, StoreError> {
        Box::pin(self.end_all(&owner.key())).await
    }

    async fn end_notification(&self, handle: Handle) {
        self.end_notifications
            .wait_for(handle, &self.connections, &self.keys)
            .await;
    }
}

impl RedisStore {
    /// Returns a guard for an operation that may change a record.
    fn changing(&self, handle: Handle) -> Changing<'_> {
        let connections = &self.connections;
        Changing {
            connections,
            handle,
        }
    }
}

/// A guard for an operation that may change a record: when it is dropped, the copies of the record
/// are dropped too, however the operation ends.
struct Changing<'s> {
    connections: &'s Connections,
    handle: Handle,
}

impl Drop for Changing<'_> {
    fn drop(&mut self) {
        self.connections.forget(self.handle);
    }
}

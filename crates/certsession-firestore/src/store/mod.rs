//! The store contract, step by step.
//!
//! | file | purpose |
//! |---|---|
//! | `create` | a new record |
//! | `commit` | a change to a record |
//! | `admission` | the limit on a principal's sessions |
//! | `end` | ending one session, or all of an owner |
//! | `read` | a record, or a page of an owner's or of everyone's sessions |

mod admission;
mod commit;
mod create;
mod end;
mod read;

use std::sync::Arc;
use std::time::Duration;

use certsession_core::{
    Admission, Commit, Creation, Handle, Outcome, Owner, Page, Record, Removal, SessionPage,
    SessionStore, StoreError, Timestamp,
};

use crate::firestore_store::FirestoreStore;
use crate::layout::MAX_RECORD_SIZE;

/// Each step is boxed: beside a call to the database an allocation is nothing, and each request's
/// future has room for the largest step in it.
impl SessionStore for FirestoreStore {
    async fn create(
        &self,
        record: Arc<Record>,
        admission: Option<Admission>,
        now: Timestamp,
    ) -> Result<Creation, StoreError> {
        Box::pin(self.create_record(&record, admission, now)).await
    }

    async fn load(
        &self,
        handle: Handle,
        now: Timestamp,
    ) -> Result<Option<Arc<Record>>, StoreError> {
        let loaded = Box::pin(self.fetch(handle)).await?;
        match loaded {
            Some(record) if record.is_expired(now) => {
                Box::pin(self.end_expired(&record, now)).await
            }
            record => Ok(record),
        }
    }

    async fn commit(&self, commit: Commit) -> Result<Outcome, StoreError> {
        Box::pin(self.commit_change(&commit)).await
    }

    async fn remove(&self, handle: Handle) -> Result<bool, StoreError> {
        Box::pin(self.end(handle)).await
    }

    async fn remove_unchanged(&self, loaded: &Record) -> Result<Removal, StoreError> {
        Box::pin(self.end_as_loaded(loaded)).await
    }

    async fn sessions(
        &self,
        owner: &Owner,
        page: &Page,
        now: Timestamp,
    ) -> Result<SessionPage, StoreError> {
        Box::pin(self.list(Some(&owner.key()), page, now)).await
    }

    async fn all_sessions(&self, page: &Page, now: Timestamp) -> Result<SessionPage, StoreError> {
        Box::pin(self.list(None, page, now)).await
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
        self.end_notifications.wait_for(handle).await;
    }

    fn watch_interval(&self) -> Duration {
        self.watch_interval
    }

    fn max_record_size(&self) -> usize {
        MAX_RECORD_SIZE
    }
}

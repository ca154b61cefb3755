//! The store contract, step by step.
//!
//! | file | purpose |
//! |---|---|
//! | `create` | a new record |
//! | `commit` | a change to a record |
//! | `admission` | the limit on a principal's sessions |
//! | `end` | ending one session, or all of an owner |
//! | `read` | a record, or all of an owner |

mod admission;
mod commit;
mod create;
mod end;
mod read;

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use certsession_core::{
    Admission, Commit, Creation, Handle, Outcome, Owner, Record, SessionStore, StoreError,
    Timestamp,
};

use crate::FirestoreStoreBuilder;
use crate::client::Client;
use crate::end_notifications::EndNotifications;
use crate::error::ConnectError;
use crate::layout::MAX_RECORD_SIZE;
use admission::Queues;

/// Keeps sessions in Cloud Firestore.
///
/// A request that reads costs one round trip, one that writes a second, and one without a session
/// cookie none. A sign-in under a limit on sessions costs two.
///
/// ```no_run
/// use certsession_core::SessionManager;
/// use certsession_firestore::FirestoreStore;
///
/// # async fn open() -> Result<(), certsession_firestore::ConnectError> {
/// let store = FirestoreStore::connect("firestore://my-project").await?;
/// let sessions = SessionManager::new(store);
/// # Ok(())
/// # }
/// ```
pub struct FirestoreStore {
    client: Arc<Client>,
    queues: Queues,
    end_notifications: EndNotifications,
    watch_interval: Duration,
}

impl FirestoreStore {
    pub(crate) fn over(client: Client, watch_interval: Duration) -> Self {
        let client = Arc::new(client);
        Self {
            end_notifications: EndNotifications::new(Arc::clone(&client)),
            client,
            queues: Queues::new(),
            watch_interval,
        }
    }

    /// The store in the database of this URL, with every setting at its default.
    ///
    /// # Errors
    ///
    /// If the URL names no database, or the database is none that can be used.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder(url)?.connect().await
    }

    /// Settings for a store in the database of this URL:
    /// `firestore://PROJECT[/DATABASE][?collection=NAME&emulator=HOST:PORT]`.
    ///
    /// # Errors
    ///
    /// If the URL names no database.
    pub fn builder(url: &str) -> Result<FirestoreStoreBuilder, ConnectError> {
        FirestoreStoreBuilder::new(url)
    }
}

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
        Ok(loaded.filter(|record| !record.is_expired(now)))
    }

    async fn commit(&self, commit: Commit) -> Result<Outcome, StoreError> {
        Box::pin(self.commit_change(&commit)).await
    }

    async fn remove(&self, handle: Handle) -> Result<bool, StoreError> {
        Box::pin(self.end(handle)).await
    }

    async fn sessions(
        &self,
        owner: &Owner,
        now: Timestamp,
    ) -> Result<Vec<Arc<Record>>, StoreError> {
        Box::pin(self.list(&owner.key(), now)).await
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

impl fmt::Debug for FirestoreStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirestoreStore")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

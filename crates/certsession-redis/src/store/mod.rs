//! The operations of the store contract.
//!
//! | file | purpose |
//! |---|---|
//! | `create` | creating a record |
//! | `commit` | changing a record |
//! | `end` | ending one session, or all of an owner |
//! | `read` | reading one record, or all of an owner |

mod commit;
mod create;
mod end;
mod read;

use std::fmt;
use std::sync::Arc;

use certsession_core::{
    Admission, Commit, Creation, Handle, Outcome, Owner, Record, SessionStore, StoreError,
    Timestamp,
};

use crate::RedisStoreBuilder;
use crate::connection::Connections;
use crate::end_notifications::EndNotifications;
use crate::error::ConnectError;
use crate::keys::Keys;

/// A store that keeps sessions in Redis or Valkey.
///
/// It uses one key for each session, and one for each owner of sessions. Every operation is atomic
/// on the one key that it touches, so the same operations run on a single server and on a cluster.
/// A request that reads costs one round trip, one that writes a second, and one without a session
/// cookie none.
///
/// ```no_run
/// use certsession_core::SessionManager;
/// use certsession_redis::RedisStore;
///
/// # async fn open() -> Result<(), certsession_redis::ConnectError> {
/// let store = RedisStore::connect("redis://127.0.0.1:6379").await?;
/// let sessions = SessionManager::new(store);
/// # Ok(())
/// # }
/// ```
pub struct RedisStore {
    pub(crate) connections: Arc<Connections>,
    pub(crate) keys: Keys,
    pub(crate) end_notifications: EndNotifications,
}

impl RedisStore {
    pub(crate) fn over(connections: Connections, keys: Keys) -> Self {
        Self {
            connections: Arc::new(connections),
            keys,
            end_notifications: EndNotifications::new(),
        }
    }

    /// Creates a store on the server or servers of this URL, with default settings.
    ///
    /// # Errors
    ///
    /// If the URL is not that of a Redis server, or the server is not usable.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder(url)?.connect().await
    }

    /// Returns a builder for a store on the server or servers of this URL:
    ///
    /// | URL | server |
    /// |---|---|
    /// | `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]` | a single server, over TCP |
    /// | `redis+unix:///SOCKET[?db=DATABASE&user=USER&pass=PASSWORD]` | a single server, over a Unix socket |
    /// | `redis-cluster://[USER:PASSWORD@]HOST:PORT,HOST:PORT` | a cluster, by some of its nodes |
    /// | `redis-sentinel://[USER:PASSWORD@]HOST:PORT,HOST:PORT/NAME` | the master that Sentinel reports |
    /// | `rediss…` in place of `redis…` | the same, over TLS |
    ///
    /// # Errors
    ///
    /// If the URL is not that of a Redis server.
    pub fn builder(url: &str) -> Result<RedisStoreBuilder, ConnectError> {
        RedisStoreBuilder::new(url)
    }
}

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

    async fn commit(&self, commit: Commit) -> Result<Outcome, StoreError> {
        let _changing = self.changing(commit.handle());
        self.commit_change(&commit).await
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

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("connections", &self.connections)
            .field("keys", &self.keys)
            .finish()
    }
}

//! The store: its connections and its keys.

use std::fmt;
use std::sync::Arc;

use crate::connection::Connections;
use crate::end_notifications::EndNotifications;
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
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisStore")
            .field("connections", &self.connections)
            .field("keys", &self.keys)
            .finish()
    }
}

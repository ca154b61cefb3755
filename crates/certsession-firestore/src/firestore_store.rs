//! The store, and what it is made of.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use crate::client::Client;
use crate::end_notifications::EndNotifications;
use crate::queues::Queues;

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
    pub(crate) client: Arc<Client>,
    pub(crate) queues: Queues,
    pub(crate) end_notifications: EndNotifications,
    pub(crate) watch_interval: Duration,
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
}

impl fmt::Debug for FirestoreStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FirestoreStore")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}

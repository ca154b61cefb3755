//! Where a handler waits until the test lets it go on.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;

/// Where a handler waits until the test lets it go on.
#[derive(Clone)]
pub struct Held {
    arrived: Arc<Semaphore>,
    released: Arc<Semaphore>,
}

impl Held {
    /// A place where no one waits yet.
    #[allow(clippy::new_without_default, reason = "a place is made on purpose")]
    pub fn new() -> Self {
        Self {
            arrived: Arc::new(Semaphore::new(0)),
            released: Arc::new(Semaphore::new(0)),
        }
    }

    /// Waits until a handler has come here.
    ///
    /// # Panics
    ///
    /// If none comes within ten seconds.
    pub async fn arrived(&self) {
        let arrived = self.arrived.acquire();
        let waited = tokio::time::timeout(Duration::from_secs(10), arrived).await;
        waited.expect("no handler came").unwrap().forget();
    }

    /// Lets one handler go on.
    pub fn release(&self) {
        self.released.add_permits(1);
    }

    /// Waits, in a handler, until the test lets it go on.
    ///
    /// # Panics
    ///
    /// Never: the semaphore is not closed.
    pub async fn wait(&self) {
        self.arrived.add_permits(1);
        self.released.acquire().await.unwrap().forget();
    }
}

//! Holds a handler between its read and its write.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// The gate where a slow handler waits. Clones are the same gate; handlers pass in the order of
/// arrival.
#[derive(Clone, Debug)]
pub(crate) struct Gate(Arc<Sides>);

#[derive(Debug)]
struct Sides {
    arrived: Semaphore,
    open: Semaphore,
}

impl Gate {
    pub(crate) fn new() -> Self {
        Self(Arc::new(Sides {
            arrived: Semaphore::new(0),
            open: Semaphore::new(0),
        }))
    }

    /// The handler's side: waits until the gate opens.
    pub(crate) async fn pass(&self) {
        self.0.arrived.add_permits(1);
        take(&self.0.open).await;
    }

    /// The scenario's side: waits until one handler has arrived.
    pub(crate) async fn arrival(&self) {
        take(&self.0.arrived).await;
    }

    /// Lets one handler continue.
    pub(crate) fn open(&self) {
        self.0.open.add_permits(1);
    }
}

async fn take(semaphore: &Semaphore) {
    // The semaphore is never closed.
    if let Ok(permit) = semaphore.acquire().await {
        permit.forget();
    }
}

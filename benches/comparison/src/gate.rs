//! Holds a handler between its read and its write.

use std::sync::Arc;

use tokio::sync::Semaphore;

/// Where a slow handler waits. A clone is the same gate; they pass in the order of arrival.
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

    /// The handler's side: waits until it may go on.
    pub(crate) async fn pass(&self) {
        self.0.arrived.add_permits(1);
        take(&self.0.open).await;
    }

    /// The scenario's side: waits until one handler has arrived.
    pub(crate) async fn arrival(&self) {
        take(&self.0.arrived).await;
    }

    /// Lets one handler go on.
    pub(crate) fn open(&self) {
        self.0.open.add_permits(1);
    }
}

async fn take(semaphore: &Semaphore) {
    // It is never closed.
    if let Ok(permit) = semaphore.acquire().await {
        permit.forget();
    }
}

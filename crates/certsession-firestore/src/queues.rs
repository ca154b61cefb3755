//! Where the sign-ins of one principal wait for each other.

use std::time::Duration;

use certsession_core::OwnerKey;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::timeout;

/// How many queues there are: principals that share one merely wait for each other.
const QUEUES: usize = 1024;

/// Where the sign-ins of one principal in this process wait for each other: they would only take
/// the turn from each other. Where one more is refused, most write nothing, and only those wait who
/// have lost a turn. It is for speed alone; what holds the limit is the database.
pub(crate) struct Queues(Box<[Mutex<()>]>);

impl Queues {
    pub(crate) fn new() -> Self {
        Self((0..QUEUES).map(|_| Mutex::default()).collect())
    }

    /// A place at the head of the queue. `None` if it takes too long: a database that is down
    /// shall not make one sign-in wait for the time-outs of all before it.
    pub(crate) async fn join(
        &self,
        owner: &OwnerKey,
        patience: Duration,
    ) -> Option<MutexGuard<'_, ()>> {
        let [first, second, ..] = *owner.as_bytes();
        let number = usize::from(u16::from_be_bytes([first, second]));
        let queue = self.0[number % QUEUES].lock();
        timeout(patience, queue).await.ok()
    }
}

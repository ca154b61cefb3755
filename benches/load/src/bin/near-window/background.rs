//! The other sessions that the reading node serves.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use certsession_benches::{Client, Random};
use certsession_core::SessionManager;
use certsession_redis::RedisStore;
use tokio::task::JoinHandle;

use crate::Fault;

/// How many sessions the readers read: more than one each.
pub(crate) const SESSIONS: usize = 1_000;

/// One read of this many uses the server although there is a copy.
const PAST_COPIES: usize = 16;

/// The longest pause of a reader between two reads, in milliseconds.
const PAUSE: usize = 8;

/// Readers in the runtime of the reading node.
pub(crate) struct Background {
    began: Instant,
    is_over: Arc<AtomicBool>,
    readers: Vec<JoinHandle<Result<u64, String>>>,
}

impl Background {
    /// Starts the readers, within that runtime.
    pub(crate) fn start(
        node: &SessionManager<RedisStore>,
        clients: Vec<Client>,
        readers: usize,
    ) -> Self {
        let clients = Arc::new(clients);
        let is_over = Arc::new(AtomicBool::new(false));
        let start = |number| {
            let random = Random::numbered(number as u64);
            let (clients, is_over) = (Arc::clone(&clients), Arc::clone(&is_over));
            tokio::spawn(read(node.clone(), clients, random, is_over))
        };
        Self {
            began: Instant::now(),
            readers: (0..readers).map(start).collect(),
            is_over,
        }
    }

    /// Stops the readers; returns how many sessions they have read per second.
    pub(crate) async fn stop(self) -> Result<f64, Fault> {
        self.is_over.store(true, Ordering::Relaxed);
        let lasted = self.began.elapsed();
        let mut reads = 0;
        for reader in self.readers {
            reads += reader.await??;
        }
        Ok(reads as f64 / lasted.as_secs_f64())
    }
}

/// Reads one session after another; returns how many it has read.
async fn read(
    node: SessionManager<RedisStore>,
    clients: Arc<Vec<Client>>,
    mut random: Random,
    is_over: Arc<AtomicBool>,
) -> Result<u64, String> {
    let mut reads = 0;
    while !is_over.load(Ordering::Relaxed) {
        let client = &clients[random.below(clients.len())];
        let opened = match random.below(PAST_COPIES) {
            0 => node.open(client.presented(), client.peer()).await,
            _ => node.open_near(client.presented(), client.peer()).await,
        };
        let session = opened.map_err(|error| error.to_string())?;
        if session.handle().is_none() {
            return Err("a session that was not ended is not accepted".to_owned());
        }
        reads += 1;
        let pause = 1 + random.below(PAUSE) as u64;
        tokio::time::sleep(Duration::from_millis(pause)).await;
    }
    Ok(reads)
}

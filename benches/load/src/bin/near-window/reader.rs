//! The reading node, and its observations.

use std::sync::mpsc::{self, Receiver, Sender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use certsession_benches::Client;
use certsession_core::{Clock, SessionManager, SessionStore, SystemClock};
use certsession_redis::RedisStore;

use crate::background::Background;
use crate::cause::Cause;
use crate::{Fault, MAX_AGE};

/// After this time the benchmark fails. No copy can be that old.
const PATIENCE: Duration = Duration::from_secs(5);

/// The task of the reading node.
pub(crate) struct Task {
    pub(crate) url: String,
    /// The cause for dropping the copies.
    pub(crate) cause: Cause,
    /// The clients whose sessions it opens, one after another.
    pub(crate) clients: Vec<Client>,
    /// The clients whose sessions the other readers read.
    pub(crate) others: Vec<Client>,
    pub(crate) readers: usize,
}

/// The running reading node.
pub(crate) struct Reader {
    copied: Receiver<()>,
    thread: JoinHandle<Result<Seen, String>>,
}

/// Its observations.
pub(crate) struct Seen {
    /// When each copy was dropped.
    pub(crate) gone: Vec<Gone>,
    /// How many sessions per second the other readers read.
    pub(crate) reads: f64,
}

/// The observation that a copy was dropped.
pub(crate) struct Gone {
    /// When the first attempt started that found it dropped.
    pub(crate) at: Instant,
    /// How long before that the last other attempt started.
    pub(crate) unseen: Duration,
}

impl Reader {
    /// Starts it on a thread with a runtime of its own.
    pub(crate) fn start(task: Task) -> Result<Self, Fault> {
        let (copied_here, copied) = mpsc::channel();
        let thread = thread::Builder::new()
            .name("reader".to_owned())
            .spawn(move || work(task, &copied_here).map_err(|fault| fault.to_string()))?;
        Ok(Self { copied, thread })
    }

    /// Waits until it has a copy of the next session.
    pub(crate) fn wait_for_copy(&self) -> Result<(), Fault> {
        let copied = self.copied.recv_timeout(2 * PATIENCE);
        Ok(copied.map_err(|error| format!("the reading node has no copy: {error}"))?)
    }

    /// Waits until it has watched every session; if the next one is not ended, it fails.
    pub(crate) fn join(self) -> Result<Seen, Fault> {
        drop(self.copied);
        let seen = self
            .thread
            .join()
            .map_err(|_| "the reading node panicked")?;
        Ok(seen?)
    }
}

fn work(task: Task, copied: &Sender<()>) -> Result<Seen, Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(look_at_all(task, copied))
}

async fn look_at_all(task: Task, copied: &Sender<()>) -> Result<Seen, Fault> {
    let store = RedisStore::builder(&task.url)?.near_cache(MAX_AGE);
    let node = SessionManager::new(store.connect().await?);
    let background = Background::start(&node, task.others, task.readers);
    let mut gone = Vec::with_capacity(task.clients.len());
    for client in &task.clients {
        // Let other tasks run, and keep the store from running out of room for copies.
        tokio::time::sleep(Duration::from_millis(1)).await;
        copy(&node, client).await?;
        gone.push(look(&node, client, task.cause, copied).await?);
        task.cause.check_after(&node, client).await?;
    }
    let reads = background.stop().await?;
    Ok(Seen { gone, reads })
}

/// Reads a session, so that there is a copy.
async fn copy(node: &SessionManager<RedisStore>, client: &Client) -> Result<(), Fault> {
    let session = node.open(client.presented(), client.peer()).await?;
    if session.handle().is_none() {
        return Err("a session that was not ended is not accepted".into());
    }
    match has_copy(node, client)? {
        true => Ok(()),
        false => Err("there is no copy of a session that was just read".into()),
    }
}

/// Opens the session until the copy is dropped.
async fn look(
    node: &SessionManager<RedisStore>,
    client: &Client,
    cause: Cause,
    copied: &Sender<()>,
) -> Result<Gone, Fault> {
    let first = Instant::now();
    copied.send(())?;
    let mut last = first;
    while last - first < PATIENCE {
        let at = Instant::now();
        if cause.is_seen(node, client).await? {
            let unseen = at - last;
            return Ok(Gone { at, unseen });
        }
        last = at;
        // A task of this runtime receives the notifications.
        tokio::task::yield_now().await;
    }
    Err(format!("after {PATIENCE:?} the session is still accepted").into())
}

/// Whether there is a copy of the session.
pub(crate) fn has_copy(node: &SessionManager<RedisStore>, client: &Client) -> Result<bool, Fault> {
    let copy = node.store().near(client.handle()?, SystemClock.now());
    Ok(copy.is_some())
}

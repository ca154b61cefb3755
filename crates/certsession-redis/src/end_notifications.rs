//! EndNotifications at sessions that ended, on this or another node: heard by publish and subscribe.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use certsession_core::Handle;
use futures_util::StreamExt;
use redis::RedisResult;
use tokio::sync::broadcast::{self, Receiver, Sender};
use tokio::task::JoinHandle;

use crate::connection::Connections;
use crate::keys::Keys;

/// How many end_notifications may wait for those who watch. Whoever is slower asks once for nothing.
const CAPACITY: usize = 256;

/// How long after a connection was lost the next is tried; each time in vain twice as long as
/// before, up to the longest.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Hears of sessions that ended, for as long as anybody has watched one.
pub(crate) struct EndNotifications {
    sender: Sender<Handle>,
    /// It lives in the runtime of whoever asked first, and is made anew where that has ended.
    listener: Mutex<Option<JoinHandle<()>>>,
}

impl EndNotifications {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::channel(CAPACITY).0,
            listener: Mutex::default(),
        }
    }

    /// Waits for a hint at this session, or for so many others that it may have been among them.
    pub(crate) async fn wait_for(
        &self,
        handle: Handle,
        connections: &Arc<Connections>,
        keys: &Keys,
    ) {
        if !connections.can_subscribe() {
            return std::future::pending().await;
        }
        let mut end_notifications = self.sender.subscribe();
        self.listen(connections, keys);
        while let Some(ended) = next(&mut end_notifications).await {
            if ended == handle {
                return;
            }
        }
    }

    fn listen(&self, connections: &Arc<Connections>, keys: &Keys) {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if listener.as_ref().is_none_or(JoinHandle::is_finished) {
            let (connections, keys) = (Arc::clone(connections), keys.clone());
            let sender = self.sender.clone();
            *listener = Some(tokio::spawn(async move {
                let mut pause = PAUSE;
                loop {
                    match relay(&connections, &keys, &sender).await {
                        Ok(()) => pause = PAUSE,
                        Err(error) => {
                            tracing::debug!(target: "certsession::redis", ?error, "no end_notifications for now");
                            pause = LONGEST_PAUSE.min(2 * pause);
                        }
                    }
                    tokio::time::sleep(pause).await;
                }
            }));
        }
    }
}

/// `None` if some were missed.
async fn next(end_notifications: &mut Receiver<Handle>) -> Option<Handle> {
    end_notifications.recv().await.ok()
}

/// Passes end_notifications on until the connection ends.
async fn relay(connections: &Connections, keys: &Keys, to: &Sender<Handle>) -> RedisResult<()> {
    let mut subscription = connections.subscribe(&keys.ended()).await?;
    let mut messages = subscription.on_message();
    while let Some(message) = messages.next().await {
        if let Some(handle) = keys.handle(message.get_payload_bytes()) {
            // Nobody may be watching just now.
            let _ = to.send(handle);
        }
    }
    Ok(())
}

impl Drop for EndNotifications {
    fn drop(&mut self) {
        let listener = self.listener.get_mut();
        if let Some(listener) = listener.unwrap_or_else(PoisonError::into_inner) {
            listener.abort();
        }
    }
}

impl fmt::Debug for EndNotifications {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EndNotifications(..)")
    }
}

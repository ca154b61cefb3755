//! Notifications about sessions that ended, on this node or another one, received by publish and
//! subscribe.

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

/// How many notifications can be buffered for a watcher. A slower watcher misses some, and then
/// checks its session once more than necessary.
const CAPACITY: usize = 256;

/// The pause before the first attempt to reconnect. It doubles with each failed attempt, up to the
/// longest.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Receives the notifications, once a session has been watched.
pub(crate) struct EndNotifications {
    sender: Sender<Handle>,
    /// Runs in the runtime of the first watcher, and is restarted when that runtime has ended.
    listener: Mutex<Option<JoinHandle<()>>>,
}

impl EndNotifications {
    pub(crate) fn new() -> Self {
        Self {
            sender: broadcast::channel(CAPACITY).0,
            listener: Mutex::default(),
        }
    }

    /// Waits for a notification about this session, or for so many about others that one may have
    /// been missed.
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
                            tracing::debug!(
                                target: "certsession::redis",
                                ?error,
                                "no notifications about ended sessions"
                            );
                            pause = LONGEST_PAUSE.min(2 * pause);
                        }
                    }
                    tokio::time::sleep(pause).await;
                }
            }));
        }
    }
}

/// `None` if some notifications were missed.
async fn next(end_notifications: &mut Receiver<Handle>) -> Option<Handle> {
    end_notifications.recv().await.ok()
}

/// Passes notifications on until the connection ends.
async fn relay(connections: &Connections, keys: &Keys, to: &Sender<Handle>) -> RedisResult<()> {
    let mut subscription = connections.subscribe(&keys.ended()).await?;
    let mut messages = subscription.on_message();
    while let Some(message) = messages.next().await {
        if let Some(handle) = keys.handle(message.get_payload_bytes()) {
            // Sending fails if no session is watched at the moment.
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

//! Notifications about sessions that ended, on this node or another one, received by publish and
//! subscribe.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use certsession_core::Handle;
use futures_util::StreamExt;
use redis::RedisResult;
use tokio::sync::watch;
use tokio::task::JoinHandle;

use crate::connection::Connections;
use crate::keys::Keys;

/// The pause before the first attempt to reconnect. It doubles with each failed attempt, up to the
/// longest.
const PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);

/// Receives the notifications, once a session has been watched: one connection for a node, whose
/// messages wake those who watch the session that ended, and no others.
pub(crate) struct EndNotifications {
    watched: Arc<Watched>,
    /// Runs in the runtime of the first watcher, and is restarted when that runtime has ended.
    listener: Mutex<Option<JoinHandle<()>>>,
}

/// The watched sessions. The watchers of one share a channel, whose sender is taken out and dropped
/// when the session has ended.
#[derive(Default)]
struct Watched(Mutex<HashMap<Handle, watch::Sender<()>>>);

/// One who watches a session.
struct Watcher<'w> {
    watched: &'w Watched,
    handle: Handle,
    ended: watch::Receiver<()>,
}

impl EndNotifications {
    pub(crate) fn new() -> Self {
        Self {
            watched: Arc::default(),
            listener: Mutex::default(),
        }
    }

    /// Waits for a notification about this session.
    pub(crate) async fn wait_for(
        &self,
        handle: Handle,
        connections: &Arc<Connections>,
        keys: &Keys,
    ) {
        if !connections.can_subscribe() {
            return std::future::pending().await;
        }
        let mut watcher = self.watched.watch(handle);
        self.listen(connections, keys);
        watcher.ended().await;
    }

    fn listen(&self, connections: &Arc<Connections>, keys: &Keys) {
        let mut listener = self.listener.lock().unwrap_or_else(PoisonError::into_inner);
        if listener.as_ref().is_none_or(JoinHandle::is_finished) {
            let (connections, keys) = (Arc::clone(connections), keys.clone());
            let watched = Arc::clone(&self.watched);
            *listener = Some(tokio::spawn(async move {
                let mut pause = PAUSE;
                loop {
                    match relay(&connections, &keys, &watched).await {
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

/// Passes notifications on until the connection ends.
async fn relay(connections: &Connections, keys: &Keys, watched: &Watched) -> RedisResult<()> {
    let mut subscription = connections.subscribe(&keys.ended()).await?;
    let mut messages = subscription.on_message();
    while let Some(message) = messages.next().await {
        if let Some(handle) = keys.handle(message.get_payload_bytes()) {
            watched.notify(handle);
        }
    }
    Ok(())
}

impl Watched {
    fn watch(&self, handle: Handle) -> Watcher<'_> {
        let mut sessions = self.lock();
        let session = sessions.entry(handle);
        let ended = session.or_insert_with(|| watch::channel(()).0).subscribe();
        Watcher {
            watched: self,
            handle,
            ended,
        }
    }

    /// Wakes those who watch this session.
    fn notify(&self, handle: Handle) {
        let ended = self.lock().remove(&handle);
        // Dropped without the lock: this is what wakes them.
        drop(ended);
    }

    /// Ignores poison: a panic elsewhere leaves a valid map.
    fn lock(&self) -> MutexGuard<'_, HashMap<Handle, watch::Sender<()>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Watcher<'_> {
    async fn ended(&mut self) {
        // Nothing is ever sent: an error says that the sender is gone.
        while self.ended.changed().await.is_ok() {}
    }
}

impl Drop for Watcher<'_> {
    fn drop(&mut self) {
        let mut sessions = self.watched.lock();
        // The last watcher takes the session out. A new channel may have taken the place of this
        // watcher's, if the session was notified and watched again.
        if let Some(ended) = sessions.get(&self.handle)
            && ended.receiver_count() == usize::from(self.ended.has_changed().is_ok())
        {
            sessions.remove(&self.handle);
        }
    }
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

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Waker};

    use super::*;

    fn handle(byte: u8) -> Handle {
        Handle::from_bytes([byte; Handle::LENGTH])
    }

    #[test]
    fn an_end_wakes_those_who_watch_that_session_and_no_others() {
        let watched = Watched::default();
        let context = &mut Context::from_waker(Waker::noop());
        let (mut one, mut other, mut third) = (
            watched.watch(handle(1)),
            watched.watch(handle(1)),
            watched.watch(handle(2)),
        );
        let mut waits = [pin!(one.ended()), pin!(other.ended())];
        let mut of_third = pin!(third.ended());
        for wait in &mut waits {
            assert!(wait.as_mut().poll(context).is_pending());
        }
        assert!(of_third.as_mut().poll(context).is_pending());
        watched.notify(handle(1));
        for wait in &mut waits {
            assert!(wait.as_mut().poll(context).is_ready());
        }
        assert!(of_third.as_mut().poll(context).is_pending());
        assert_eq!(watched.lock().len(), 1);
    }

    #[test]
    fn no_session_stays_that_no_one_watches() {
        let watched = Watched::default();
        let (first, second) = (watched.watch(handle(1)), watched.watch(handle(1)));
        drop(first);
        assert_eq!(watched.lock().len(), 1);
        watched.notify(handle(1));
        // It is watched again, while the one who was notified has not left yet.
        let again = watched.watch(handle(1));
        drop(second);
        assert_eq!(watched.lock().len(), 1);
        drop(again);
        assert_eq!(watched.lock().len(), 0);
    }
}

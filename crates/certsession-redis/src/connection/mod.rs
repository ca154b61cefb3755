//! The connections to the server or servers.
//!
//! | file | purpose |
//! |---|---|
//! | `client` | making connections: to one server, with Sentinel, to a cluster, from a pool |
//! | `check` | checks of a server before a store uses it |
//! | `link` | one connection, of any kind |
//! | `native` | whether the servers compare and set by themselves |
//! | `replacement` | the two ways to replace a record that has not changed |
//! | `nodes` | the servers that hold the keys, for listing all of them |
//! | `open` | how many there are, for metrics |
//! | `slot` | the connection of one thread, which reconnects when it breaks |

mod check;
mod client;
mod link;
mod native;
mod nodes;
mod open;
mod replacement;
mod slot;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use certsession_core::{Handle, Record, StoreError};
use redis::aio::PubSub;
use redis::{RedisError, RedisResult, ServerErrorKind, Value};

use crate::call::Call;
use crate::error::{ConnectError, store_error, timed_out, unexpected_result};
use crate::keys::Keys;
use crate::near::Lease;

pub(crate) use client::Client;
use link::Link;
pub(crate) use nodes::Node;
pub(crate) use replacement::{Replaced, Replacement};
use slot::Slot;

/// If there are more threads than this, they share connections.
const SLOTS: usize = 64;

/// The connections to the server: one for each thread that uses the store.
///
/// A task of the runtime that opened a connection drives it. If each worker has a runtime of its
/// own, as in actix, one shared connection would wake another thread for each request and be woken
/// by it in turn, which costs half as much again.
pub(crate) struct Connections {
    client: Client,
    slots: Box<[Slot]>,
    timeout: Duration,
    /// For the keys of probes.
    keys: Keys,
    /// Whether records are replaced by a script even where the server compares and sets by itself.
    scripts_only: bool,
}

/// The reply of the server.
pub(crate) struct Reply<T> {
    pub(crate) value: T,
    /// Whether the commands were sent twice because a connection was lost. The server may have
    /// executed them the first time too.
    pub(crate) is_repeated: bool,
}

impl<T> Reply<T> {
    const fn of_first(value: T) -> Self {
        Self {
            value,
            is_repeated: false,
        }
    }

    const fn of_second(value: T) -> Self {
        Self {
            value,
            is_repeated: true,
        }
    }
}

/// The connection that an operation uses, and how many replies had come over it before. It is small
/// because each request's future has room for it.
#[derive(Clone, Copy, Default)]
struct Used {
    number: u32,
    replies: u32,
}

impl Connections {
    pub(crate) fn new(client: Client, timeout: Duration, keys: Keys) -> Self {
        Self {
            client,
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            timeout,
            keys,
            scripts_only: false,
        }
    }

    pub(crate) fn with_scripts_only(self, scripts_only: bool) -> Self {
        Self {
            scripts_only,
            ..self
        }
    }

    /// Connects once, checks the server, tries a script, and logs how records will be replaced.
    pub(crate) async fn check(&self, probe: &Call) -> Result<(), ConnectError> {
        let checking = async {
            let mut link = self.client.check(probe).await?;
            // A server that is full refuses the probe, and still ends sessions. The first write
            // asks again.
            let _ = self.compares(&mut link).await;
            Ok(())
        };
        let checked = tokio::time::timeout(self.timeout, checking).await;
        checked.unwrap_or_else(|_| Err(ConnectError::of(self.client.address(), &timed_out())))
    }

    /// Whether connections for subscriptions are available.
    pub(crate) fn can_subscribe(&self) -> bool {
        self.client.can_subscribe()
    }

    /// Opens a separate connection that subscribes to a channel.
    pub(crate) async fn subscribe(&self, channel: &[u8]) -> RedisResult<PubSub> {
        let subscribing = async {
            let mut subscription = self.client.subscription().await?;
            subscription.subscribe(channel).await?;
            Ok(subscription)
        };
        let subscribed = tokio::time::timeout(self.timeout, subscribing).await;
        subscribed.unwrap_or_else(|_| Err(timed_out()))
    }

    /// Returns the copy of a record that was read over this thread's connection.
    pub(crate) fn near(&self, handle: Handle) -> Option<Arc<Record>> {
        self.client.near_cache()?;
        self.slot().near(handle)
    }

    /// Drops every copy of a record that this process has changed.
    pub(crate) fn forget(&self, handle: Handle) {
        if let Some(near_cache) = self.client.near_cache() {
            near_cache.forget(handle);
        }
    }

    /// Reads a record; if copies are kept, together with a lease to keep one.
    pub(crate) fn read_with_lease(
        &self,
        handle: Handle,
        call: &Call,
    ) -> impl Future<Output = Result<Reply<(Value, Option<Lease>)>, StoreError>> {
        self.try_twice(move |mut link| {
            let lease = link.lease(handle);
            async move { Ok((link.send(call.command()).await?, lease)) }
        })
    }

    /// Sends one command that is safe to execute twice. Waits at most for the timeout, including
    /// connecting.
    pub(crate) async fn call(&self, call: &Call) -> Result<Value, StoreError> {
        self.call_reporting_repeats(call)
            .await
            .map(|reply| reply.value)
    }

    /// The servers that hold the keys, sorted by their names: one, or the masters of a cluster.
    pub(crate) async fn nodes(&self) -> Result<Vec<Node>, StoreError> {
        if !self.client.is_cluster() {
            return Ok(vec![Node::default()]);
        }
        let slots = Call::plain("CLUSTER").arg("SLOTS");
        let nodes = nodes::read(self.call(&slots).await?);
        nodes.ok_or_else(|| unexpected_result("the slots of the cluster"))
    }

    /// As [`call`](Self::call), of one of the [`nodes`](Self::nodes).
    pub(crate) async fn call_at(&self, node: Node, call: &Call) -> Result<Value, StoreError> {
        let step = |mut link: Link| async move { link.send_to(node.slot, call.command()).await };
        self.try_twice(step).await.map(|reply| reply.value)
    }

    /// Like [`call`](Self::call), but also reports whether the command was sent twice.
    pub(crate) async fn call_reporting_repeats(
        &self,
        call: &Call,
    ) -> Result<Reply<Value>, StoreError> {
        self.try_twice(|link| try_call(link, call)).await
    }

    /// Replaces a record if it has not changed: by the server's own compare-and-set where it has
    /// that, and otherwise by a script.
    pub(crate) async fn replace(
        &self,
        replacement: &Replacement<'_>,
    ) -> Result<Reply<Replaced>, StoreError> {
        self.try_twice(|link| self.try_replace(link, replacement))
            .await
    }

    async fn try_replace(
        &self,
        mut link: Link,
        replacement: &Replacement<'_>,
    ) -> RedisResult<Replaced> {
        if self.compares(&mut link).await? {
            match link.send(replacement.native().command()).await {
                // A pool has connected to another server, or a cluster has another master.
                Err(error) if native::is_unsupported(&error) => link.native().set(false),
                reply => return reply.map(Replaced::Natively),
            }
        }
        let script = replacement.script();
        try_call(link, &script).await.map(Replaced::ByScript)
    }

    /// Whether the servers of a connection compare and set by themselves. Asks them once.
    async fn compares(&self, link: &mut Link) -> RedisResult<bool> {
        if let Some(known) = link.native().get() {
            return Ok(known);
        }
        let is_native = match self.scripts_only {
            true => false,
            // Boxed because it is rare.
            false => Box::pin(native::probe(link, &self.keys, self.client.is_cluster())).await?,
        };
        link.native().set(is_native);
        let by = match is_native {
            true => "SET IFEQ",
            false => "script",
        };
        tracing::info!(target: "certsession::redis", by, "records are replaced on this connection");
        Ok(is_native)
    }

    /// Sends several commands that the server executes in this order. On a cluster, waits for the
    /// reply to each before sending the next, because they may go to different servers.
    pub(crate) async fn in_order(&self, calls: &[Call]) -> Result<Reply<Vec<Value>>, StoreError> {
        if self.client.is_cluster() {
            let mut replies = Reply::of_first(Vec::with_capacity(calls.len()));
            for call in calls {
                let reply = self.call_reporting_repeats(call).await?;
                replies.value.push(reply.value);
                replies.is_repeated |= reply.is_repeated;
            }
            return Ok(replies);
        }
        self.try_twice(|link| try_in_order(link, calls)).await
    }

    /// Runs an operation over a connection, and retries it once over a new one if that connection
    /// was lost; both together take at most the timeout.
    async fn try_twice<T, F: Future<Output = RedisResult<T>>>(
        &self,
        step: impl Fn(Link) -> F,
    ) -> Result<Reply<T>, StoreError> {
        let slot = self.slot();
        let mut used = Used::default();
        let trying = async {
            let link = self.link(slot, &mut used).await?;
            match step(link).await {
                Err(error) if slot.has_lost(used.number, &error) => {}
                reply => return reply.map(Reply::of_first),
            }
            // Boxed because it is rare: not every request needs room for it.
            let again = async { step(self.link(slot, &mut used).await?).await };
            Box::pin(again).await.map(Reply::of_second)
        };
        let tried = tokio::time::timeout(self.timeout, trying).await;
        tried.map_or_else(
            |_| {
                // A server can disappear without closing the connection, so a connection that was
                // silent all this time is suspect. One over which other requests of this thread got
                // their replies is only slow, and they keep it.
                slot.drop_silent_link(used.number, used.replies);
                Err(store_error(timed_out()))
            },
            |reply| reply.map_err(store_error),
        )
    }

    /// Returns a connection, and notes which.
    async fn link(&self, slot: &Slot, used: &mut Used) -> RedisResult<Link> {
        let link = match slot.current() {
            Some(link) => link,
            // Boxed because it is rare, and connecting needs much room.
            None => Box::pin(self.new_link(slot)).await?,
        };
        *used = Used {
            number: link.number(),
            replies: link.replies(),
        };
        Ok(link)
    }

    async fn new_link(&self, slot: &Slot) -> RedisResult<Link> {
        match self.client.pooled().await? {
            Some(link) => Ok(link),
            None => slot.connect(&self.client).await,
        }
    }

    /// This thread's slot. An operation that moves to another thread keeps its slot.
    fn slot(&self) -> &Slot {
        static THREADS: AtomicUsize = AtomicUsize::new(0);
        thread_local! {
            static THREAD: usize = THREADS.fetch_add(1, Ordering::Relaxed);
        }
        let thread = THREAD.with(|thread| *thread);
        &self.slots[thread % SLOTS]
    }
}

async fn try_call(mut link: Link, call: &Call) -> RedisResult<Value> {
    match link.send(call.command()).await {
        Err(error) if is_unknown_script(&error) => {
            Box::pin(link.send(&call.command_with_source())).await
        }
        reply => reply,
    }
}

/// Sends the complete scripts: if a hash were unknown to the server, that script would fail, and
/// its retry would run after the scripts that should follow it.
async fn try_in_order(mut link: Link, calls: &[Call]) -> RedisResult<Vec<Value>> {
    link.send_in_order(calls.iter().map(Call::command_with_source))
        .await
}

fn is_unknown_script(error: &RedisError) -> bool {
    error.kind() == ServerErrorKind::NoScript.into()
}

impl fmt::Debug for Connections {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Connections")
            .field("client", &self.client)
            .field("timeout", &self.timeout)
            .finish_non_exhaustive()
    }
}

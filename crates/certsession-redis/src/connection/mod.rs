//! The connections to the server, or to the servers.
//!
//! | file | purpose |
//! |---|---|
//! | `client` | how a connection is made: to one server, by sentinels, to a cluster, from a pool |
//! | `check` | what has to be true of a server before a store uses it |
//! | `link` | one connection, whichever kind it is |
//! | `slot` | the connection of one thread, which is made again when it breaks |

mod check;
mod client;
mod link;
mod slot;

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use certsession_core::{Handle, Record, StoreError};
use redis::aio::PubSub;
use redis::{RedisError, RedisResult, ServerErrorKind, Value};

use crate::call::Call;
use crate::error::{ConnectError, store_error, timed_out};
use crate::near::Lease;

pub(crate) use client::Client;
use link::Link;
use slot::Slot;

/// More threads than this share connections.
const SLOTS: usize = 64;

/// The connections to the server: one for each thread that asks.
///
/// A connection is driven by a task of the runtime that made it. Where each worker has a runtime
/// of its own, as in actix, a connection that all shared would wake another thread for each
/// request and be woken by it, which costs half as much again.
pub(crate) struct Connections {
    client: Client,
    slots: Box<[Slot]>,
    timeout: Duration,
}

/// What the server answered.
pub(crate) struct Answer<T> {
    pub(crate) value: T,
    /// Whether the commands were sent twice, since a connection was lost: the server may have
    /// taken them the first time, too.
    pub(crate) is_repeated: bool,
}

impl<T> Answer<T> {
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

impl Connections {
    pub(crate) fn new(client: Client, timeout: Duration) -> Self {
        Self {
            client,
            slots: (0..SLOTS).map(|_| Slot::default()).collect(),
            timeout,
        }
    }

    /// Connects once, looks at what answers, and tries a script.
    pub(crate) async fn check(&self, probe: &Call) -> Result<(), ConnectError> {
        let checked = tokio::time::timeout(self.timeout, self.client.check(probe)).await;
        checked.unwrap_or_else(|_| Err(ConnectError::of(self.client.address(), &timed_out())))
    }

    /// Whether there are connections that can hear a channel.
    pub(crate) fn can_subscribe(&self) -> bool {
        self.client.can_subscribe()
    }

    /// A connection of its own that hears a channel.
    pub(crate) async fn subscribe(&self, channel: &[u8]) -> RedisResult<PubSub> {
        let subscribing = async {
            let mut subscription = self.client.subscription().await?;
            subscription.subscribe(channel).await?;
            Ok(subscription)
        };
        let subscribed = tokio::time::timeout(self.timeout, subscribing).await;
        subscribed.unwrap_or_else(|_| Err(timed_out()))
    }

    /// The copy of a record that this thread's connection has read.
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

    /// Asks for a record; where copies are held, with the right to keep one.
    pub(crate) fn ask(
        &self,
        handle: Handle,
        call: &Call,
    ) -> impl Future<Output = Result<Answer<(Value, Option<Lease>)>, StoreError>> {
        self.try_twice(move |mut link| {
            let question = link.ask(handle);
            async move { Ok((link.send(call.command()).await?, question)) }
        })
    }

    /// Sends one command that may be taken twice without harm. Waits no longer than the time-out,
    /// connecting included.
    pub(crate) async fn call(&self, call: &Call) -> Result<Value, StoreError> {
        self.call_noting(call).await.map(|answer| answer.value)
    }

    /// As [`call`](Self::call), and tells whether the command was sent twice.
    pub(crate) async fn call_noting(&self, call: &Call) -> Result<Answer<Value>, StoreError> {
        self.try_twice(|link| try_call(link, call)).await
    }

    /// Sends several commands that the server takes in this order. On a cluster each is waited
    /// for before the next is sent, since they may go to different servers.
    pub(crate) async fn in_order(&self, calls: &[Call]) -> Result<Answer<Vec<Value>>, StoreError> {
        if self.client.is_cluster() {
            let mut answers = Answer::of_first(Vec::with_capacity(calls.len()));
            for call in calls {
                let answer = self.call_noting(call).await?;
                answers.value.push(answer.value);
                answers.is_repeated |= answer.is_repeated;
            }
            return Ok(answers);
        }
        self.try_twice(|link| try_in_order(link, calls)).await
    }

    /// Takes a step over a connection, and once more over a new one if that connection was lost; in
    /// all no longer than the time-out.
    async fn try_twice<T, F: Future<Output = RedisResult<T>>>(
        &self,
        step: impl Fn(Link) -> F,
    ) -> Result<Answer<T>, StoreError> {
        let slot = self.slot();
        let mut over = 0;
        let trying = async {
            let link = self.link(slot, &mut over).await?;
            match step(link).await {
                Err(error) if slot.has_lost(over, &error) => {}
                answer => return answer.map(Answer::of_first),
            }
            // Rare: not every request needs room for it.
            let again = async { step(self.link(slot, &mut over).await?).await };
            Box::pin(again).await.map(Answer::of_second)
        };
        let tried = tokio::time::timeout(self.timeout, trying).await;
        tried.map_or_else(
            |_| {
                // A server that is gone without a word never says so: the connection is suspect.
                slot.drop_link(over);
                Err(store_error(timed_out()))
            },
            |answer| answer.map_err(store_error),
        )
    }

    /// A connection, whose number is noted.
    async fn link(&self, slot: &Slot, over: &mut u64) -> RedisResult<Link> {
        let link = match slot.current() {
            Some(link) => link,
            // Rare, and with room for all that it takes to connect.
            None => Box::pin(self.new_link(slot)).await?,
        };
        *over = link.number;
        Ok(link)
    }

    async fn new_link(&self, slot: &Slot) -> RedisResult<Link> {
        match self.client.pooled().await? {
            Some(link) => Ok(link),
            None => slot.connect(&self.client).await,
        }
    }

    /// This thread's. A step that moves to another thread stays with it.
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
        answer => answer,
    }
}

/// By their whole texts: a script that the server does not know would be left out, and taken after
/// those that should have come later.
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

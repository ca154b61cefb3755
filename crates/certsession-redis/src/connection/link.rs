//! One connection, of any kind.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use certsession_core::Handle;
use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster_async::ClusterConnection;
use redis::cluster_routing::{Route, RoutingInfo, SingleNodeRoutingInfo, SlotAddr};
use redis::{Cmd, Pipeline, RedisResult, Value};

use super::open::Open;
use crate::near::{Cache, Lease};

/// One connection, over which many requests can wait concurrently: each with a clone of it.
#[derive(Clone)]
pub(super) struct Link {
    wire: Wire,
    shared: Arc<Shared>,
}

/// What the clones of a connection share. In one place, as each request clones it.
struct Shared {
    /// Distinguishes the connection from earlier and later ones.
    number: u32,
    /// The copies of the records that were read over it, if copies are kept.
    near: Option<Arc<Cache>>,
    /// Counts the server's replies.
    replies: AtomicU32,
    /// Whether its servers compare and set by themselves.
    native: Support,
    _open: Open,
}

#[derive(Clone)]
pub(super) enum Wire {
    One(MultiplexedConnection),
    Cluster(ClusterConnection),
    /// Already taken out of a pool; returned when the last clone is dropped.
    #[cfg(feature = "deadpool")]
    Pooled(Arc<tokio::sync::Mutex<deadpool_redis::Connection>>),
}

impl Link {
    pub(super) fn over(wire: Wire, near: Option<Arc<Cache>>, native: Support) -> Self {
        static NUMBER: AtomicU32 = AtomicU32::new(1);
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        Self {
            wire,
            shared: Arc::new(Shared {
                number,
                near,
                replies: AtomicU32::new(0),
                native,
                _open: Open::begin(),
            }),
        }
    }

    pub(super) fn number(&self) -> u32 {
        self.shared.number
    }

    /// How many replies the server has sent over this connection. After 2^32 it begins again.
    pub(super) fn replies(&self) -> u32 {
        self.shared.replies.load(Ordering::Relaxed)
    }

    pub(super) fn native(&self) -> &Support {
        &self.shared.native
    }

    pub(super) fn near(&self) -> Option<&Cache> {
        self.shared.near.as_deref()
    }

    /// Takes a lease before a record is read.
    pub(super) fn lease(&self, handle: Handle) -> Option<Lease> {
        self.shared.near.as_ref()?.lease(handle)
    }

    pub(super) async fn send(&mut self, command: &Cmd) -> RedisResult<Value> {
        let reply = match &mut self.wire {
            Wire::One(link) => link.send_packed_command(command).await,
            Wire::Cluster(link) => link.req_packed_command(command).await,
            #[cfg(feature = "deadpool")]
            Wire::Pooled(link) => link.lock().await.req_packed_command(command).await,
        };
        let reply = reply?;
        self.shared.replies.fetch_add(1, Ordering::Relaxed);
        reply.extract_error()
    }

    /// Sends a command to the node of a cluster that serves this slot; without one, to the server.
    pub(super) async fn send_to(&mut self, slot: Option<u16>, command: &Cmd) -> RedisResult<Value> {
        let (Wire::Cluster(link), Some(slot)) = (&mut self.wire, slot) else {
            return self.send(command).await;
        };
        let node = SingleNodeRoutingInfo::SpecificNode(Route::new(slot, SlotAddr::Master));
        let reply = link.route_command(command.clone(), RoutingInfo::SingleNode(node));
        reply.await?.extract_error()
    }

    /// Sends commands as one pipeline; the first error is the error of all. Not for a cluster.
    pub(super) async fn send_in_order(
        &mut self,
        commands: impl Iterator<Item = Cmd>,
    ) -> RedisResult<Vec<Value>> {
        let mut pipeline = Pipeline::new();
        for command in commands {
            pipeline.add_command(command);
        }
        let count = pipeline.len();
        let answers = match &mut self.wire {
            Wire::One(link) => link.send_packed_commands(&pipeline, 0, count).await,
            Wire::Cluster(link) => link.req_packed_commands(&pipeline, 0, count).await,
            #[cfg(feature = "deadpool")]
            Wire::Pooled(link) => {
                let mut link = link.lock().await;
                link.req_packed_commands(&pipeline, 0, count).await
            }
        };
        let answers = answers?;
        self.shared.replies.fetch_add(1, Ordering::Relaxed);
        answers.into_iter().map(Value::extract_error).collect()
    }
}

/// Whether a connection's servers compare and set by themselves; clones share what is known.
#[derive(Clone, Debug, Default)]
pub(super) struct Support(Arc<AtomicU8>);

impl Support {
    const UNKNOWN: u8 = 0;
    const NATIVE: u8 = 1;
    const SCRIPT: u8 = 2;

    /// `None` before the servers were asked.
    pub(super) fn get(&self) -> Option<bool> {
        match self.0.load(Ordering::Relaxed) {
            Self::UNKNOWN => None,
            known => Some(known == Self::NATIVE),
        }
    }

    pub(super) fn set(&self, is_native: bool) {
        let known = match is_native {
            true => Self::NATIVE,
            false => Self::SCRIPT,
        };
        self.0.store(known, Ordering::Relaxed);
    }
}

/// Takes a connection from a pool. The pool's own timeouts apply in addition to the operation's.
#[cfg(feature = "deadpool")]
pub(super) async fn of_pool(pool: &deadpool_redis::Pool, native: &Support) -> RedisResult<Link> {
    let taken = pool.get().await.map_err(|error| match error {
        deadpool_redis::PoolError::Backend(error) => error,
        other => std::io::Error::other(other.to_string()).into(),
    })?;
    let shared = Arc::new(tokio::sync::Mutex::new(taken));
    Ok(Link::over(Wire::Pooled(shared), None, native.clone()))
}

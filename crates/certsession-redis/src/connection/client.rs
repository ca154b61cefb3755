//! Making connections.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::aio::PubSub;
use redis::cluster::ClusterClient;
use redis::io::tcp::TcpSettings;
use redis::io::tcp::socket2::TcpKeepalive;
use redis::sentinel::{SentinelClient, SentinelClientBuilder, SentinelServerType};
use redis::{AsyncConnectionConfig, ConnectionInfo, ErrorKind, ProtocolVersion, RedisResult, cmd};

use super::check::check;
use super::link::{Link, Support, Wire};
use crate::call::Call;
use crate::error::ConnectError;
use crate::near::{NearCache, listener};
use crate::target::{Target, Topology};
use crate::tls::Tls;

/// After how long without traffic a keepalive probe is sent, and the interval between probes.
const KEEPALIVE: Duration = Duration::from_secs(15);

/// Makes connections.
pub(crate) struct Client {
    kind: Kind,
    /// The servers' addresses, without a password, for errors.
    address: String,
    /// The near cache, if copies of records are kept.
    near_cache: Option<NearCache>,
}

#[allow(clippy::large_enum_variant, reason = "a store has one of it")]
enum Kind {
    One(redis::Client),
    // One attempt at a time to find the master is enough.
    Sentinel(tokio::sync::Mutex<SentinelClient>),
    Cluster {
        client: ClusterClient,
        /// The configured nodes, for subscriptions, which every node serves.
        nodes: Vec<redis::Client>,
    },
    #[cfg(feature = "deadpool")]
    Pool {
        pool: deadpool_redis::Pool,
        /// Asked once, because the pool does not tell a new connection from an old one.
        native: super::link::Support,
    },
}

impl Client {
    /// A near cache needs a protocol with push messages.
    pub(crate) fn new(
        target: Target,
        tls: &Tls,
        timeout: Duration,
        near_cache: Option<NearCache>,
    ) -> Result<Self, ConnectError> {
        let holds_copies = near_cache.is_some();
        let kind = match target.topology {
            Topology::One(server) => {
                let server = match holds_copies {
                    true => with_pushes(server),
                    false => server,
                };
                Kind::One(tls.client(at_once(server))?)
            }
            Topology::Cluster(_) if holds_copies => {
                return Err(ConnectError::NoNearCache {
                    address: target.address,
                });
            }
            Topology::Cluster(nodes) => {
                let first = nodes.first().map(|node| node.addr().clone());
                let alone = nodes.iter().map(|node| tls.client(at_once(node.clone())));
                let alone = alone.collect::<Result<_, _>>()?;
                let builder = ClusterClient::builder(nodes.into_iter().map(at_once))
                    .tcp_settings(tcp_settings())
                    // One unreachable node must not use up the whole timeout of an operation, which
                    // must also leave time to connect to the others.
                    .connection_timeout(timeout / 3)
                    .response_timeout(timeout);
                Kind::Cluster {
                    client: tls.cluster(builder, first.as_ref())?,
                    nodes: alone,
                }
            }
            Topology::Sentinel { sentinels, master } => {
                let client = sentinel(sentinels, &master, tls, holds_copies)?;
                Kind::Sentinel(tokio::sync::Mutex::new(client))
            }
        };
        Ok(Self {
            kind,
            address: target.address,
            near_cache,
        })
    }

    #[cfg(feature = "deadpool")]
    pub(crate) fn of_pool(pool: deadpool_redis::Pool) -> Self {
        Self {
            kind: Kind::Pool {
                pool,
                native: super::link::Support::default(),
            },
            address: "the pool's address".to_owned(),
            near_cache: None,
        }
    }

    /// Whether it can open connections for subscriptions.
    pub(crate) const fn can_subscribe(&self) -> bool {
        match self.kind {
            #[cfg(feature = "deadpool")]
            Kind::Pool { .. } => false,
            _ => true,
        }
    }

    pub(crate) const fn is_cluster(&self) -> bool {
        matches!(self.kind, Kind::Cluster { .. })
    }

    /// Takes a connection from the pool, if there is one.
    #[allow(
        clippy::unused_async,
        reason = "it waits for the pool, if there is one"
    )]
    pub(super) async fn pooled(&self) -> RedisResult<Option<Link>> {
        match &self.kind {
            #[cfg(feature = "deadpool")]
            Kind::Pool { pool, native } => super::link::of_pool(pool, native).await.map(Some),
            _ => Ok(None),
        }
    }

    /// Opens a new connection.
    pub(super) async fn connect(&self) -> RedisResult<Link> {
        // The caller limits the whole operation with a timeout that is the same for every kind of
        // server.
        let mut config = AsyncConnectionConfig::new()
            .set_connection_timeout(None)
            .set_response_timeout(None);
        let near = self.near_cache.as_ref().map(NearCache::open);
        if let Some(cache) = &near {
            config = config.set_push_sender(listener(Arc::clone(cache)));
        }
        let wire = match &self.kind {
            Kind::One(client) => {
                let connecting = client.get_multiplexed_async_connection_with_config(&config);
                Wire::One(connecting.await?)
            }
            Kind::Sentinel(client) => {
                let mut client = client.lock().await;
                let connecting = client.get_async_connection_with_config(&config);
                Wire::One(connecting.await?)
            }
            Kind::Cluster { client, .. } => Wire::Cluster(client.get_async_connection().await?),
            #[cfg(feature = "deadpool")]
            Kind::Pool { pool, native } => return super::link::of_pool(pool, native).await,
        };
        let mut link = Link::over(wire, near, Support::default());
        if link.near().is_some() {
            // Not with NOLOOP, although this process drops the copies of what it changes: the server
            // would not tell the connection either that its own read has pushed a key out of a full
            // tracking table, and no change of that key would be told any more.
            link.send(cmd("CLIENT").arg("TRACKING").arg("ON")).await?;
        }
        Ok(link)
    }

    /// Opens a connection for a subscription.
    pub(super) async fn subscription(&self) -> RedisResult<PubSub> {
        match &self.kind {
            Kind::One(client) => client.get_async_pubsub().await,
            Kind::Sentinel(client) => {
                let master = client.lock().await.async_get_client().await?;
                master.get_async_pubsub().await
            }
            Kind::Cluster { nodes, .. } => {
                let mut outcome = Err((
                    ErrorKind::ClusterConnectionNotFound,
                    "no node is configured",
                )
                    .into());
                for node in nodes {
                    outcome = node.get_async_pubsub().await;
                    if outcome.is_ok() {
                        break;
                    }
                }
                outcome
            }
            #[cfg(feature = "deadpool")]
            Kind::Pool { .. } => std::future::pending().await,
        }
    }

    /// Connects once, checks the server, and returns the connection.
    pub(super) async fn check(&self, probe: &Call) -> Result<Link, ConnectError> {
        let connected = self.connect().await;
        let mut link = connected.map_err(|error| ConnectError::of(&self.address, &error))?;
        check(&mut link, &self.address, self.is_cluster(), probe).await?;
        Ok(link)
    }

    /// The near cache, if copies of records are kept.
    pub(super) const fn near_cache(&self) -> Option<&NearCache> {
        self.near_cache.as_ref()
    }

    /// The servers' addresses, without a password.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }
}

fn sentinel(
    sentinels: Vec<ConnectionInfo>,
    master: &str,
    tls: &Tls,
    holds_copies: bool,
) -> Result<SentinelClient, ConnectError> {
    let settings = sentinels
        .first()
        .map(|first| first.redis_settings().clone());
    let addresses: Vec<_> = sentinels.iter().map(|it| it.addr().clone()).collect();
    let built = SentinelClientBuilder::new(addresses, master, SentinelServerType::Master);
    let mut builder = built.map_err(|error| Tls::fault(&error))?;
    if let Some(settings) = settings {
        builder = builder.set_client_to_redis_db(settings.db());
        if let Some(user) = settings.username() {
            builder = builder.set_client_to_redis_username(user);
        }
        if let Some(password) = settings.password() {
            builder = builder.set_client_to_redis_password(password);
        }
    }
    if holds_copies {
        builder = builder.set_client_to_redis_protocol(ProtocolVersion::RESP3);
    }
    let builder = builder
        .set_client_to_redis_tcp_settings(tcp_settings())
        .set_client_to_sentinel_tcp_settings(tcp_settings());
    tls.sentinel(builder, sentinels.first().map(ConnectionInfo::addr))
}

/// The server's settings, with the protocol that supports push messages.
fn with_pushes(server: ConnectionInfo) -> ConnectionInfo {
    let settings = server.redis_settings().clone();
    server.set_redis_settings(settings.set_protocol(ProtocolVersion::RESP3))
}

/// The server's settings, with `TCP_NODELAY`: commands are sent at once.
fn at_once(server: ConnectionInfo) -> ConnectionInfo {
    server.set_tcp_settings(tcp_settings())
}

fn tcp_settings() -> TcpSettings {
    // Detects a connection that a middlebox has dropped before the connection is needed.
    let keepalive = TcpKeepalive::new()
        .with_time(KEEPALIVE)
        .with_interval(KEEPALIVE);
    TcpSettings::default()
        .set_nodelay(true)
        .set_keepalive(keepalive)
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Client({})", self.address)
    }
}

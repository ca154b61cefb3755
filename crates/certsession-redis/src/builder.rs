//! The settings of a store.

use std::time::Duration;

use certsession_core::Handle;

use crate::call::Call;
use crate::connection::{Client, Connections};
use crate::error::ConnectError;
use crate::keys::Keys;
use crate::near::NearCache;
use crate::redis_store::RedisStore;
use crate::script::DROP;
use crate::target::Target;
use crate::tls::Tls;

const DEFAULT_PREFIX: &str = "cs:";
const DEFAULT_TIMEOUT: Duration = Duration::from_secs(1);

/// The settings of a [`RedisStore`]; see [`RedisStore::builder`].
///
/// ```no_run
/// use certsession_redis::RedisStore;
/// use std::time::Duration;
///
/// # async fn open() -> Result<(), Box<dyn std::error::Error>> {
/// let store = RedisStore::builder("rediss://sessions:secret@redis.example:6380")?
///     .tls_authority_pem(std::fs::read("ca.pem")?)
///     .tls_identity_pem(std::fs::read("client.pem")?, std::fs::read("client.key")?)
///     .key_prefix("shop:")
///     .timeout(Duration::from_millis(500))
///     .connect()
///     .await?;
/// # Ok(())
/// # }
/// ```
#[must_use = "a builder connects to nothing until `connect` is called"]
#[derive(Debug)]
pub struct RedisStoreBuilder {
    target: Target,
    tls: Tls,
    prefix: String,
    timeout: Duration,
    /// The maximum age of a copy of a record, if copies are kept.
    near_cache: Option<Duration>,
    scripts_only: bool,
}

impl RedisStore {
    /// Creates a store on the server or servers of this URL, with default settings.
    ///
    /// # Errors
    ///
    /// If the URL is not that of a Redis server, or the server is not usable.
    pub async fn connect(url: &str) -> Result<Self, ConnectError> {
        Self::builder(url)?.connect().await
    }

    /// Returns a builder for a store on the server or servers of this URL:
    ///
    /// | URL | server |
    /// |---|---|
    /// | `redis://[USER:PASSWORD@]HOST[:PORT][/DATABASE]` | a single server, over TCP |
    /// | `redis+unix:///SOCKET[?db=DATABASE&user=USER&pass=PASSWORD]` | a single server, over a Unix socket |
    /// | `redis-cluster://[USER:PASSWORD@]HOST:PORT,HOST:PORT` | a cluster, by some of its nodes |
    /// | `redis-sentinel://[USER:PASSWORD@]HOST:PORT,HOST:PORT/NAME` | the master that Sentinel reports |
    /// | `rediss…` in place of `redis…` | the same, over TLS |
    ///
    /// # Errors
    ///
    /// If the URL is not that of a Redis server.
    pub fn builder(url: &str) -> Result<RedisStoreBuilder, ConnectError> {
        RedisStoreBuilder::new(url)
    }
}

impl RedisStoreBuilder {
    pub(crate) fn new(url: &str) -> Result<Self, ConnectError> {
        Ok(Self {
            target: Target::parse(url)?,
            tls: Tls::default(),
            prefix: DEFAULT_PREFIX.to_owned(),
            timeout: DEFAULT_TIMEOUT,
            near_cache: None,
            scripts_only: false,
        })
    }

    /// Sets the prefix of all key names. Applications with the same prefix share their sessions;
    /// other applications on the same server need a different one. Default: `cs:`.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// Sets how long one operation waits for the server, including connecting. A slower operation
    /// fails, and the application answers its client with 503. Default: one second.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Keeps copies of the records that were read, so that a request that only reads needs no round
    /// trip. The server notifies each connection of changes (`CLIENT TRACKING`). So after another
    /// node ends a session or signs in to it, this node accepts the old state for well under a
    /// millisecond longer. If the server cannot be reached and the connection does not break, it
    /// accepts the old state for at most `max_age`. This process sees its own changes at once.
    ///
    /// Only requests with a safe method (RFC 9110 section 9.2.1) are served from copies, except
    /// those that the middleware is configured to send to the store; the server decides every
    /// write. There is one connection for each thread, and each keeps copies of up to 10,000 reads
    /// of one `max_age`, with up to 16 MiB of data and of records as they were loaded; the server
    /// serves all further reads.
    ///
    /// Works with a single server or with Sentinel; the user needs the permission
    /// `+client|tracking`. Default: no copies. One second is a good value for `max_age`.
    pub fn near_cache(mut self, max_age: Duration) -> Self {
        self.near_cache = Some(max_age);
        self
    }

    /// Replaces records by a script even if the server can compare and set by itself
    /// (`SET … IFEQ`: Valkey since 8.1, Redis since 8.4). The result is the same, and the server
    /// works twice as long: this is for measuring that, and for a proxy in front of the server
    /// that does not pass the condition on. Default: the server's own way, if it has one.
    pub fn scripts_only(mut self) -> Self {
        self.scripts_only = true;
        self
    }

    /// Sets the CA certificates that a server's certificate is verified against, in PEM. Default:
    /// the CAs that the system trusts.
    #[cfg(feature = "tls")]
    pub fn tls_authority_pem(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.tls.authority = Some(certificates.into());
        self
    }

    /// Sets the client certificate and key for the connection to the server, in PEM. Default: none.
    #[cfg(feature = "tls")]
    pub fn tls_identity_pem(
        mut self,
        certificate: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.tls.identity = Some((certificate.into(), key.into()));
        self
    }

    /// Creates the store. It connects once to check that the server is usable; later it connects by
    /// itself whenever necessary.
    ///
    /// # Errors
    ///
    /// If no server responds within the timeout, if the server rejects the user, is too old, a
    /// read-only replica or not Redis, or if TLS cannot be set up.
    pub async fn connect(self) -> Result<RedisStore, ConnectError> {
        let keys = Keys::new(&self.prefix);
        let near_cache = self
            .near_cache
            .map(|max_age| NearCache::new(max_age, keys.clone()));
        let client = Client::new(self.target, &self.tls, self.timeout, near_cache)?;
        let connections = Connections::new(client, self.timeout, keys.clone())
            .with_scripts_only(self.scripts_only);
        // No session has this revision, so nothing ends, but the call checks that the script runs.
        let no_session = keys.session(Handle::from_bytes([0; Handle::LENGTH]));
        let probe = Call::script(&DROP, &no_session).arg("none");
        connections.check(&probe).await?;
        Ok(RedisStore::over(connections, keys))
    }
}

#[cfg(feature = "deadpool")]
impl RedisStore {
    /// Creates a store over a pool of connections that the application already has, with this
    /// [prefix](RedisStoreBuilder::key_prefix). A connection serves one request at a time, and the
    /// pool checks that it is alive before each: `just bench-load` measures the cost. A pool has no
    /// connection for subscriptions, so a session that another node ends is noticed only at the
    /// next check.
    pub fn from_pool(pool: deadpool_redis::Pool, prefix: &str) -> Self {
        let keys = Keys::new(prefix);
        let client = Client::of_pool(pool);
        let connections = Connections::new(client, DEFAULT_TIMEOUT, keys.clone());
        Self::over(connections, keys)
    }
}

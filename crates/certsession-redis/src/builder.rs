//! The settings of a store.

use std::time::Duration;

use certsession_core::Handle;

use crate::call::Call;
use crate::connection::{Client, Connections};
use crate::error::ConnectError;
use crate::keys::Keys;
use crate::near::NearCache;
use crate::script::DROP;
use crate::store::RedisStore;
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
    /// How old a copy of a record can be, where copies are held.
    near_cache: Option<Duration>,
}

impl RedisStoreBuilder {
    pub(crate) fn new(url: &str) -> Result<Self, ConnectError> {
        Ok(Self {
            target: Target::parse(url)?,
            tls: Tls::default(),
            prefix: DEFAULT_PREFIX.to_owned(),
            timeout: DEFAULT_TIMEOUT,
            near_cache: None,
        })
    }

    /// What the names of all keys begin with. Applications of one prefix share their sessions;
    /// others of the same server need another one. Default: `cs:`.
    pub fn key_prefix(mut self, prefix: impl Into<String>) -> Self {
        self.prefix = prefix.into();
        self
    }

    /// How long one step waits for the server, connecting included. What takes longer is a failure,
    /// and the client of the application is told 503. Default: one second.
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = timeout;
        self
    }

    /// Holds copies of the records that were read, so that a request which merely reads costs no
    /// round trip. The server tells each connection of what has changed (`CLIENT TRACKING`), so a
    /// session that another node ends, or signs in anew, is accepted here for well under a
    /// millisecond longer; and while the server cannot be heard and the connection does not break,
    /// for as long as a copy can be old: `max_age`. What this process changes, it sees at once.
    ///
    /// Only requests with a safe method (RFC 9110 section 9.2.1) are served from copies, and of
    /// those none that the middleware is told to send to the store; every write is decided by the
    /// server. Each connection, one for each thread, keeps copies of up to 10,000 reads of one
    /// `max_age`; what is read beyond that is served by the server.
    ///
    /// For one server, or one that sentinels watch; the user needs to be permitted
    /// `+client|tracking`. Default: no copies. A second is a good age.
    pub fn near_cache(mut self, max_age: Duration) -> Self {
        self.near_cache = Some(max_age);
        self
    }

    /// The authorities that a server's certificate may come from, in PEM. Default: those that the
    /// system trusts.
    #[cfg(feature = "tls")]
    pub fn tls_authority_pem(mut self, certificates: impl Into<Vec<u8>>) -> Self {
        self.tls.authority = Some(certificates.into());
        self
    }

    /// The certificate and the key that are shown to the server, in PEM. Default: none.
    #[cfg(feature = "tls")]
    pub fn tls_identity_pem(
        mut self,
        certificate: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.tls.identity = Some((certificate.into(), key.into()));
        self
    }

    /// The store. It connects once, to see that the server is one that can be used; later it
    /// connects by itself whenever it has to.
    ///
    /// # Errors
    ///
    /// If no server answers within the time-out, if it refuses the user, is too old, a read-only
    /// replica or no Redis at all, or if TLS cannot be set up.
    pub async fn connect(self) -> Result<RedisStore, ConnectError> {
        let keys = Keys::new(&self.prefix);
        let near_cache = self
            .near_cache
            .map(|max_age| NearCache::new(max_age, keys.clone()));
        let client = Client::new(self.target, &self.tls, self.timeout, near_cache)?;
        let connections = Connections::new(client, self.timeout);
        // No session has this revision, so nothing ends; but the script has run.
        let nobody = keys.session(Handle::from_bytes([0; Handle::LENGTH]));
        let probe = Call::script(&DROP, &nobody).arg("none");
        connections.check(&probe).await?;
        Ok(RedisStore::over(connections, keys))
    }
}

#[cfg(feature = "deadpool")]
impl RedisStore {
    /// The store over a pool of connections that the application has already, with this
    /// [prefix](RedisStoreBuilder::key_prefix). A connection serves one request at a time, and is
    /// asked for a sign of life before each: `just bench-load` measures
    /// what that costs. A pool lends no
    /// connection for listening, so a session that another node ends is noticed only when it is
    /// asked for.
    pub fn from_pool(pool: deadpool_redis::Pool, prefix: &str) -> Self {
        let client = Client::of_pool(pool);
        let connections = Connections::new(client, DEFAULT_TIMEOUT);
        Self::over(connections, Keys::new(prefix))
    }
}

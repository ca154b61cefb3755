//! A conformance harness for each kind of server.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use certsession_core::conformance::Harness;
use certsession_redis::RedisStore;
use certsession_tests::redis::{self, Program, RedisCluster, RedisSentinel, RedisServer, RedisTls};
use certsession_tests::stores::{RedisNear, StoreKind, new_prefix, open_redis};
use tokio::runtime::Runtime;

/// The permissions that a user of the store needs, as in docs/redis.md.
pub(crate) const LEAST: &str = "-@all +hello +eval +evalsha +get +set +getrange +del +zadd +zrem \
     +zcount +zrangebyscore +zrevrangebyscore +zrandmember +pttl +pexpire +publish +subscribe +scan";

/// A runtime with two threads, like a server's.
pub(crate) struct Threads(Runtime);

impl Default for Threads {
    fn default() -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        Self(builder.worker_threads(2).enable_all().build().unwrap())
    }
}

impl Threads {
    fn run_all<F>(&self, tasks: Vec<F>) -> Vec<F::Output>
    where
        F: Future<Output: Send> + Send + 'static,
    {
        let tasks: Vec<_> = tasks.into_iter().map(|task| self.0.spawn(task)).collect();
        self.0.block_on(async {
            let mut outputs = Vec::new();
            for task in tasks {
                outputs.push(task.await.unwrap());
            }
            outputs
        })
    }
}

/// Defines a harness for each kind of server: how often it runs each race, and how its store is
/// opened.
macro_rules! harnesses {
    ($($(#[$doc:meta])* $name:ident, $rounds:literal rounds: $open:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Default)]
        pub(crate) struct $name(Threads);

        impl Harness for $name {
            type Store = RedisStore;

            async fn store(&self) -> RedisStore {
                $open.await
            }

            fn rounds(&self) -> u32 {
                $rounds
            }

            fn block_on<F: Future>(&self, future: F) -> F::Output {
                self.0.0.block_on(future)
            }

            fn run_all<F>(&self, tasks: Vec<F>) -> Vec<F::Output>
            where
                F: Future<Output: Send> + Send + 'static,
            {
                self.0.run_all(tasks)
            }
        }
    )*};
}

harnesses! {
    /// A single server, the most common case.
    OneServer, 50 rounds: open_redis(&redis::shared().url());
    /// A single server, with copies in the process.
    Near, 50 rounds: RedisNear::open(None);
    /// Valkey.
    Valkey, 10 rounds: open_redis(&valkey().url());
    /// Three masters, each with a replica.
    Cluster, 5 rounds: open_redis(&cluster_url(cluster()));
    /// The master that sentinels watch.
    Sentinel, 5 rounds: open_redis(&sentinel_url(sentinel()));
    /// A user with only the necessary permissions, over TLS with a client certificate.
    LeastUser, 10 rounds: open_as_least_user();
    /// A pool of the application.
    Pool, 5 rounds: async { open_pool(&redis::shared().url()) };
}

/// Defines functions that start a server once for the process.
macro_rules! started_once {
    ($($name:ident: $kind:ty = $start:expr;)*) => {$(
        pub(crate) fn $name() -> &'static $kind {
            static STARTED: OnceLock<$kind> = OnceLock::new();
            STARTED.get_or_init(|| $start)
        }
    )*};
}

started_once! {
    valkey: RedisServer = RedisServer::builder().program(Program::Valkey).start();
    cluster: RedisCluster = RedisCluster::start();
    sentinel: RedisSentinel = RedisSentinel::start();
    tls: RedisTls = RedisTls::new();
    guarded: RedisServer = RedisServer::builder()
        .tls(tls())
        .user(&format!("sessions on >secret ~test-* resetchannels &test-* {LEAST}"))
        .start();
}

pub(crate) fn cluster_url(cluster: &RedisCluster) -> String {
    format!("redis-cluster://{}", hosts(&cluster.urls()))
}

pub(crate) fn sentinel_url(sentinel: &RedisSentinel) -> String {
    let name = RedisSentinel::MASTER_NAME;
    format!("redis-sentinel://{}/{name}", hosts(&sentinel.urls()))
}

fn hosts(urls: &[String]) -> String {
    let hosts = urls.iter().map(|url| {
        let (_, host) = url.split_once("://").unwrap();
        host.trim_end_matches('/').to_owned()
    });
    hosts.collect::<Vec<_>>().join(",")
}

async fn open_as_least_user() -> RedisStore {
    let url = guarded().url_as("sessions", "secret");
    let settings = RedisStore::builder(&url).unwrap();
    let settings = settings
        .tls_authority_pem(tls().authority_pem())
        .tls_identity_pem(tls().client_pem(), tls().client_key_pem())
        .timeout(Duration::from_secs(10));
    settings.key_prefix(new_prefix()).connect().await.unwrap()
}

fn open_pool(url: &str) -> RedisStore {
    let pool = deadpool_redis::Config::from_url(url)
        .builder()
        .unwrap()
        .max_size(8)
        .runtime(deadpool_redis::Runtime::Tokio1)
        .build()
        .unwrap();
    RedisStore::from_pool(pool, &new_prefix())
}

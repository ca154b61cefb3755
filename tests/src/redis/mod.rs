//! Real Redis and Valkey servers, which a test starts, breaks and looks into. They end with what
//! holds them, and with the test's process in any case.
//!
//! | file | purpose |
//! |---|---|
//! | `server` | [`RedisServer`]: one server, killed, restarted, paused and asked |
//! | `builder` | [`RedisBuilder`]: how it is set up |
//! | `cluster` | [`RedisCluster`]: three masters, each with a replica |
//! | `slots` | which node of a cluster has a key, and how its slot is moved |
//! | `sentinel` | [`RedisSentinel`]: a master, two replicas, and three sentinels |
//! | `proxy` | [`RedisProxy`]: lies before a server, and resets connections |
//! | `stats` | [`CommandStats`]: how often each command was called |
//! | `client` | [`Client`]: sends a command and reads the answer |
//! | `address` | where a server listens, and its URL |
//! | `tls` | [`RedisTls`]: the certificates of servers and of their clients |
//! | `program` | [`Program`]: where the servers' programs are |
//! | `process` | a program that ends with the test |
//! | `port` | a port that no other test takes |

mod address;
mod builder;
mod client;
mod cluster;
mod port;
mod process;
mod program;
mod proxy;
mod sentinel;
mod server;
mod slots;
mod stats;
mod tls;

use std::sync::OnceLock;
use std::thread;
use std::time::{Duration, Instant};

pub use builder::RedisBuilder;
pub use client::{Answer, Client};
pub use cluster::RedisCluster;
pub use program::Program;
pub use proxy::RedisProxy;
pub use sentinel::RedisSentinel;
pub use server::RedisServer;
pub use stats::CommandStats;
pub use tls::RedisTls;

/// A server for every test of this process that needs no more than keys of its own.
pub fn shared() -> &'static RedisServer {
    static SHARED: OnceLock<RedisServer> = OnceLock::new();
    SHARED.get_or_init(RedisServer::start)
}

/// Asks until the answer is there, and returns it with the time that it took.
///
/// # Panics
///
/// If it is not there in time.
pub fn wait_for<T>(
    what: &str,
    limit: Duration,
    mut ask: impl FnMut() -> Option<T>,
) -> (T, Duration) {
    let began = Instant::now();
    loop {
        if let Some(answer) = ask() {
            return (answer, began.elapsed());
        }
        assert!(began.elapsed() < limit, "no {what} within {limit:?}");
        thread::sleep(Duration::from_millis(5));
    }
}

//! Real Redis and Valkey servers, which a test starts, breaks and inspects. Each ends when its
//! owner is dropped, and in any case with the test's process.
//!
//! | file | purpose |
//! |---|---|
//! | `server` | [`RedisServer`]: one server: kill, restart, pause and query it |
//! | `builder` | [`RedisBuilder`]: its configuration |
//! | `cluster` | [`RedisCluster`]: three masters, each with a replica |
//! | `slots` | the node of a cluster that has a key, and how its slot is moved |
//! | `sentinel` | [`RedisSentinel`]: a master, two replicas, and three sentinels |
//! | `stats` | [`CommandStats`]: how often each command was called |
//! | `client` | [`Client`]: sends a command and reads the reply |
//! | `address` | the address of a server, and its URL |
//! | `tls` | [`RedisTls`]: the certificates of servers and of their clients |
//! | `program` | [`Program`]: the paths of the servers' programs |

mod address;
mod builder;
mod client;
mod cluster;
mod program;
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
pub use sentinel::RedisSentinel;
pub use server::RedisServer;
pub use stats::CommandStats;
pub use tls::RedisTls;

/// A server for every test of this process that only needs keys of its own.
pub fn shared() -> &'static RedisServer {
    static SHARED: OnceLock<RedisServer> = OnceLock::new();
    SHARED.get_or_init(RedisServer::start)
}

/// Calls `probe` until it returns a value, and returns it with the time that it took.
///
/// # Panics
///
/// If there is none in time.
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

//! Sessions in Redis or Valkey: a store for
//! [certsession](https://docs.rs/certsession-core), on a single server, Sentinel or a cluster.
//!
//! ```no_run
//! use certsession_core::SessionManager;
//! use certsession_redis::RedisStore;
//!
//! # async fn open() -> Result<(), certsession_redis::ConnectError> {
//! let store = RedisStore::connect("redis://127.0.0.1:6379").await?;
//! let sessions = SessionManager::new(store);
//! # Ok(())
//! # }
//! ```
//!
//! The guide is [Sessions in Redis]. The [book] has a tutorial, guides for each task, and all
//! settings, statuses and events. Rust 1.89 or newer: [supported versions].
//!
//! [book]: https://github.com/certsession/certsession/blob/main/docs/SUMMARY.md
//! [supported versions]: https://github.com/certsession/certsession/blob/main/docs/support.md
//! [Sessions in Redis]: https://github.com/certsession/certsession/blob/main/docs/redis.md
//!
//! | part | purpose |
//! |---|---|
//! | [`RedisStore`] | the store |
//! | [`RedisStoreBuilder`] | its settings: key prefix, timeout, TLS |
//! | [`ConnectError`] | why a server cannot be used |
//!
//! | feature | default | |
//! |---|---|---|
//! | `tls` | yes | `rediss://`, by rustls with ring |
//! | `deadpool` | no | a store over a `deadpool_redis::Pool` |
//! | `metrics` | no | the connections that are open, through the facade of the crate `metrics` |
//!
//! Works with Redis 6.2 or newer, and with Valkey. The guide says what a
//! failover can lose, how much memory a session takes, and the permissions that a user needs.
//!
//! | file | purpose |
//! |---|---|
//! | `redis_store` | the store: its connections and its keys |
//! | `store/` | the operations of the store contract |
//! | `index/` | the sessions of each owner, and the limit on their number |
//! | `script/` | the conditional operations, as scripts that run on the server |
//! | `connection/` | connections, which reconnect when they break |
//! | `call`, `keys`, `time` | one command, the names of keys, their time to live |
//! | `target`, `tls`, `builder` | which server to use, and the settings of the connection |
//! | `near/` | copies of records in this process, invalidated by the server |
//! | `end_notifications` | notifications about sessions that ended on other nodes |
//! | `error` | errors |

mod builder;
mod call;
mod connection;
mod end_notifications;
mod error;
mod index;
mod keys;
mod near;
mod redis_store;
mod script;
mod store;
mod target;
mod time;
mod tls;

pub use builder::RedisStoreBuilder;
pub use error::ConnectError;
pub use redis_store::RedisStore;

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
//! | part | what it is for |
//! |---|---|
//! | [`RedisStore`] | the store |
//! | [`RedisStoreBuilder`] | its settings: key prefix, time-out, TLS |
//! | [`ConnectError`] | why a server cannot be used |
//!
//! | feature | default | |
//! |---|---|---|
//! | `tls` | yes | `rediss://`, by rustls with ring |
//! | `deadpool` | no | a store over a `deadpool_redis::Pool` |
//!
//! Redis 6.2 or newer, or Valkey. The guide to running it, with what a failover can lose, what a
//! session takes and the least that a user needs to be permitted, is `docs/redis.md`.
//!
//! | file | purpose |
//! |---|---|
//! | `store/` | the steps of the contract |
//! | `index/` | the sessions of each owner, and the limit on them |
//! | `script/` | the conditional steps, as the server runs them |
//! | `connection/` | connections, made again when they break |
//! | `call`, `keys`, `time` | one command, the names of keys, how long they live |
//! | `target`, `tls`, `builder` | which server, and how it is spoken to |
//! | `near/` | copies of records in this process, kept true by the server |
//! | `end_notifications` | sessions that ended on other nodes, for those who watch them |
//! | `error` | what goes wrong |

mod builder;
mod call;
mod connection;
mod end_notifications;
mod error;
mod index;
mod keys;
mod near;
mod script;
mod store;
mod target;
mod time;
mod tls;

pub use builder::RedisStoreBuilder;
pub use error::ConnectError;
pub use store::RedisStore;

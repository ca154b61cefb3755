//! What goes wrong with a server: when a store is opened, and later.

use std::io;

use certsession_core::{StoreError, StoreErrorKind};
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why a store could not be opened. It says what to do; passwords are left out.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL names no server.
    #[error(
        "{url:?} names no Redis server ({reason}): write redis://HOST:PORT, rediss://HOST:PORT for \
         TLS, redis+unix:///SOCKET, redis-cluster://HOST:PORT,HOST:PORT or \
         redis-sentinel://HOST:PORT,HOST:PORT/NAME"
    )]
    InvalidUrl {
        /// The URL, without a password.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// TLS cannot be set up with the certificates or the key that were given.
    #[error("TLS to the Redis server cannot be set up: {reason}")]
    Tls {
        /// What is wrong.
        reason: String,
    },
    /// No server answers.
    #[error(
        "no Redis server answers at {address}: {reason}. Is it running, and reachable from here?"
    )]
    Unreachable {
        /// Where it was looked for.
        address: String,
        /// What happened instead.
        reason: String,
    },
    /// The server refuses the user or the password, or wants some.
    #[error("the Redis server at {address} refuses the user or the password: {reason}")]
    Denied {
        /// Where it is.
        address: String,
        /// What it says.
        reason: String,
    },
    /// Something else than a Redis server answers.
    #[error("what answers at {address} is no Redis server: {reason}")]
    NotRedis {
        /// Where it is.
        address: String,
        /// What it says.
        reason: String,
    },
    /// The server is too old.
    #[error("the Redis server at {address} is version {version}; 6.2 or newer is needed")]
    TooOld {
        /// Where it is.
        address: String,
        /// Its version.
        version: String,
    },
    /// The server is a replica, and takes no writes.
    #[error(
        "the Redis server at {address} is a read-only replica: name the master, or the sentinels"
    )]
    Replica {
        /// Where it is.
        address: String,
    },
    /// The server is a node of a cluster, and was named as one that stands alone.
    #[error("the Redis server at {address} is a node of a cluster: write redis-cluster://")]
    ClusterNode {
        /// Where it is.
        address: String,
    },
    /// The server stands alone, and was named as a node of a cluster.
    #[error("the Redis server at {address} is no node of a cluster: write redis://")]
    NotClustered {
        /// Where it is.
        address: String,
    },
    /// A near cache was asked for, and the servers form a cluster.
    #[error(
        "the near cache is for one server, or one that sentinels watch, and {address} is a \
         cluster: leave `near_cache` out"
    )]
    NoNearCache {
        /// Where it is.
        address: String,
    },
    /// The server knows no script, or lets this user run none.
    #[error(
        "the Redis server at {address} does not let this user do what the store does: {reason}. \
         The least that it needs is in docs/redis.md"
    )]
    NotPermitted {
        /// Where it is.
        address: String,
        /// What it says.
        reason: String,
    },
}

impl ConnectError {
    /// What a failure to connect to this address means.
    pub(crate) fn of(address: &str, error: &RedisError) -> Self {
        let (address, reason) = (address.to_owned(), error.to_string());
        let code = error.code().unwrap_or_default();
        match error.kind() {
            _ if reason.contains("cluster support disabled") => Self::NotClustered { address },
            ErrorKind::AuthenticationFailed => Self::Denied { address, reason },
            ErrorKind::Server(ServerErrorKind::NoPerm) => Self::NotPermitted { address, reason },
            ErrorKind::Parse | ErrorKind::UnexpectedReturnType => {
                Self::NotRedis { address, reason }
            }
            _ if matches!(code, "NOAUTH" | "WRONGPASS") => Self::Denied { address, reason },
            _ => Self::Unreachable { address, reason },
        }
    }
}

/// What a failure of the server means to the rules.
pub(crate) fn store_error(error: RedisError) -> StoreError {
    let code = error.code().unwrap_or_default();
    // An older server wraps what a script's command answered into an error of its own.
    let says = |word: &str| code == word || error.detail().is_some_and(|it| it.contains(word));
    let kind = match error.kind() {
        _ if says("OOM") => StoreErrorKind::Full,
        _ if says("WRONGTYPE") => StoreErrorKind::Unreadable,
        ErrorKind::Io
        | ErrorKind::AuthenticationFailed
        | ErrorKind::ClusterConnectionNotFound
        | ErrorKind::MasterNameNotFoundBySentinel
        | ErrorKind::NoValidReplicasFoundBySentinel
        | ErrorKind::Parse
        | ErrorKind::Server(
            ServerErrorKind::BusyLoading
            | ServerErrorKind::ClusterDown
            | ServerErrorKind::MasterDown
            | ServerErrorKind::ReadOnly
            | ServerErrorKind::TryAgain
            | ServerErrorKind::Moved
            | ServerErrorKind::Ask,
        ) => StoreErrorKind::Unavailable,
        _ if ["MISCONF", "NOREPLICAS", "BUSY", "NOAUTH", "WRONGPASS"].contains(&code) => {
            StoreErrorKind::Unavailable
        }
        _ => StoreErrorKind::Other,
    };
    StoreError::with_source(kind, error)
}

/// The server did not answer in time.
pub(crate) fn timed_out() -> RedisError {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "the Redis server did not answer in time",
    )
    .into()
}

/// The server answered what no server answers to that command.
pub(crate) fn unexpected_answer(to: &'static str) -> StoreError {
    StoreError::with_source(
        StoreErrorKind::Other,
        format!("the server gave an answer to {to} that makes no sense"),
    )
}

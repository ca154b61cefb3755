//! Errors of a server: when a store is opened, and later.

use std::io;

use certsession_core::{StoreError, StoreErrorKind};
use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why a store could not be opened. The message tells the operator what to do; it contains no
/// passwords.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The URL is not that of a Redis server.
    #[error(
        "{url:?} is not the URL of a Redis server ({reason}): write redis://HOST:PORT, \
         rediss://HOST:PORT for TLS, redis+unix:///SOCKET, redis-cluster://HOST:PORT,HOST:PORT or \
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
    /// No server responds.
    #[error(
        "no Redis server responds at {address}: {reason}. Is it running, and reachable from here?"
    )]
    Unreachable {
        /// The server's address.
        address: String,
        /// The error.
        reason: String,
    },
    /// The server rejects the user or the password, or requires one.
    #[error("the Redis server at {address} rejects the user or the password: {reason}")]
    Denied {
        /// The server's address.
        address: String,
        /// The server's message.
        reason: String,
    },
    /// The server at the address is not Redis.
    #[error("the server at {address} is not a Redis server: {reason}")]
    NotRedis {
        /// The server's address.
        address: String,
        /// The server's message.
        reason: String,
    },
    /// The server is too old.
    #[error("the Redis server at {address} has version {version}; 6.2 or newer is required")]
    TooOld {
        /// The server's address.
        address: String,
        /// Its version.
        version: String,
    },
    /// The server is a replica, which accepts no writes.
    #[error(
        "the Redis server at {address} is a read-only replica: name the master, or the sentinels"
    )]
    Replica {
        /// The server's address.
        address: String,
    },
    /// The server is a node of a cluster, but the URL names a single server.
    #[error("the Redis server at {address} is a node of a cluster: write redis-cluster://")]
    ClusterNode {
        /// The server's address.
        address: String,
    },
    /// The server is not part of a cluster, but the URL names a cluster.
    #[error("the Redis server at {address} is not part of a cluster: write redis://")]
    NotClustered {
        /// The server's address.
        address: String,
    },
    /// A near cache was requested, but the servers form a cluster.
    #[error(
        "the near cache works with a single server or with Sentinel, and {address} is a \
         cluster: do not set `near_cache`"
    )]
    NoNearCache {
        /// The server's address.
        address: String,
    },
    /// The server does not support scripts, or does not permit this user to run them.
    #[error(
        "the Redis server at {address} does not permit this user what the store needs: {reason}. \
         docs/redis.md lists the necessary permissions"
    )]
    NotPermitted {
        /// The server's address.
        address: String,
        /// The server's message.
        reason: String,
    },
}

impl ConnectError {
    /// Converts a failure to connect to this address.
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

/// Converts a failure of the server to the kinds that the rules know.
pub(crate) fn store_error(error: RedisError) -> StoreError {
    let code = error.code().unwrap_or_default();
    // An older server wraps the error of a script's command into an error of its own.
    let has_code = |word: &str| code == word || error.detail().is_some_and(|it| it.contains(word));
    let kind = match error.kind() {
        _ if has_code("OOM") => StoreErrorKind::Full,
        _ if has_code("WRONGTYPE") => StoreErrorKind::Unreadable,
        // The slot of the key is being moved: a script that deletes the key and sets it again may do
        // the first alone.
        _ if has_code("non local key") => StoreErrorKind::Unavailable,
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
    StoreError::with_source(kind, Said::of(&error))
}

/// What the server or the client said of a failure, without what may hold values: both quote the
/// arguments of some commands and the responses that they did not expect. The source of a store's
/// error goes into the log.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
struct Said(String);

impl Said {
    /// What comes before a quotation: of the server's message about an unknown command, and of the
    /// client's about a response of another type.
    const QUOTES: [&str; 2] = [", with args beginning with", " (response was"];

    fn of(error: &RedisError) -> Self {
        let mut text = error.to_string();
        let quotes = Self::QUOTES.iter().filter_map(|quote| text.find(quote));
        if let Some(end) = quotes.min() {
            text.truncate(end);
        }
        Self(text)
    }
}

/// The error for a server that did not reply in time.
pub(crate) fn timed_out() -> RedisError {
    io::Error::new(
        io::ErrorKind::TimedOut,
        "the Redis server did not reply in time",
    )
    .into()
}

/// The error for a reply that the server should never send for an operation.
pub(crate) fn unexpected_result(of: &'static str) -> StoreError {
    StoreError::with_source(StoreErrorKind::Other, format!("unexpected result of {of}"))
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use redis::{ErrorKind, RedisError};

    use super::*;

    #[test]
    fn the_source_of_a_failure_says_what_the_server_said_and_quotes_no_value() {
        let said = |detail: &str| {
            let error = RedisError::from((ErrorKind::Client, "refused", detail.to_owned()));
            let error = store_error(error);
            let source = error.source().unwrap().to_string();
            assert!(!format!("{error:?}").contains("secret"));
            source
        };
        let permission = said("User shop has no permissions to run the 'get' command");
        assert!(
            permission.contains("to run the 'get' command"),
            "{permission}"
        );
        for detail in [
            "unknown command 'EVALSHA', with args beginning with: '1' 'secret'",
            "Response type not string compatible. (response was bulk-string(secret))",
        ] {
            let source = said(detail);
            assert!(!source.contains("secret"), "{source}");
        }
    }
}

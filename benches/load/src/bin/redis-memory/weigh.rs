//! The memory of a server.

use certsession_tests::redis::RedisServer;

/// The memory that a server used before the sessions were created.
pub(crate) struct Before {
    used: u64,
}

/// Bytes for each session.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weight {
    /// All keys.
    pub(crate) keys: f64,
    /// The keys of our indexes.
    pub(crate) indexes: f64,
    /// The values that are records or whole sessions, as they were written.
    pub(crate) text: f64,
    /// The whole server.
    pub(crate) used: f64,
}

impl Weight {
    pub(crate) fn before(server: &RedisServer) -> Before {
        Before { used: used(server) }
    }
}

impl Before {
    pub(crate) fn after(&self, server: &RedisServer, sessions: usize) -> Weight {
        let used = used(server) - self.used;
        let (mut all, mut indexes, mut text) = (0, 0, 0);
        for key in server.keys("*") {
            let bytes = server.memory_usage(&key).unwrap_or_default();
            all += bytes;
            if key.starts_with(b"cs:i:") {
                indexes += bytes;
            } else {
                let length = server.cli(&[b"STRLEN", key.as_slice()]);
                text += length.parse().unwrap_or(0);
            }
        }
        let each = |bytes: u64| bytes as f64 / sessions as f64;
        Weight {
            keys: each(all),
            indexes: each(indexes),
            text: each(text),
            used: each(used),
        }
    }
}

fn used(server: &RedisServer) -> u64 {
    server.info("used_memory").parse().unwrap_or_default()
}

//! How often each command was called.

use std::collections::BTreeMap;

use super::server::RedisServer;

/// How often each command was called, by clients and by scripts.
pub type CommandStats = BTreeMap<String, u64>;

impl RedisServer {
    /// How often each command was called since the server was started, by its lower-case name.
    ///
    /// # Panics
    ///
    /// If the server is down.
    pub fn commandstats(&self) -> CommandStats {
        parse(&self.cli(&["INFO", "commandstats"]))
    }

    /// How often each command has been called since `before`. Commands without calls are left out,
    /// and so is the one that this call uses.
    ///
    /// # Panics
    ///
    /// If the server is down.
    pub fn commands_since(&self, before: &CommandStats) -> CommandStats {
        let now = self.commandstats().into_iter();
        let since = now.map(|(name, calls)| {
            let calls = calls - before.get(&name).copied().unwrap_or_default();
            (name, calls)
        });
        since
            .filter(|(name, calls)| *calls > 0 && name != "info")
            .collect()
    }
}

/// Each line is `cmdstat_get:calls=3,usec=5,...`.
fn parse(info: &str) -> CommandStats {
    let calls = |line: &str| {
        let (name, rest) = line.strip_prefix("cmdstat_")?.split_once(":calls=")?;
        let (calls, _) = rest.split_once(',')?;
        Some((name.to_owned(), calls.parse().unwrap()))
    };
    info.lines().filter_map(calls).collect()
}

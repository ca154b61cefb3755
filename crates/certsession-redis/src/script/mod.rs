//! The conditional operations, as scripts that the server executes atomically. Each touches one
//! key, so the same scripts run on a cluster.

use std::fmt;
use std::sync::LazyLock;

/// A script, and the hash by which the server identifies it.
pub(crate) struct Script {
    pub(crate) source: &'static str,
    pub(crate) sha1: String,
}

impl Script {
    fn new(source: &'static str) -> Self {
        let sha1 = redis::Script::new(source).get_hash().to_owned();
        Self { source, sha1 }
    }
}

impl fmt::Debug for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Script({})", self.sha1)
    }
}

macro_rules! scripts {
    ($($(#[$doc:meta])* $name:ident = $file:literal;)*) => {$(
        $(#[$doc])*
        pub(crate) static $name: LazyLock<Script> =
            LazyLock::new(|| Script::new(include_str!($file)));
    )*};
}

scripts! {
    /// Creates a record.
    CREATE = "create.lua";
    /// Replaces a record if it has not changed.
    REPLACE = "replace.lua";
    /// Ends a session.
    END = "end.lua";
    /// Ends a session if its record has not changed.
    DROP = "drop.lua";
    /// Adds an entry to an owner's index, if there is room.
    JOIN = "join.lua";
    /// Adds an entry to an owner's index, and makes room.
    ADMIT = "admit.lua";
    /// Reads a page of an owner's index.
    PAGE = "page.lua";
}

#[cfg(test)]
mod tests {
    use super::*;
    use certsession_core::{Record, SessionSummary};

    #[test]
    fn the_scripts_return_as_much_of_a_record_as_its_summary_usually_takes() {
        let end = SessionSummary::USUAL_SIZE - 1;
        let first = format!("redis.call('GETRANGE', KEYS[1], 0, {end})");
        for script in [&END, &DROP] {
            assert!(script.source.contains(&first), "{}", script.source);
        }
    }

    /// Lua counts from one; `GETRANGE` counts from zero and includes its end.
    #[test]
    fn the_scripts_compare_the_revision_at_its_position_in_a_record() {
        let std::ops::Range { start, end } = Record::REVISION_BYTES;
        let stored = format!("redis.call('GETRANGE', KEYS[1], {start}, {})", end - 1);
        for script in [&CREATE, &REPLACE, &DROP] {
            assert!(script.source.contains(&stored), "{}", script.source);
        }
        for (script, argument) in [(&CREATE, "ARGV[1]"), (&REPLACE, "ARGV[2]")] {
            let sent = format!("string.sub({argument}, {}, {end})", start + 1);
            assert!(script.source.contains(&sent), "{}", script.source);
        }
    }
}

//! The kinds of requests.

use serde::{Deserialize, Serialize};

/// A kind of request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// Reads one key of a session of six keys and 500 bytes.
    Read,
    /// Writes one more key, a counter.
    Write,
}

impl Work {
    /// Both kinds.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// The name on a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The kind with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|work| work.name() == name)
    }

    pub(crate) const fn target(self) -> &'static str {
        match self {
            Self::Read => "/read",
            Self::Write => "/count",
        }
    }
}

//! What the requests do.

use serde::{Deserialize, Serialize};

/// What the requests do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Work {
    /// One key of a session of six keys and 500 bytes.
    Read,
    /// One key more, which counts.
    Write,
}

impl Work {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Read, Self::Write];

    /// As in a command line.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Read => "read",
            Self::Write => "write",
        }
    }

    /// The one of this name.
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

//! Errors of a store.

use std::error::Error;
use std::fmt;

/// A store failed. The message is for logs; a client learns only that the service is unavailable.
#[derive(Debug, thiserror::Error)]
#[error("the session store {kind}")]
pub struct StoreError {
    kind: StoreErrorKind,
    source: Option<Box<dyn Error + Send + Sync>>,
}

/// The kind of a store's failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StoreErrorKind {
    /// It cannot be reached, or did not respond in time.
    Unavailable,
    /// It has no room for another session.
    Full,
    /// A record cannot be read: damaged, or of a newer version. It is left unchanged.
    Unreadable,
    /// Anything else.
    Other,
}

impl StoreError {
    /// Creates an error of this kind.
    pub const fn new(kind: StoreErrorKind) -> Self {
        Self { kind, source: None }
    }

    /// Creates an error of this kind, with the error that caused it. The source must hold neither a
    /// token nor session data: it is logged.
    pub fn with_source(
        kind: StoreErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        Self {
            kind,
            source: Some(source.into()),
        }
    }

    /// The kind of failure.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl StoreErrorKind {
    /// The stable name: the field `kind` of a log line, and a label of metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unavailable => "unavailable",
            Self::Full => "full",
            Self::Unreadable => "unreadable",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for StoreErrorKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unavailable => "cannot be reached",
            Self::Full => "is full: raise its capacity, or shorten the idle timeout",
            Self::Unreadable => "holds a record that cannot be read",
            Self::Other => "failed",
        })
    }
}

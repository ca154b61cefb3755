//! Errors of a store.

use std::error::Error;
use std::fmt;

use crate::handle::Handle;

/// A store failed. The message is for logs; a client learns only that the service is unavailable.
#[derive(Debug)]
pub struct StoreError {
    kind: StoreErrorKind,
    /// Boxed together, so that the error of a store that tells more is no larger.
    known: Option<Box<Known>>,
}

/// What a store tells of its failure.
#[derive(Debug, Default)]
struct Known {
    source: Option<Box<dyn Error + Send + Sync>>,
    /// The sessions that the failed call had ended.
    ended: Vec<Handle>,
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
        Self { kind, known: None }
    }

    /// Creates an error of this kind, with the error that caused it. The source must hold neither a
    /// token nor session data: it is logged.
    pub fn with_source(
        kind: StoreErrorKind,
        source: impl Into<Box<dyn Error + Send + Sync>>,
    ) -> Self {
        let known = Known {
            source: Some(source.into()),
            ended: Vec::new(),
        };
        Self {
            kind,
            known: Some(Box::new(known)),
        }
    }

    /// Adds sessions that the failed call had ended before it failed: their ends are final, so the
    /// rules report them although the call did not finish.
    ///
    /// ```
    /// use certsession_core::{Handle, StoreError, StoreErrorKind};
    ///
    /// let handle = Handle::from_bytes([7; Handle::LENGTH]);
    /// let error = StoreError::new(StoreErrorKind::Unavailable).after_ending(vec![handle]);
    /// assert_eq!(error.ended(), [handle]);
    /// ```
    #[must_use]
    pub fn after_ending(mut self, mut ended: Vec<Handle>) -> Self {
        if !ended.is_empty() {
            let known = self.known.get_or_insert_default();
            ended.append(&mut known.ended);
            known.ended = ended;
        }
        self
    }

    /// The sessions that the failed call had ended before it failed, as far as the store knows.
    /// Most failures come before any: then it is empty.
    pub fn ended(&self) -> &[Handle] {
        self.known.as_ref().map_or(&[], |known| &known.ended)
    }

    /// The kind of failure.
    pub const fn kind(&self) -> StoreErrorKind {
        self.kind
    }
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the session store {}", self.kind)
    }
}

impl Error for StoreError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        let source = self.known.as_ref()?.source.as_deref()?;
        Some(source)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_call_had_ended_adds_up_and_hides_no_source() {
        let handles = [1, 2, 3].map(|byte| Handle::from_bytes([byte; Handle::LENGTH]));
        let error = StoreError::with_source(StoreErrorKind::Unavailable, "refused");
        assert_eq!(error.ended(), []);
        // A step of a call had ended the last two, and the call itself the first before that.
        let error = error.after_ending(handles[1..].to_vec());
        let error = error
            .after_ending(handles[..1].to_vec())
            .after_ending(vec![]);
        assert_eq!(error.ended(), handles);
        assert_eq!(error.kind(), StoreErrorKind::Unavailable);
        assert_eq!(error.source().unwrap().to_string(), "refused");
        assert_eq!(error.to_string(), "the session store cannot be reached");
    }

    #[test]
    fn a_failure_may_have_no_source() {
        let error = StoreError::new(StoreErrorKind::Full);
        assert!(error.source().is_none());
        let ended = vec![Handle::from_bytes([1; Handle::LENGTH])];
        assert!(error.after_ending(ended).source().is_none());
        assert!(size_of::<StoreError>() <= 2 * size_of::<usize>());
    }
}

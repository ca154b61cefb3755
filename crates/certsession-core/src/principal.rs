//! Who is signed in.

use std::fmt;
use std::sync::Arc;

/// Who is signed in: the name by which the application knows a user or a machine.
///
/// The framework compares it, indexes it and shows it in events, and gives it no other meaning. 1
/// to 256 bytes without control characters.
///
/// ```
/// use certsession_core::Principal;
///
/// let alice = Principal::new("alice")?;
/// assert_eq!(alice.as_str(), "alice");
/// # Ok::<(), certsession_core::InvalidPrincipal>(())
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Principal(Arc<str>);

impl Principal {
    /// The longest name, in bytes.
    pub const MAX_LENGTH: usize = 256;

    /// Creates the principal with this name.
    ///
    /// # Errors
    ///
    /// If the name is empty, longer than [`MAX_LENGTH`](Self::MAX_LENGTH) or holds a control
    /// character.
    pub fn new(name: &str) -> Result<Self, InvalidPrincipal> {
        match name.len() {
            0 => Err(InvalidPrincipal::Empty),
            length if length > Self::MAX_LENGTH => Err(InvalidPrincipal::TooLong { length }),
            _ if name.contains(char::is_control) => Err(InvalidPrincipal::ControlCharacter),
            _ => Ok(Self(name.into())),
        }
    }

    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Principal({:?})", &*self.0)
    }
}

/// Why a name is not a valid principal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum InvalidPrincipal {
    /// The name is empty.
    #[error("a principal's name cannot be empty")]
    Empty,
    /// The name is too long.
    #[error("a principal's name has at most 256 bytes, this one has {length}")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The name holds a control character, which could forge a line of a log.
    #[error("a principal's name cannot hold a control character")]
    ControlCharacter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn misleading_names_are_refused() {
        assert_eq!(Principal::new(""), Err(InvalidPrincipal::Empty));
        assert_eq!(
            Principal::new(&"x".repeat(257)),
            Err(InvalidPrincipal::TooLong { length: 257 })
        );
        assert_eq!(
            Principal::new("alice\nadmin"),
            Err(InvalidPrincipal::ControlCharacter)
        );
        assert!(Principal::new(&"x".repeat(256)).is_ok());
        assert!(Principal::new("Ålice O'Hara, Jr.").is_ok());
    }
}

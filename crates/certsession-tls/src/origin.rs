//! Where PEM was read from, as errors name it.

use std::fmt;
use std::path::{Path, PathBuf};

/// Where PEM was read from, as errors name it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PemOrigin(Origin);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Origin {
    File(PathBuf),
    Bytes(&'static str),
}

impl PemOrigin {
    pub(crate) fn file(path: &Path) -> Self {
        Self(Origin::File(path.to_owned()))
    }

    pub(crate) const fn bytes(what: &'static str) -> Self {
        Self(Origin::Bytes(what))
    }

    /// The path, if it is a file.
    pub fn path(&self) -> Option<&Path> {
        match &self.0 {
            Origin::File(path) => Some(path),
            Origin::Bytes(_) => None,
        }
    }
}

impl fmt::Display for PemOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.0 {
            Origin::File(path) => write!(f, "file {}", path.display()),
            Origin::Bytes(what) => write!(f, "the PEM bytes of the {what}"),
        }
    }
}

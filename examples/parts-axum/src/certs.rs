//! The folder with the certificates.

use std::env;
use std::path::PathBuf;

/// A file of the folder that PARTS_CERTS names.
pub(crate) fn file(name: &str) -> PathBuf {
    let folder = env::var_os("PARTS_CERTS").unwrap_or_else(|| "certs".into());
    PathBuf::from(folder).join(name)
}

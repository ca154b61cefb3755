//! Errors, each with the file or value at fault and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

/// Why certificates could not be minted, issued, read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An operation of the file system failed.
    #[error("cannot {action} {}", path.display())]
    Io {
        /// The operation, as a verb.
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// The error of the operating system.
        source: io::Error,
    },

    /// A file that was to be written exists already. Nothing was written.
    #[error("{} exists already, so nothing was written; --force replaces it", path.display())]
    AlreadyExists {
        /// The first such file.
        path: PathBuf,
    },

    /// The folder holds no authority that could issue certificates.
    #[error(
        "no certificate authority in {}: {} is missing; `just certs` mints one",
        dir.display(),
        missing.display()
    )]
    NoAuthority {
        /// The folder that was searched.
        dir: PathBuf,
        /// The missing file.
        missing: PathBuf,
    },

    /// Some files of the PKI exist and some are missing.
    #[error(
        "the certificates in {dir} are incomplete: {} is missing; mint all again with \
         `cargo run -p certs-dev -- mint --out {dir} --force`",
        missing.display(),
        dir = dir.display()
    )]
    Incomplete {
        /// The folder of the PKI.
        dir: PathBuf,
        /// The first missing file.
        missing: PathBuf,
    },

    /// A certificate has expired, or is not valid yet.
    #[error(
        "{} is valid only from {not_before} to {not_after}; mint all again with \
         `cargo run -p certs-dev -- mint --out {} --force`",
        path.display(),
        folder_of(path).display()
    )]
    NotValidNow {
        /// The certificate's file.
        path: PathBuf,
        /// The first moment at which it is valid, as in RFC 3339.
        not_before: String,
        /// The last moment at which it is valid, as in RFC 3339.
        not_after: String,
    },

    /// A file does not hold the expected content.
    #[error("{} holds no readable {what}", path.display())]
    Unreadable {
        /// The expected content.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// The error of the parser.
        source: Box<dyn std::error::Error + Send + Sync>,
    },

    /// A key file belongs to another certificate.
    #[error(
        "{} is not the key of {}; issue or mint the pair again with --force",
        key.display(),
        certificate.display()
    )]
    KeyMismatch {
        /// The certificate's file.
        certificate: PathBuf,
        /// The key's file.
        key: PathBuf,
    },

    /// A certificate of the PKI comes from another authority, for example after an interrupted
    /// mint.
    #[error(
        "{} was not issued by {}; mint all again with \
         `cargo run -p certs-dev -- mint --out {} --force`",
        certificate.display(),
        authority.display(),
        folder_of(authority).display()
    )]
    OtherAuthority {
        /// The certificate's file.
        certificate: PathBuf,
        /// The authority's certificate file.
        authority: PathBuf,
    },

    /// A name is not usable for files.
    #[error("{name:?} cannot name certificate files: {reason}")]
    InvalidFileName {
        /// The name.
        name: String,
        /// What is wrong with the name.
        reason: &'static str,
    },

    /// A name is not valid in a certificate.
    #[error("{value:?} is not a valid {kind}: {reason}")]
    InvalidName {
        /// The kind of name.
        kind: &'static str,
        /// The name.
        value: String,
        /// What is wrong with the name.
        reason: &'static str,
    },

    /// A serial number has an invalid length.
    #[error("a serial number has 1 to 20 bytes, not {length}")]
    InvalidSerial {
        /// Its length in bytes.
        length: usize,
    },

    /// A lifetime is zero days, or more than a century.
    #[error("a certificate is valid for 1 to 36500 days, not {days}")]
    InvalidDays {
        /// The requested days.
        days: u32,
    },

    /// A certificate cannot express this time.
    #[error("{unix_seconds} s since the Unix epoch is outside the years 1970 to 9999")]
    InvalidTime {
        /// The time, in seconds since the Unix epoch.
        unix_seconds: i64,
    },

    /// The validity ends before it begins.
    #[error("the certificate would end at {not_after} s, before it begins at {not_before} s")]
    EndsBeforeItBegins {
        /// The beginning, in seconds since the Unix epoch.
        not_before: i64,
        /// The end, in seconds since the Unix epoch.
        not_after: i64,
    },

    /// A cryptographic library failed.
    #[error("cannot {action}")]
    Crypto {
        /// The operation, as a verb.
        action: &'static str,
        /// The error of the library.
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

impl Error {
    pub(crate) fn io(action: &'static str, path: &Path) -> impl FnOnce(io::Error) -> Self {
        let path = path.to_owned();
        move |source| Self::Io {
            action,
            path,
            source,
        }
    }

    pub(crate) fn crypto<E>(action: &'static str) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        move |source| Self::Crypto {
            action,
            source: Box::new(source),
        }
    }

    pub(crate) fn unreadable<E>(what: &'static str, path: &Path) -> impl FnOnce(E) -> Self
    where
        E: std::error::Error + Send + Sync + 'static,
    {
        let path = path.to_owned();
        move |source| Self::Unreadable {
            what,
            path,
            source: Box::new(source),
        }
    }
}

fn folder_of(file: &Path) -> &Path {
    file.parent().unwrap_or(file)
}

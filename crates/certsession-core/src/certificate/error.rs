//! Why a peer's certificate was refused.

use std::borrow::Cow;
use std::fmt;

use super::key_usage::KeyUsage;
use super::{Fingerprint, SerialNumber};

/// The largest certificate that is read: 256 KiB.
///
/// Real leaves have one to four kilobytes, TLS stacks let through some tens of them (a
/// certificate with a thousand names, or with a post-quantum key), and 256 KiB is what a TLS
/// 1.3 stack may be set to take. More is refused before a byte of it is looked at.
pub const MAX_CERTIFICATE_SIZE: usize = 256 * 1024;

/// The longest serial number that is read, in bytes.
///
/// RFC 5280 section 4.1.2.2 allows a CA 20 and asks readers for no more. Some CAs write more;
/// three times as much is room enough, and keeps a serial fit for an index and a log line.
pub(super) const MAX_SERIAL_LEN: usize = 64;

/// A certificate that was refused, as far as it can still be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RejectedCertificate {
    pub(super) cause: CertificateError,
    pub(super) fingerprint: Fingerprint,
    pub(super) serial: Option<SerialNumber>,
    pub(super) subject: Option<Box<str>>,
}

impl RejectedCertificate {
    /// Why it was refused. Never [`CertificateError::Named`].
    pub const fn cause(&self) -> &CertificateError {
        &self.cause
    }

    /// The SHA-256 of its bytes, whatever they are.
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Its serial number.
    pub const fn serial(&self) -> Option<&SerialNumber> {
        self.serial.as_ref()
    }

    /// Its subject, for people to read: see [`PeerCertificate::subject`](super::PeerCertificate::subject).
    pub fn subject(&self) -> Option<&str> {
        self.subject.as_deref()
    }
}

impl fmt::Display for RejectedCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (sha256 {}", self.cause, self.fingerprint)?;
        if let Some(serial) = &self.serial {
            write!(f, ", serial {serial}")?;
        }
        if let Some(subject) = &self.subject {
            write!(f, ", subject {subject}")?;
        }
        f.write_str(")")
    }
}

impl CertificateError {
    /// The reason itself, without the certificate.
    pub fn cause(&self) -> &Self {
        match self {
            Self::Named(rejected) => rejected.cause(),
            cause => cause,
        }
    }

    /// The certificate, if it is known which.
    pub fn certificate(&self) -> Option<&RejectedCertificate> {
        match self {
            Self::Named(rejected) => Some(rejected),
            _ => None,
        }
    }

    /// The error about the same certificate, for another cause.
    #[must_use]
    pub fn with_cause(self, cause: Self) -> Self {
        let cause = match cause {
            Self::Named(rejected) => rejected.cause,
            cause => cause,
        };
        match self {
            Self::Named(mut rejected) => {
                rejected.cause = cause;
                Self::Named(rejected)
            }
            _ => cause,
        }
    }
}

/// Why a peer's certificate was refused although the handshake was completed.
///
/// Each message says what is wrong and what to do about it. What came out of the certificate
/// appears in a message only as it is safe to show, and cut to a length that fits a log line.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// This certificate was refused, for the cause within.
    #[error("{0}")]
    Named(Box<RejectedCertificate>),

    /// The TLS stack went on although it could not verify the certificate, or would not hand it
    /// over. Nothing in this crate verifies a chain: adapters report what their stack says.
    #[error(
        "the client certificate was not verified by the TLS stack: let its verifier refuse the \
         handshake instead of going on"
    )]
    Unverified,

    /// The CA that verified the certificate is no longer configured, or has expired.
    #[error(
        "the client certificate no longer verifies: its CA was taken out of the client CAs, or a \
         certificate of its chain has expired"
    )]
    NoLongerVerifies,

    /// A trusted proxy forwarded something that cannot be used as the client's certificate.
    #[error("what the proxy forwarded as the client certificate is refused: {reason}")]
    Forwarded {
        /// What is wrong with it, and what to do about it.
        reason: &'static str,
    },

    /// The request came to a socket that is for proxies alone, from a sender that is none of them.
    /// The certificate that the error names is the sender's.
    #[error(
        "the request did not come from the configured proxy: {reason}; clients have to go through \
         the proxy, and if this was the proxy, correct its identity in TrustedProxies"
    )]
    NotTheProxy {
        /// How its identity differs, and, if its own certificate was rejected, why.
        reason: Cow<'static, str>,
    },

    /// The server runs in development mode, over plain HTTP, and the request is none that it
    /// serves: only a client on the same machine is one.
    #[error("the server runs in development mode, over plain HTTP: {reason}")]
    DevelopmentMode {
        /// Why the request is refused.
        reason: &'static str,
    },

    /// The certificate is larger than [`MAX_CERTIFICATE_SIZE`].
    #[error(
        "the client certificate has {size} bytes, and more than {MAX_CERTIFICATE_SIZE} are not \
         read: issue one with fewer names or extensions"
    )]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },

    /// The certificate is not the DER structure of RFC 5280 section 4.1.
    #[error("the client certificate is malformed ({what}): have its CA issue it again")]
    Malformed {
        /// Which part of it is not as it has to be.
        what: &'static str,
    },

    /// Bytes follow the certificate.
    #[error(
        "{extra} bytes follow the client certificate: hand over the leaf's DER alone, not a \
         chain and not a PEM file"
    )]
    TrailingData {
        /// How many bytes follow.
        extra: usize,
    },

    /// The serial number is longer than any CA has reason to make it.
    #[error(
        "the client certificate's serial number has {len} bytes, and more than \
         {MAX_SERIAL_LEN} are not read: RFC 5280 section 4.1.2.2 allows its CA 20"
    )]
    SerialTooLong {
        /// Its length in bytes.
        len: usize,
    },

    /// There is more than one subject alternative name extension, so that two readers could
    /// see two identities (RFC 5280 section 4.2 allows one).
    #[error(
        "the client certificate has more than one subject alternative name extension: have its \
         CA issue it again with all names in one"
    )]
    DuplicateSubjectAltName,

    /// There is more than one SPIFFE id, so that two readers could see two identities
    /// (X509-SVID section 2 allows one).
    #[error("the client certificate has {count} SPIFFE ids: issue one certificate for each")]
    SeveralSpiffeIds {
        /// How many there are.
        count: usize,
    },

    /// The key is for something else than to prove its possession in TLS: it may be a key for
    /// encryption that others hold a copy of, or one for signatures that have legal effect.
    #[error(
        "the client certificate's key usage ({usage}) allows neither digitalSignature nor \
         keyAgreement: use the certificate that is meant for authentication"
    )]
    NotForAuthentication {
        /// What the key may be used for.
        usage: KeyUsage,
    },
}

//! Why a peer's certificate was refused.

use super::key_usage::KeyUsage;
use super::peer::MAX_CERTIFICATE_SIZE;
use super::serial::MAX_SERIAL_LEN;

/// Why a peer's certificate was refused although the handshake was completed.
///
/// Each message says what is wrong and what to do about it. What came out of the certificate
/// appears in a message only where it was proven to be printable ASCII, and cut to a length
/// that a log line can bear.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CertificateError {
    /// The TLS stack went on although it could not verify the certificate, or would not hand it
    /// over. Nothing in this crate verifies a chain: adapters report what their stack says.
    #[error(
        "the client certificate was not verified by the TLS stack: let its verifier refuse the \
         handshake instead of going on"
    )]
    Unverified,

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

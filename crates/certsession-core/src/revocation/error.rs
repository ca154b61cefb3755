//! Why a revocation list was not accepted.

use crate::time::Timestamp;

/// The largest list that is read by default, in bytes: 8 MiB, some 200,000 entries.
///
/// It is read and hashed whole before anything in it can be trusted, so there has to be an end.
/// [`CrlVerifier::max_size`](crate::CrlVerifier::max_size) sets another.
pub const MAX_CRL_SIZE: usize = 8 << 20;

/// Why a list was not accepted. The list before it stays in force.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CrlError {
    /// It is larger than the limit, which is [`MAX_CRL_SIZE`] unless another was set.
    #[error(
        "it has {size} bytes, and more than the limit are not read ({MAX_CRL_SIZE} by default): \
         raise the limit, or let the CA split or shorten the list"
    )]
    TooLarge {
        /// Its size in bytes.
        size: usize,
    },
    /// It is not the structure of RFC 5280 section 5.1.
    #[error("it is malformed ({what}): fetch it again")]
    Malformed {
        /// Which part of it is not as it has to be.
        what: &'static str,
    },
    /// None of the known authorities has its issuer's name.
    #[error(
        "it is of an issuer that is none of the configured CAs: configure its CA, or leave it out"
    )]
    UnknownIssuer,
    /// The authority's certificate has expired, and with it all that it has issued.
    #[error("its CA's certificate has expired on {not_after}: leave the list out")]
    IssuerExpired {
        /// When it did.
        not_after: Timestamp,
    },
    /// The authority's certificate does not allow it to sign lists.
    #[error("its CA's certificate has a key usage without cRLSign: lists by that CA do not count")]
    IssuerMayNotSign,
    /// The signature is not the authority's.
    #[error(
        "its signature is not that of the configured CA: it was forged, damaged, or signed by another key"
    )]
    BadSignature,
    /// The signature algorithm is not known, or does not fit the authority's key.
    #[error(
        "its signature algorithm ({algorithm}) is not supported: both TLS stacks verify ECDSA on \
         P-256 and P-384 with SHA-256 or SHA-384, RSA (PKCS #1 and PSS) with SHA-256, SHA-384 or \
         SHA-512, and Ed25519; OpenSSL verifies more"
    )]
    UnsupportedSignature {
        /// The algorithm's OBJECT IDENTIFIER.
        algorithm: Box<str>,
    },
    /// The signature is by an algorithm that no longer proves anything.
    #[error("its signature uses {algorithm}, which can be forged: let the CA use SHA-256")]
    WeakSignature {
        /// The algorithm.
        algorithm: &'static str,
    },
    /// The authority's RSA key is of a size that is not accepted.
    #[error("its CA's key has {bits} bits: RSA keys have to have 2048 to 16384")]
    KeySize {
        /// The size of the modulus.
        bits: usize,
    },
    /// A critical extension that is not known may change what it means.
    #[error("it has a critical extension that is not understood ({id})")]
    UnsupportedExtension {
        /// The extension's OBJECT IDENTIFIER.
        id: Box<str>,
    },
    /// It says what has changed since another list.
    #[error("it is a delta list, which names changes to another list: give the full list")]
    Delta,
    /// It names certificates of other issuers.
    #[error("it is an indirect list, which names certificates of other CAs: give each CA's own")]
    Indirect,
    /// No client's certificate can be on it.
    #[error("it covers {what} certificates only, so no client is on it: give the list for users")]
    NotForClients {
        /// Which certificates it covers.
        what: &'static str,
    },
    /// It does not say when the next one is due.
    #[error("it has no nextUpdate, which RFC 5280 section 5.1.2.5 asks for: let the CA set one")]
    NoNextUpdate,
    /// It begins in the future.
    #[error("it begins in the future ({this_update}): check the clocks")]
    NotYetValid {
        /// When it begins.
        this_update: Timestamp,
    },
    /// Its successor is overdue.
    #[error("it has expired ({next_update} was its nextUpdate): fetch a new one")]
    Expired {
        /// When its successor was due.
        next_update: Timestamp,
    },
    /// A configured CA whose list was in the same place has none there any more.
    #[error(
        "the list of this CA is missing, and the last one stays in force (until {next_update}): put \
         it back, or take the CA out of the client CAs"
    )]
    IssuerMissing {
        /// When the one in force is overdue.
        next_update: Timestamp,
    },
    /// A list of a CA has come, and another one of it, about other certificates, is missing.
    #[error(
        "a list of this CA that covers other certificates is missing, and the last one stays in \
         force (until {next_update}): put it back, or restart if the CA no longer issues it"
    )]
    PartMissing {
        /// When the one in force is overdue.
        next_update: Timestamp,
    },
    /// It is older than the one in force.
    #[error("it is older than the list in force: an old file was put in its place")]
    Older,
}

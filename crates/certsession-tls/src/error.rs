//! What can be wrong with the files of a TLS configuration, and what to do about it.

use std::error::Error;
use std::io;

use certsession_core::{CrlError, CrlProblem};

use crate::origin::PemOrigin;

/// Why a [`MutualTls`](crate::MutualTls) configuration could not be built.
///
/// Every message names the file (or the bytes) and says what to do. None holds key
/// material: of a damaged file not even the damaged line is repeated.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MutualTlsError {
    /// No server certificate was given.
    #[error(
        "no server certificate: call server_identity_files(certificate, key) or server_identity_pem(..)"
    )]
    NoServerIdentity,

    /// No CA was given that client certificates are verified against.
    #[error("no client CA: call client_ca_file(path) or client_ca_pem(..)")]
    NoClientCa,

    /// There are client CAs beside pinned keys.
    #[error(
        "there are client CAs beside client_public_key(..), which lets a key in whichever CA issued its \
         certificate: leave one of the two out"
    )]
    KeysBesideCas,

    /// The file is missing or may not be read.
    #[error("{origin} cannot be read: {source}")]
    Unreadable {
        /// The file.
        origin: PemOrigin,
        /// What the operating system said.
        source: io::Error,
    },

    /// There is no PEM block at all.
    #[error(
        "{origin} holds no PEM block (-----BEGIN ...-----); if it is DER or PKCS#12, convert it \
         with `openssl x509`, `openssl pkey` or `openssl pkcs12`"
    )]
    NotPem {
        /// Where it was read from.
        origin: PemOrigin,
    },

    /// A PEM block is damaged.
    #[error("{origin} holds a damaged PEM block: {reason}")]
    DamagedPem {
        /// Where it was read from.
        origin: PemOrigin,
        /// What is damaged. Never the damaged text itself, which may be a key.
        reason: &'static str,
    },

    /// There are PEM blocks, but no certificate among them.
    #[error("{origin} holds no CERTIFICATE block, only {}{}", found.join(", "), swapped(found))]
    NoCertificate {
        /// Where it was read from.
        origin: PemOrigin,
        /// The labels of the blocks that were found.
        found: Vec<String>,
    },

    /// There are PEM blocks, but no private key among them.
    #[error("{origin} holds no PRIVATE KEY block, only {}{}", found.join(", "), swapped(found))]
    NoPrivateKey {
        /// Where it was read from.
        origin: PemOrigin,
        /// The labels of the blocks that were found.
        found: Vec<String>,
    },

    /// The private key is encrypted with a passphrase.
    #[error(
        "the private key in {origin} is encrypted, and a server has no one to ask for the \
         passphrase; decrypt it with `openssl pkey -in ENCRYPTED -out PLAIN` into a file that \
         the server's user alone can read"
    )]
    EncryptedKey {
        /// Where it was read from.
        origin: PemOrigin,
    },

    /// There is more than one private key, so that it is unclear which one to use.
    #[error("{origin} holds {count} private keys; leave the one that belongs to the certificate")]
    SeveralKeys {
        /// Where they were read from.
        origin: PemOrigin,
        /// How many there are.
        count: usize,
    },

    /// The private key is damaged, or of a kind that the TLS stack does not know.
    #[error(
        "the private key in {origin} cannot be used ({source}); RSA from 2048 bits, ECDSA on \
         P-256 or P-384 and Ed25519 work with both TLS stacks"
    )]
    UnusableKey {
        /// Where it was read from.
        origin: PemOrigin,
        /// What the TLS stack said.
        source: Box<dyn Error + Send + Sync>,
    },

    /// The private key does not belong to the server certificate.
    #[error(
        "the private key in {key} does not belong to the certificate in {certificate}; the \
         server's own certificate has to be the first of the chain"
    )]
    KeyMismatch {
        /// Where the certificate was read from.
        certificate: PemOrigin,
        /// Where the key was read from.
        key: PemOrigin,
    },

    /// A CERTIFICATE block does not hold an X.509 certificate.
    #[error("certificate {position} in {origin} is not a valid X.509 certificate: {source}")]
    UnparsableCertificate {
        /// Where it was read from.
        origin: PemOrigin,
        /// Which certificate of the file, from 1.
        position: usize,
        /// What is wrong in it.
        source: Box<dyn Error + Send + Sync>,
    },

    /// A certificate was given as a client CA that is no CA's.
    #[error(
        "certificate {position} in {origin} ({subject}) is not a CA's: {reason}; give the \
         certificate of the CA that issues the client certificates"
    )]
    NotACa {
        /// Where it was read from.
        origin: PemOrigin,
        /// Which certificate of the file, from 1.
        position: usize,
        /// Whose certificate it is.
        subject: String,
        /// Why it is not taken for a CA's.
        reason: &'static str,
    },

    /// All client CAs have expired, so that no client certificate could be accepted.
    #[error("all client CA certificates have expired, the last one ({subject}) on {not_after}")]
    ClientCasExpired {
        /// The CA that expired last.
        subject: String,
        /// When it did.
        not_after: String,
    },

    /// A revocation list was not accepted.
    #[error("the revocation list in {origin} is refused: {source}")]
    RevocationList {
        /// The file.
        origin: PemOrigin,
        /// What is wrong with it.
        source: CrlError,
    },

    /// None of the lists in a file can be used, or a configured CA is left without one.
    #[error("the revocation lists in {origin} are refused: {}", joined(problems))]
    RevocationLists {
        /// The file.
        origin: PemOrigin,
        /// What is wrong, list by list.
        problems: Vec<CrlProblem>,
    },

    /// There are PEM blocks, but no revocation list among them.
    #[error("{origin} holds no list (X509 CRL block), only {}", found.join(", "))]
    NoRevocationList {
        /// Where it was read from.
        origin: PemOrigin,
        /// The labels of the blocks that were found.
        found: Vec<String>,
    },

    /// The names of the client CAs are too long to be sent in a handshake.
    #[error(
        "the names of the {count} client CAs have {size} bytes, and a handshake holds {limit}: give \
         fewer CAs (the roots alone, for example), or call send_ca_names(false)"
    )]
    TooManyCaNames {
        /// How many CAs there are.
        count: usize,
        /// How many bytes their names have in a handshake.
        size: usize,
        /// How many bytes they may have.
        limit: usize,
    },

    /// There are files with revocation lists, but no list to load them into.
    #[error(
        "there is a revocation list but no list of revoked certificates to put it in: call \
         revocations(&list), and give the same list to SessionManager::builder(..).revocations(&list)"
    )]
    NoRevocations,

    /// The system refused a thread to follow the files in.
    #[error("no thread could be started to follow the files: {source}")]
    NoWatch {
        /// What the operating system said.
        source: io::Error,
    },

    /// The TLS stack refused what it was given, for a reason of its own.
    #[error("{stack} refused the configuration: {source}")]
    Stack {
        /// The TLS stack.
        stack: &'static str,
        /// What it said.
        source: Box<dyn Error + Send + Sync>,
    },
}

fn joined(problems: &[CrlProblem]) -> String {
    let problems: Vec<_> = problems.iter().map(ToString::to_string).collect();
    match &*problems {
        [] => "it holds none".to_owned(),
        problems => problems.join("; "),
    }
}

/// The hint for the commonest mistake: certificate and key in each other's place.
fn swapped(found: &[String]) -> &'static str {
    let is = |label: &String| label == "CERTIFICATE" || label.ends_with("PRIVATE KEY");
    if found.iter().any(is) {
        "; are certificate and key in each other's place?"
    } else {
        ""
    }
}

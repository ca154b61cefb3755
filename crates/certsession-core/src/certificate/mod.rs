//! The peer's certificate: what it says, as it is written, and what is refused.
//!
//! TLS has verified the chain before any of this runs, [`PresentedCertificate`] excepted. What is left to do is to read the
//! leaf, and the leaf alone, once per connection, without panicking on odd input and without
//! re-encoding anything that is later compared. Three rules decide what is read and how:
//!
//! 1. **Identity is bytes.** Issuer, serial and public key are cut out of the signed bytes
//!    and hashed or compared as they are. A decoder that normalises would let two different
//!    certificates look the same, or one certificate look like two.
//! 2. **Odd identifies, ambiguous is refused.** A serial of zero, below zero or of 21 bytes
//!    is accepted: it identifies. Two SPIFFE ids or two SAN extensions are refused: each
//!    reader could pick another one. A name that is empty or not printable is of no use, and
//!    takes none of the certificate's other uses away.
//! 3. **Text is for people.** The subject is escaped for display and decides nothing; names
//!    that decide come from the subject alternative name extension only, never from the CN.
//!
//! The folder, top down:
//!
//! | file | purpose |
//! |---|---|
//! | `state` | [`PeerState`]: absent, verified or rejected |
//! | `peer` | [`PeerCertificate`], the parsed leaf |
//! | `chain` | [`ChainVerifier`]: verifying what no handshake has verified |
//! | `ca`, `anchor` | [`CaCertificate`], [`TrustAnchor`]: what an application is configured with |
//! | `layout`, `extensions` | where each field is in the DER |
//! | `alt_names`, `spiffe` | the names that may decide |
//! | `name` | names, compared as RFC 5280 has it |
//! | `key_usage` | [`KeyUsage`] |
//! | `identity` | [`IdentityName`]: the name by which an owner stays the same |
//! | `subject` | the name that people read |
//! | `validity` | the dates, and [`ValidityError`] |
//! | `hashes`, `serial` | the values that identify |
//! | `element` | DER elements as they are written |
//! | `error` | [`CertificateError`] |
//! | `rejected` | what can be said of a certificate that was refused, or that was not verified |

mod alt_names;
mod anchor;
mod ca;
mod chain;
pub(crate) mod element;
mod error;
pub(crate) mod extensions;
mod hashes;
mod identity;
mod key_usage;
mod layout;
mod name;
mod peer;
mod rejected;
mod serial;
mod spiffe;
mod state;
mod subject;
pub(crate) mod validity;

pub(crate) use self::subject::to_text as subject_text;
pub use self::{
    alt_names::IdentityName,
    anchor::TrustAnchor,
    ca::CaCertificate,
    chain::ChainVerifier,
    error::{CertificateError, MAX_CERTIFICATE_SIZE, RejectedCertificate},
    hashes::{Fingerprint, InvalidHash, IssuerHash, PublicKeyHash},
    key_usage::KeyUsage,
    peer::PeerCertificate,
    rejected::PresentedCertificate,
    serial::SerialNumber,
    spiffe::SpiffeIdFault,
    state::PeerState,
    validity::ValidityError,
};
pub(crate) use self::{hashes::NameHash, name::CanonicalName, serial::shortest, subject::dotted};

#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

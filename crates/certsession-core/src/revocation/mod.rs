//! Certificates that are no longer accepted although they have not expired.
//!
//! 1. **A list is taken whole or not at all.** It comes into force when its signature by a
//!    known authority and its dates are in order; until then the one before it does.
//! 2. **A new list replaces the one that it succeeds, and no other.** What a list speaks of
//!    (its issuer, the key that has signed it, which certificates) decides which that is.
//! 3. **Each issuer is treated on its own.** One CA's bad list keeps no other's back.
//! 4. **An entry names a certificate by issuer and serial number, or by its public key.** Never
//!    by fingerprint: an ECDSA signature can be altered into a second valid one.
//! 5. **Asking costs the same however long the list is.**
//!
//! | file | purpose |
//! |---|---|
//! | `list` | [`RevocationList`]: what is in force, and who is told of additions |
//! | `snapshot` | what is in force at one moment, and the answer to a request |
//! | `succession` | which list takes the place of which |
//! | `report` | [`CrlReport`]: what became of each list |
//! | `entries` | [`Revocation`], and sets of serial numbers |
//! | `pending` | additions whose sessions are still to be ended |
//! | `verifier` | [`CrlVerifier`]: whose lists count, and how they are verified |
//! | `crl`, `error` | [`Crl`]: a list of RFC 5280 that was verified, or why it was not |
//! | `layout`, `scope` | where each field is in one, and which certificates it speaks of |
//! | `signature` | the signature algorithms |

mod crl;
mod entries;
mod error;
mod layout;
mod list;
mod pending;
mod report;
mod scope;
mod signature;
mod snapshot;
mod status;
mod succession;
mod verifier;

pub use crl::{Crl, OnOverdueCrl};
pub use entries::Revocation;
pub use error::{CrlError, MAX_CRL_SIZE};
pub use list::RevocationList;
pub(crate) use pending::{OwnedRevocations, PendingRevocations};
pub use report::{CrlProblem, CrlReport};
pub use signature::SignatureVerifier;
pub use snapshot::RevocationStatus;
pub use status::CrlStatus;
pub use verifier::CrlVerifier;

#[cfg(test)]
mod tests;

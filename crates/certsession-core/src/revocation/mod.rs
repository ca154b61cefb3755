//! Certificates that are no longer accepted although they have not expired.
//!
//! 1. **A list is taken whole or not at all.** It comes into force when its signature by a
//!    known authority and its dates are in order; until then the one before it stands.
//! 2. **A new list replaces the one before it.** Entries are never added to an old list.
//! 3. **An entry names a certificate by issuer and serial number, or by its public key.** Never
//!    by fingerprint: an ECDSA signature can be altered into a second valid one.
//! 4. **Asking costs the same however long the list is.**
//!
//! | file | purpose |
//! |---|---|
//! | `list` | [`RevocationList`]: what is in force, and who is told of additions |
//! | `snapshot` | what is in force at one moment, and the answer to a request |
//! | `entries` | [`Revocation`], and sets of serial numbers |
//! | `pending` | additions whose sessions are still to be ended |
//! | `crl` | [`Crl`]: a list of RFC 5280 that was verified |
//! | `layout` | where each field stands in one |
//! | `authority` | [`CrlAuthority`]: whose signature counts |
//! | `signature` | the signature algorithms |

mod authority;
mod crl;
mod entries;
mod layout;
mod list;
mod pending;
mod signature;
mod snapshot;

pub use authority::CrlAuthority;
pub use crl::{Crl, CrlError, MAX_CRL_SIZE};
pub use entries::Revocation;
pub use list::{OnOverdueCrl, RevocationList};
pub(crate) use pending::{OwnedRevocations, PendingRevocations};
pub use snapshot::RevocationStatus;

#[cfg(test)]
mod tests;

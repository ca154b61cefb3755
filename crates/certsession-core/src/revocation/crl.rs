//! A certificate revocation list that was verified.

use std::sync::Arc;

use super::entries::Serials;
use super::error::CrlError;
use super::list::OnOverdueCrl;
use super::scope::Scope;
use super::verifier::CrlVerifier;
use crate::certificate::{CaCertificate, CanonicalName, IssuerHash, PublicKeyHash};
use crate::time::Timestamp;

/// A certificate revocation list (RFC 5280 section 5) whose signature by a known authority and
/// whose dates were verified: [`CrlVerifier`] alone makes one.
#[derive(Clone, Debug)]
pub struct Crl {
    /// The name of the CA that has signed it.
    pub(super) issuer: IssuerHash,
    /// The same, however it is spelt.
    pub(super) name: CanonicalName,
    /// The spellings that certificates of this issuer may have.
    pub(super) names: Box<[IssuerHash]>,
    /// The issuer, for people to read.
    pub(super) subject: Box<str>,
    /// The key that has signed it.
    pub(super) signer: PublicKeyHash,
    pub(super) signer_not_after: Timestamp,
    pub(super) scope: Scope,
    /// The contents of the CRL number.
    pub(super) number: Option<Box<[u8]>>,
    pub(super) serials: Arc<Serials>,
    pub(super) this_update: Timestamp,
    pub(super) next_update: Timestamp,
}

impl Crl {
    /// Verifies a list in DER, with the defaults of [`CrlVerifier`].
    ///
    /// # Errors
    ///
    /// [`CrlError`], which says what is wrong and what to do about it.
    pub fn verify(
        der: &[u8],
        authorities: &[CaCertificate],
        on_overdue_crl: OnOverdueCrl,
        now: Timestamp,
    ) -> Result<Self, CrlError> {
        CrlVerifier::new(authorities).verify(der, on_overdue_crl, now)
    }

    /// SHA-256 of the issuer's name, as the CA's own certificate spells it.
    pub const fn issuer(&self) -> &IssuerHash {
        &self.issuer
    }

    /// How many certificates it revokes.
    pub fn len(&self) -> usize {
        self.serials.len()
    }

    /// Whether it revokes none.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// When it was made.
    pub const fn this_update(&self) -> Timestamp {
        self.this_update
    }

    /// When its successor is due at the latest.
    pub const fn next_update(&self) -> Timestamp {
        self.next_update
    }

    /// Whether it covers a part of the issuer's certificates alone: those of one distribution
    /// point, or those that were revoked for some reasons.
    pub fn is_partial(&self) -> bool {
        self.scope != Scope::Whole
    }

    /// Whether it takes the place of the other one: of the same issuer and key, about the same
    /// certificates.
    pub(super) fn is_of_place(&self, other: &Self) -> bool {
        self.is_of_signer(other) && self.scope == other.scope
    }

    pub(super) fn is_of_signer(&self, other: &Self) -> bool {
        self.name == other.name && self.signer == other.signer
    }

    /// Whether it was made after the other one. Of two that were made in the same second, the
    /// one with the higher number (RFC 5280 section 5.2.3).
    pub(super) fn is_newer_than(&self, other: &Self) -> bool {
        if self.this_update != other.this_update {
            return self.this_update > other.this_update;
        }
        match (&self.number, &other.number) {
            (Some(ours), Some(theirs)) => (ours.len(), ours) > (theirs.len(), theirs),
            _ => false,
        }
    }
}

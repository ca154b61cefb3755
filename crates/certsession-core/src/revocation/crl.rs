//! A certificate revocation list that was verified.

use std::sync::Arc;

use super::entries::Serials;
use super::scope::Scope;
use crate::certificate::{CanonicalName, IssuerHash, PublicKeyHash};
use crate::time::Timestamp;

/// What happens when the successor of a list is overdue (its nextUpdate has passed).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnOverdueCrl {
    /// No one whose certificate that issuer has issued is let in until there is a new list. The
    /// default: an attacker who can keep the new list away must not gain by it.
    #[default]
    Refuse,
    /// The old list goes on, and an expired one is accepted.
    Warn,
}

/// A certificate revocation list (RFC 5280 section 5) whose signature by a known authority and
/// whose dates were verified: [`CrlVerifier`](super::CrlVerifier) alone makes one.
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

//! By what sessions are found, besides their handle.

use ring::digest::{Context, SHA256};

use crate::binding::Binding;
use crate::certificate::{IssuerHash, PeerCertificate, SerialNumber};
use crate::principal::{InvalidPrincipal, Principal};
use crate::record::Record;
use crate::revocation::shortest;

/// By what sessions are found, besides their handle: each owner's sessions are indexed, so
/// that they can be listed and revoked together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Owner {
    /// Who is signed in.
    Principal(Principal),
    /// The certificate that the session is bound to. A serial number names a certificate
    /// under its issuer only.
    Certificate {
        /// SHA-256 of the issuer's name.
        issuer: IssuerHash,
        /// The serial number.
        serial: SerialNumber,
    },
}

/// An [`Owner`] as a store's index knows it: 32 bytes of the same length for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct OwnerKey([u8; OwnerKey::LENGTH]);

impl OwnerKey {
    /// A key's length in bytes.
    pub const LENGTH: usize = 32;

    /// The bytes.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }

    fn of_principal(principal: &Principal) -> Self {
        Self::hash(b'p', principal.as_str().as_bytes(), b"")
    }

    /// The serial number counts as a number: a revocation list need not have the superfluous
    /// zeros that a certificate has, and has to find its sessions all the same.
    fn of_certificate(issuer: &IssuerHash, serial: &SerialNumber) -> Self {
        Self::hash(b'c', issuer.as_bytes(), shortest(serial.as_bytes()))
    }

    /// The issuer's hash has one length, so that the serial number begins at one place: two
    /// owners cannot have the same input.
    fn hash(kind: u8, name: &[u8], rest: &[u8]) -> Self {
        let mut context = Context::new(&SHA256);
        context.update(&[kind]);
        context.update(name);
        context.update(rest);
        let mut key = [0; Self::LENGTH];
        key.copy_from_slice(context.finish().as_ref());
        Self(key)
    }
}

impl Owner {
    /// The owner of this name.
    ///
    /// # Errors
    ///
    /// If it cannot be a principal's.
    pub fn principal(name: &str) -> Result<Self, InvalidPrincipal> {
        Ok(Self::Principal(Principal::new(name)?))
    }

    /// The certificate of a binding.
    pub fn bound_to(binding: &Binding) -> Self {
        Self::Certificate {
            issuer: *binding.issuer(),
            serial: binding.serial().clone(),
        }
    }

    /// The owner as an index knows it.
    pub fn key(&self) -> OwnerKey {
        match self {
            Self::Principal(principal) => OwnerKey::of_principal(principal),
            Self::Certificate { issuer, serial } => OwnerKey::of_certificate(issuer, serial),
        }
    }
}

impl From<&PeerCertificate> for Owner {
    fn from(certificate: &PeerCertificate) -> Self {
        Self::Certificate {
            issuer: *certificate.issuer_hash(),
            serial: certificate.serial().clone(),
        }
    }
}

impl Record {
    /// Whose index this record belongs to: its certificate's, and its principal's if there is one.
    pub fn owners(&self) -> impl Iterator<Item = OwnerKey> {
        let certificate = OwnerKey::of_certificate(self.binding.issuer(), self.binding.serial());
        let principal = self.principal.as_ref().map(OwnerKey::of_principal);
        std::iter::once(certificate).chain(principal)
    }
}

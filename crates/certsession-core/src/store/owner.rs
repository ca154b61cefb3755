//! Owners: the keys of the session index.

use ring::digest::{Context, SHA256};

use crate::binding::Binding;
use crate::certificate::{IssuerHash, PeerCertificate, SerialNumber, shortest};
use crate::principal::{InvalidPrincipal, Principal};
use crate::record::{Record, SessionSummary};

/// An owner of sessions: a principal or a certificate. The sessions of each owner are indexed, so
/// that they can be listed and revoked together.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Owner {
    /// The signed-in principal.
    Principal(Principal),
    /// The certificate that the session is bound to. A serial number is unique only under its
    /// issuer.
    Certificate {
        /// SHA-256 of the issuer's name.
        issuer: IssuerHash,
        /// The serial number.
        serial: SerialNumber,
    },
}

/// An [`Owner`] as a key of a store's index: 32 bytes for every owner.
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

    /// The issuer's hash has a fixed length, so the serial number always begins at the same
    /// position: two owners cannot have the same input.
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
    /// Creates the owner for this principal.
    ///
    /// # Errors
    ///
    /// If the name is not a valid principal.
    pub fn principal(name: &str) -> Result<Self, InvalidPrincipal> {
        Ok(Self::Principal(Principal::new(name)?))
    }

    /// The principal, if the owner is one.
    pub const fn as_principal(&self) -> Option<&Principal> {
        match self {
            Self::Principal(principal) => Some(principal),
            Self::Certificate { .. } => None,
        }
    }

    /// The serial number, if the owner is a certificate.
    pub const fn serial(&self) -> Option<&SerialNumber> {
        match self {
            Self::Principal(_) => None,
            Self::Certificate { serial, .. } => Some(serial),
        }
    }

    /// The certificate of a binding, as an owner.
    pub fn bound_to(binding: &Binding) -> Self {
        Self::Certificate {
            issuer: *binding.issuer(),
            serial: binding.serial().clone(),
        }
    }

    /// The key of this owner in an index.
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
    /// The owners of this record: the certificate that it is bound to, and its principal, as far as
    /// there are any.
    pub fn owners(&self) -> impl Iterator<Item = OwnerKey> {
        owners_of(self.binding(), self.principal.as_ref())
    }
}

impl SessionSummary {
    /// The owners of the session: the certificate that it is bound to, and its principal, as far as
    /// there are any.
    pub fn owners(&self) -> impl Iterator<Item = OwnerKey> {
        owners_of(self.binding(), self.principal.as_ref())
    }
}

/// The owners of a session with this binding and principal.
fn owners_of(
    binding: Option<&Binding>,
    principal: Option<&Principal>,
) -> impl Iterator<Item = OwnerKey> + use<> {
    let of_certificate =
        |binding: &Binding| OwnerKey::of_certificate(binding.issuer(), binding.serial());
    let certificate = binding.map(of_certificate).into_iter();
    certificate.chain(principal.map(OwnerKey::of_principal))
}

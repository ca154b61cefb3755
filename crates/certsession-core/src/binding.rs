//! The certificate a session stays with, and the policy that compares it.

use std::sync::Arc;

use crate::certificate::{
    Fingerprint, IdentityName, IssuerHash, NameHash, PeerCertificate, PublicKeyHash, SerialNumber,
    TrustAnchor,
};
use crate::time::Timestamp;

/// The facts of the certificate that a session stays with, as its record keeps them.
///
/// Which of them have to match is for the [`BindingPolicy`] to say; all are kept, so that a
/// policy can change while sessions live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Binding {
    pub(crate) fingerprint: Fingerprint,
    pub(crate) public_key: PublicKeyHash,
    pub(crate) issuer: IssuerHash,
    pub(crate) serial: SerialNumber,
    pub(crate) subject: Box<str>,
    pub(crate) not_before: Timestamp,
    pub(crate) not_after: Timestamp,
    /// By which names the owner can stay the same.
    pub(crate) names: Box<[NameHash]>,
    pub(crate) anchor: Option<TrustAnchor>,
}

impl Binding {
    /// The binding to this certificate.
    pub fn of(certificate: &PeerCertificate) -> Self {
        Self {
            fingerprint: *certificate.fingerprint(),
            public_key: *certificate.public_key_hash(),
            issuer: *certificate.issuer_hash(),
            serial: certificate.serial().clone(),
            subject: certificate.subject().into(),
            not_before: certificate.not_before(),
            not_after: certificate.not_after(),
            names: IdentityName::keep(certificate),
            anchor: certificate.anchor().copied(),
        }
    }

    /// SHA-256 of the certificate (RFC 8705 section 3.1, `x5t#S256`).
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// SHA-256 of the certificate's public key (SubjectPublicKeyInfo).
    pub const fn public_key(&self) -> &PublicKeyHash {
        &self.public_key
    }

    /// SHA-256 of the issuer's name.
    pub const fn issuer(&self) -> &IssuerHash {
        &self.issuer
    }

    /// The serial number: unique under one issuer only.
    pub const fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// The subject, for people to read. No rule looks at it.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// When the certificate begins to be valid.
    pub const fn not_before(&self) -> Timestamp {
        self.not_before
    }

    /// The trust anchor that verified the certificate's chain; `None` in a record from before
    /// anchors were kept, and where the TLS side did not tell.
    pub const fn anchor(&self) -> Option<&TrustAnchor> {
        self.anchor.as_ref()
    }

    /// Whether this is the very certificate that the peer has.
    pub(crate) fn is_of(&self, peer: &PeerCertificate) -> bool {
        self.issuer == *peer.issuer_hash()
            && self.fingerprint == *peer.fingerprint()
            && self.serial == *peer.serial()
    }

    /// What puts two certificates of one owner in order: the one that begins later is the
    /// newer, and of two that begin at the same second the one that ends later.
    pub(crate) const fn age(&self) -> (Timestamp, Timestamp) {
        (self.not_before, self.not_after)
    }

    /// When the certificate ends, and every session that is bound to it.
    pub const fn not_after(&self) -> Timestamp {
        self.not_after
    }
}

/// Which certificates a session stays with.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum BindingPolicy {
    /// The same certificate alone: issuer, serial number and fingerprint. For people and devices.
    #[default]
    Certificate,
    /// The same key, certified again: a renewal that keeps the key keeps the session.
    PublicKey,
    /// The same name, certified again: a renewal with a new key keeps the session. For workloads
    /// whose certificates live for hours, as in SPIFFE. A certificate of this name gives access to
    /// the session, together with the cookie: the CA has to see to names.
    ///
    /// A certificate without exactly one name of the kind stays by itself, as with
    /// [`Certificate`](Self::Certificate).
    Identity(IdentityName),
}

/// Who may have issued the renewed certificate that a session follows, where its
/// [`BindingPolicy`] follows any.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum RenewedBy {
    /// The same configured CA: the chain of the renewed certificate ends in a CA of the same key
    /// as that of the one before. Which intermediates it has been issued by does not matter. The
    /// default.
    #[default]
    SameCa,
    /// A CA of the same SPIFFE trust domain: the certificates of both CAs name that domain
    /// (X509-SVID section 3.1), or both are the same CA. For SPIRE, whose CAs change every day.
    TrustDomain,
    /// Any of the configured CAs. Each of them can then take over sessions that another has begun.
    AnyCa,
}

impl RenewedBy {
    /// Where neither side says which CA verified it, the issuer's name has to do.
    fn admits(self, bound: &Binding, peer: &PeerCertificate) -> bool {
        let (before, now) = match (&bound.anchor, peer.anchor()) {
            _ if self == Self::AnyCa => return true,
            (Some(before), Some(now)) => (before, now),
            (None, None) => return bound.issuer == *peer.issuer_hash(),
            _ => return false,
        };
        before.public_key == now.public_key
            || self == Self::TrustDomain
                && before.trust_domain.is_some()
                && before.trust_domain == now.trust_domain
    }
}

/// What a policy says of the certificate on this connection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Match {
    /// The very certificate that the session is bound to.
    Same,
    /// A newer one that the policy admits: the session is to be bound to it from now on.
    Renewed,
    /// One that the policy would admit, had the session not moved on to a newer one.
    Superseded,
    /// A newer one that the policy does not admit, and that looks like the same owner's: the
    /// session is out of reach for it, and its owner has to sign in again.
    Successor,
    /// Another one.
    Other,
}

impl BindingPolicy {
    pub(crate) fn compare(
        self,
        renewed_by: RenewedBy,
        bound: &Binding,
        peer: &PeerCertificate,
    ) -> Match {
        if bound.is_of(peer) {
            return Match::Same;
        }
        if !renewed_by.admits(bound, peer) {
            return Match::Other;
        }
        let is_same_key = bound.public_key == *peer.public_key_hash();
        let is_same_owner = match self {
            Self::Certificate => false,
            Self::PublicKey => is_same_key,
            Self::Identity(kind) => kind
                .find(peer)
                .is_some_and(|name| bound.names.contains(&name)),
        };
        // Two certificates of one owner used in turn must not re-bind the session to and fro: only
        // a later one wins.
        let is_newer = (peer.not_before(), peer.not_after()) > bound.age();
        match (is_same_owner, is_newer) {
            (true, true) => Match::Renewed,
            (true, false) => Match::Superseded,
            (false, true) if is_same_key || looks_alike(bound, peer) => Match::Successor,
            (false, _) => Match::Other,
        }
    }
}

/// Whether two certificates seem to be of one owner: they have the same names, and the same subject
/// if that is all they have. It gives no access to anything.
fn looks_alike(bound: &Binding, peer: &PeerCertificate) -> bool {
    // A subject that ends with an ellipsis was cut off.
    let is_whole = !peer.subject().is_empty() && !peer.subject().ends_with('…');
    let has_same_subject = is_whole && *bound.subject == *peer.subject();
    let names = IdentityName::keep(peer);
    *bound.names == *names && (has_same_subject || !names.is_empty())
}

impl From<&PeerCertificate> for Arc<Binding> {
    fn from(certificate: &PeerCertificate) -> Self {
        Self::new(Binding::of(certificate))
    }
}

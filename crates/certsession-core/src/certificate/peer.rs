//! The certificate that the peer proved possession of.

use std::fmt;

use super::alt_names::AltNames;
use super::error::MAX_CERTIFICATE_SIZE;
use super::key_usage::KeyUsage;
use super::layout::Layout;
use super::name::CanonicalName;
use super::validity::Validity;
use super::{
    CertificateError, Fingerprint, IdentityName, IssuerHash, PublicKeyHash, SerialNumber,
    SpiffeIdFault, TrustAnchor, ValidityError, subject,
};
use crate::time::Timestamp;

/// The leaf certificate whose private key the peer proved to have on this connection.
///
/// It is parsed once per connection, from the leaf's DER alone, after TLS verified the chain:
/// no other certificate of the chain is trusted to be what it claims. What identifies it
/// (issuer, serial, public key) is kept byte by byte as the CA signed it.
///
/// Whether it is valid *now* is another question than whether it could be read, and has to be
/// asked on every request: [`check_validity`](Self::check_validity).
#[derive(Clone, PartialEq, Eq)]
pub struct PeerCertificate {
    der: Box<[u8]>,
    fingerprint: Fingerprint,
    public_key_hash: PublicKeyHash,
    issuer_der: Box<[u8]>,
    issuer_hash: IssuerHash,
    issuer_name: CanonicalName,
    serial: SerialNumber,
    subject: Box<str>,
    alt_names: AltNames,
    key_usage: Option<KeyUsage>,
    anchor: Option<TrustAnchor>,
    validity: Validity,
}

impl PeerCertificate {
    /// Reads a leaf certificate as the TLS stack hands it over.
    ///
    /// Accepted are certificates of versions 1 to 3 with any key, extensions and serial
    /// number. This verifies no signature: it is for certificates that TLS has verified.
    ///
    /// # Errors
    ///
    /// A certificate that is not well-formed, is larger than [`MAX_CERTIFICATE_SIZE`], is
    /// followed by other bytes, or has two SPIFFE ids is refused. A name that is odd is left out
    /// of the certificate's names, and identifies no one. Treat such a peer as rejected, never as one without a certificate:
    /// [`PeerState::from_leaf`](super::PeerState::from_leaf) does.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE_SIZE {
            return Err(CertificateError::TooLarge { size: der.len() });
        }
        let layout = Layout::of(der)?;
        Ok(Self {
            der: der.into(),
            fingerprint: Fingerprint::of(der),
            public_key_hash: PublicKeyHash::of(layout.public_key.whole),
            issuer_der: layout.issuer.into(),
            issuer_hash: IssuerHash::of(layout.issuer),
            issuer_name: CanonicalName::of(layout.issuer),
            serial: SerialNumber::parse(layout.serial)?,
            subject: subject::to_text(layout.subject),
            alt_names: layout
                .extensions
                .alt_names
                .map_or_else(|| Ok(AltNames::default()), AltNames::parse)?,
            key_usage: layout
                .extensions
                .key_usage
                .map(KeyUsage::parse)
                .transpose()?,
            anchor: None,
            validity: Validity::parse(layout.not_before, layout.not_after)?,
        })
    }

    /// The certificate itself.
    pub fn der(&self) -> &[u8] {
        &self.der
    }

    /// The SHA-256 of the certificate, `x5t#S256` in RFC 8705 section 3.1.
    pub fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// The SHA-256 of the SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7), as it is in the
    /// certificate.
    pub fn public_key_hash(&self) -> &PublicKeyHash {
        &self.public_key_hash
    }

    /// The issuer's Name (RFC 5280 section 4.1.2.4), as it is in the certificate.
    pub fn issuer_der(&self) -> &[u8] {
        &self.issuer_der
    }

    /// The SHA-256 of [`issuer_der`](Self::issuer_der).
    pub fn issuer_hash(&self) -> &IssuerHash {
        &self.issuer_hash
    }

    /// The serial number (RFC 5280 section 4.1.2.2), unique per issuer only.
    pub fn serial(&self) -> &SerialNumber {
        &self.serial
    }

    /// The subject (RFC 5280 section 4.1.2.6) as RFC 4514 writes it, for display only; empty
    /// if the certificate has none.
    ///
    /// It is safe in a log, and in a page that escapes for HTML: what could deceive a reader
    /// is written as backslash and hexadecimal, and a text of more than 512 bytes is cut off
    /// and ends with an ellipsis. For the same reason two subjects may look alike: never
    /// decide by it.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The DNS names of the subject alternative name extension (RFC 5280 section 4.2.1.6),
    /// printable ASCII, spelt as in the certificate. A CN is not among them.
    pub fn dns_names(&self) -> impl Iterator<Item = &str> {
        self.alt_names.dns_names.iter().map(AsRef::as_ref)
    }

    /// The e-mail addresses of the subject alternative name extension (RFC 5280 section
    /// 4.2.1.6), printable ASCII, spelt as in the certificate. One in the subject is not among
    /// them.
    pub fn email_addresses(&self) -> impl Iterator<Item = &str> {
        self.alt_names.email_addresses.iter().map(AsRef::as_ref)
    }

    /// The URIs of the subject alternative name extension (RFC 5280 section 4.2.1.6), printable
    /// ASCII, spelt as in the certificate; a SPIFFE id is one of them.
    pub fn uris(&self) -> impl Iterator<Item = &str> {
        self.alt_names.uris.iter().map(AsRef::as_ref)
    }

    /// The SPIFFE id (SPIFFE-ID section 2), if the certificate is an X509-SVID; then it is the
    /// only URI, and well-formed.
    pub fn spiffe_id(&self) -> Option<&str> {
        self.alt_names.spiffe_id.as_deref()
    }

    /// Why there is no [`spiffe_id`](Self::spiffe_id), although a URI claims to be one.
    pub fn spiffe_id_fault(&self) -> Option<&SpiffeIdFault> {
        self.alt_names.spiffe_id_fault.as_ref()
    }

    /// What the key may be used for, if the CA says so (RFC 5280 section 4.2.1.3).
    pub fn key_usage(&self) -> Option<KeyUsage> {
        self.key_usage
    }

    /// Whether the key may be used to prove its possession in a TLS handshake. TLS stacks differ:
    /// OpenSSL asks, rustls does not; so [`PeerState::from_leaf`](super::PeerState::from_leaf) does.
    ///
    /// # Errors
    ///
    /// [`CertificateError::NotForAuthentication`] if there is a key usage with neither
    /// digitalSignature nor keyAgreement.
    pub fn check_key_usage(&self) -> Result<(), CertificateError> {
        match self.key_usage {
            Some(usage) if !usage.allows_authentication() => {
                Err(CertificateError::NotForAuthentication { usage })
            }
            _ => Ok(()),
        }
    }

    /// The trust anchor that verified the chain, if the TLS side has told it.
    pub const fn anchor(&self) -> Option<&TrustAnchor> {
        self.anchor.as_ref()
    }

    /// Notes which trust anchor verified the chain. That it did is for the TLS side to know.
    #[must_use]
    pub fn verified_by(self, anchor: TrustAnchor) -> Self {
        Self {
            anchor: Some(anchor),
            ..self
        }
    }

    pub(crate) const fn issuer_name(&self) -> CanonicalName {
        self.issuer_name
    }

    /// Whether there is a name of this kind that cannot be used.
    pub(super) const fn has_unusable(&self, kind: IdentityName) -> bool {
        let unusable = &self.alt_names.unusable;
        match kind {
            IdentityName::DnsName => unusable.dns_name,
            IdentityName::EmailAddress => unusable.email_address,
            IdentityName::SpiffeId | IdentityName::Uri => unusable.uri,
        }
    }

    /// The first point in time at which the certificate is valid (RFC 5280 section 4.1.2.5);
    /// the Unix epoch if it is before that.
    pub fn not_before(&self) -> Timestamp {
        self.validity.not_before
    }

    /// The last point in time at which the certificate is valid (RFC 5280 section 4.1.2.5); the
    /// Unix epoch if it is before that. A certificate without a well-defined end has
    /// 9999-12-31 23:59:59.
    pub fn not_after(&self) -> Timestamp {
        self.validity.not_after
    }

    /// Whether the certificate is valid at `now`, both dates included (RFC 5280 section
    /// 4.1.2.5).
    ///
    /// # Errors
    ///
    /// [`ValidityError::NotYetValid`] before its notBefore, [`ValidityError::Expired`] after
    /// its notAfter.
    pub fn check_validity(&self, now: Timestamp) -> Result<(), ValidityError> {
        self.validity.check(now)
    }
}

/// Short on purpose: it is in many log lines.
impl fmt::Debug for PeerCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PeerCertificate")
            .field("subject", &format_args!("{}", self.subject))
            .field("serial", &format_args!("{}", self.serial))
            .field("fingerprint", &format_args!("{}", self.fingerprint))
            .field("not_before", &self.not_before())
            .field("not_after", &self.not_after())
            .finish_non_exhaustive()
    }
}

//! The certificate of a CA.

use std::fmt;

use super::alt_names::AltNames;
use super::element::{Elements, tag};
use super::key_usage::KeyUsage;
use super::layout::Layout;
use super::name::CanonicalName;
use super::validity::Validity;
use super::{CertificateError, IssuerHash, MAX_CERTIFICATE_SIZE, PublicKeyHash, spiffe, subject};
use crate::time::Timestamp;

/// A CA's certificate that an application is configured with: one that client certificates are
/// verified against, or one whose revocation lists count.
///
/// What it says is read as leniently as TLS stacks read it: a trust anchor that they accept is
/// no use if it cannot be named here. That it is to be trusted is for the caller to know.
#[derive(Clone, PartialEq, Eq)]
pub struct CaCertificate {
    name: CanonicalName,
    name_len: usize,
    name_hash: IssuerHash,
    public_key: Box<[u8]>,
    public_key_hash: PublicKeyHash,
    subject: Box<str>,
    validity: Validity,
    is_ca: bool,
    key_usage: Option<KeyUsage>,
    trust_domain: Option<Box<str>>,
}

impl CaCertificate {
    /// Reads a CA's certificate in DER.
    ///
    /// # Errors
    ///
    /// If it is not well-formed.
    pub fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE_SIZE {
            return Err(CertificateError::TooLarge { size: der.len() });
        }
        let layout = Layout::of(der)?;
        let extensions = &layout.extensions;
        let names = extensions.alt_names.map(AltNames::parse);
        Ok(Self {
            name: CanonicalName::of(layout.subject.whole),
            name_len: layout.subject.whole.len(),
            name_hash: IssuerHash::of(layout.subject.whole),
            public_key: layout.public_key.whole.into(),
            public_key_hash: PublicKeyHash::of(layout.public_key.whole),
            subject: subject::to_text(layout.subject),
            validity: Validity::parse(layout.not_before, layout.not_after)?,
            is_ca: match extensions.basic_constraints {
                Some(value) => says_ca(value)?,
                None => false,
            },
            key_usage: extensions.key_usage.map(KeyUsage::parse).transpose()?,
            // Names in a CA's certificate are rare, and odd ones no reason to reject it.
            trust_domain: names
                .and_then(Result::ok)
                .and_then(|names| spiffe::trust_domain_among(&names.uris).map(Into::into)),
        })
    }

    /// Its subject, for people to read: see [`PeerCertificate::subject`](super::PeerCertificate::subject).
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// The SHA-256 of its subject's Name: what certificates that it issues have as
    /// [`issuer_hash`](super::PeerCertificate::issuer_hash).
    pub const fn name_hash(&self) -> &IssuerHash {
        &self.name_hash
    }

    /// How many bytes its subject's Name has in DER.
    pub const fn name_len(&self) -> usize {
        self.name_len
    }

    /// The SHA-256 of its SubjectPublicKeyInfo.
    pub const fn public_key_hash(&self) -> &PublicKeyHash {
        &self.public_key_hash
    }

    /// The SPIFFE trust domain that its own SPIFFE id names (X509-SVID section 3.1), if it has one.
    pub fn trust_domain(&self) -> Option<&str> {
        self.trust_domain.as_deref()
    }

    /// The first point in time at which it is valid; the Unix epoch if it is before that.
    pub const fn not_before(&self) -> Timestamp {
        self.validity.not_before
    }

    /// The last point in time at which it is valid.
    pub const fn not_after(&self) -> Timestamp {
        self.validity.not_after
    }

    /// Whether its basic constraints say that it is a CA's.
    pub const fn is_ca(&self) -> bool {
        self.is_ca
    }

    /// Whether its key usage, where there is one, allows to sign certificates.
    pub fn may_sign_certificates(&self) -> bool {
        self.key_usage
            .is_none_or(KeyUsage::allows_signing_certificates)
    }

    /// Whether its key usage, where there is one, allows to sign revocation lists (RFC 5280
    /// section 6.3.3 (f)).
    pub fn may_sign_lists(&self) -> bool {
        self.key_usage.is_none_or(KeyUsage::allows_signing_lists)
    }

    pub(crate) const fn name(&self) -> CanonicalName {
        self.name
    }

    /// The SubjectPublicKeyInfo, whole.
    pub(crate) fn public_key(&self) -> &[u8] {
        &self.public_key
    }
}

impl fmt::Debug for CaCertificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CaCertificate")
            .field("subject", &format_args!("{}", self.subject))
            .field("public_key", &format_args!("{}", self.public_key_hash))
            .finish_non_exhaustive()
    }
}

/// `BasicConstraints ::= SEQUENCE { cA BOOLEAN DEFAULT FALSE, .. }` (section 4.2.1.9). A length
/// of the path is the TLS stack's to judge, whatever number it is.
fn says_ca(value: &[u8]) -> Result<bool, CertificateError> {
    const WHAT: &str = "the basic constraints";
    let constraints = Elements::of(value).take_tagged(tag::SEQUENCE, WHAT)?;
    let ca = Elements::of(constraints.contents).take_optional(tag::BOOLEAN, WHAT)?;
    Ok(ca.is_some_and(|ca| ca.contents != [0]))
}

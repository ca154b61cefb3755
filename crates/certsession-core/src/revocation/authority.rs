//! Whose signature under a revocation list counts.

use crate::certificate::element::{Element, Elements, tag};
use crate::certificate::{CertificateError, MAX_CERTIFICATE_SIZE};

/// id-ce-keyUsage, 2.5.29.15 (RFC 5280 section 4.2.1.3).
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];

/// An authority whose revocation lists count: one whose certificate the application trusts.
#[derive(Clone, Debug)]
pub struct CrlAuthority {
    /// Its Name, whole.
    pub(super) name: Box<[u8]>,
    pub(super) key: PublicKey,
    pub(super) may_sign_crls: bool,
}

/// A SubjectPublicKeyInfo in its two parts.
#[derive(Clone, Debug)]
pub(super) struct PublicKey {
    /// The contents of the AlgorithmIdentifier.
    pub(super) algorithm: Box<[u8]>,
    /// The bits of the key.
    pub(super) bits: Box<[u8]>,
}

impl CrlAuthority {
    /// Reads the authority's certificate, in DER. That it is to be trusted is for the caller to
    /// know: nothing of it is verified.
    ///
    /// # Errors
    ///
    /// If it is not well-formed.
    pub fn from_certificate(der: &[u8]) -> Result<Self, CertificateError> {
        if der.len() > MAX_CERTIFICATE_SIZE {
            return Err(CertificateError::TooLarge { size: der.len() });
        }
        let certificate = Elements::of(der).take_tagged(tag::SEQUENCE, "the certificate")?;
        let signed = Elements::of(certificate.contents).take_tagged(tag::SEQUENCE, "its fields")?;
        let mut fields = Elements::of(signed.contents);
        fields.take_optional(tag::constructed(0), "the version")?;
        fields.take_tagged(tag::INTEGER, "the serial number")?;
        fields.take_tagged(tag::SEQUENCE, "the signature algorithm")?;
        fields.take_tagged(tag::SEQUENCE, "the issuer")?;
        fields.take_tagged(tag::SEQUENCE, "the validity")?;
        let name = fields.take_tagged(tag::SEQUENCE, "the subject")?;
        let key = fields.take_tagged(tag::SEQUENCE, "the public key")?;
        fields.take_optional(tag::primitive(1), "the issuer's unique id")?;
        fields.take_optional(tag::primitive(2), "the subject's unique id")?;
        let extensions = fields.take_optional(tag::constructed(3), "the extensions")?;
        Ok(Self {
            name: name.whole.into(),
            key: PublicKey::read(key)?,
            may_sign_crls: match extensions {
                Some(extensions) => may_sign_crls(extensions.contents)?,
                None => true,
            },
        })
    }
}

impl PublicKey {
    fn read(info: Element<'_>) -> Result<Self, CertificateError> {
        let mut parts = Elements::of(info.contents);
        let algorithm = parts.take_tagged(tag::SEQUENCE, "the public key")?;
        let bits = parts.take_tagged(tag::BIT_STRING, "the public key")?;
        Ok(Self {
            algorithm: algorithm.contents.into(),
            bits: whole_bytes(bits.contents)
                .ok_or(CertificateError::Malformed {
                    what: "the public key",
                })?
                .into(),
        })
    }
}

/// A BIT STRING of whole bytes.
pub(super) fn whole_bytes(contents: &[u8]) -> Option<&[u8]> {
    contents.strip_prefix(&[0])
}

/// Whether the key usage, where there is one, allows it (RFC 5280 section 6.3.3 (f)).
fn may_sign_crls(explicit: &[u8]) -> Result<bool, CertificateError> {
    const CRL_SIGN: u8 = 1 << (7 - 6);
    let what = "the extensions";
    let mut list = Elements::of(
        Elements::of(explicit)
            .take_tagged(tag::SEQUENCE, what)?
            .contents,
    );
    while !list.is_empty() {
        let mut extension = Elements::of(list.take_tagged(tag::SEQUENCE, what)?.contents);
        let id = extension.take_tagged(tag::OBJECT_IDENTIFIER, what)?;
        extension.take_optional(tag::BOOLEAN, what)?;
        let value = extension.take_tagged(tag::OCTET_STRING, what)?;
        if id.contents == KEY_USAGE {
            let bits = Elements::of(value.contents).take_tagged(tag::BIT_STRING, what)?;
            return Ok(bits
                .contents
                .get(1)
                .is_some_and(|byte| byte & CRL_SIGN != 0));
        }
    }
    Ok(true)
}

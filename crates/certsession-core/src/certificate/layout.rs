//! Where each field is in a certificate.

use super::element::{Element, Elements, tag};
use super::{CertificateError, extensions};

/// id-ce-subjectAltName, 2.5.29.17 (RFC 5280 section 4.2.1.6).
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];
/// id-ce-keyUsage, 2.5.29.15 (RFC 5280 section 4.2.1.3).
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 0x0f];
/// id-ce-basicConstraints, 2.5.29.19 (RFC 5280 section 4.2.1.9).
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 0x13];

/// The fields of a certificate that are read, each as it is written.
///
/// Whatever else the certificate has (policies, critical extensions that are unknown here) was
/// the TLS verifier's to judge, and has been judged.
#[derive(Debug)]
pub(super) struct Layout<'a> {
    /// The contents of the serial number's INTEGER.
    pub(super) serial: &'a [u8],
    /// The issuer's Name, whole.
    pub(super) issuer: &'a [u8],
    /// The date before which the certificate is not valid.
    pub(super) not_before: Element<'a>,
    /// The date after which the certificate is not valid.
    pub(super) not_after: Element<'a>,
    /// The subject's Name.
    pub(super) subject: Element<'a>,
    /// The SubjectPublicKeyInfo.
    pub(super) public_key: Element<'a>,
    pub(super) extensions: Known<'a>,
}

/// The values of the extensions that are read.
#[derive(Debug, Default)]
pub(super) struct Known<'a> {
    pub(super) alt_names: Option<&'a [u8]>,
    pub(super) key_usage: Option<&'a [u8]>,
    pub(super) basic_constraints: Option<&'a [u8]>,
}

impl<'a> Layout<'a> {
    /// Finds the fields of a `Certificate` (RFC 5280 section 4.1).
    ///
    /// ```text
    /// Certificate  ::=  SEQUENCE  {
    ///     tbsCertificate       TBSCertificate,
    ///     signatureAlgorithm   AlgorithmIdentifier,
    ///     signatureValue       BIT STRING  }
    /// ```
    pub(super) fn of(der: &'a [u8]) -> Result<Self, CertificateError> {
        let mut outermost = Elements::of(der);
        let certificate = outermost.take_tagged(tag::SEQUENCE, "it is not a DER sequence")?;
        if !outermost.is_empty() {
            let extra = outermost.rest().len();
            return Err(CertificateError::TrailingData { extra });
        }

        let mut parts = Elements::of(certificate.contents);
        let signed = parts.take_tagged(tag::SEQUENCE, "the signed part")?;
        parts.take_tagged(tag::SEQUENCE, "the signature algorithm")?;
        parts.take_tagged(tag::BIT_STRING, "the signature")?;
        parts.end("something follows the signature")?;
        Self::of_signed_part(signed.contents)
    }

    /// ```text
    /// TBSCertificate  ::=  SEQUENCE  {
    ///     version         [0]  EXPLICIT Version DEFAULT v1,
    ///     serialNumber         CertificateSerialNumber,
    ///     signature            AlgorithmIdentifier,
    ///     issuer               Name,
    ///     validity             Validity,
    ///     subject              Name,
    ///     subjectPublicKeyInfo SubjectPublicKeyInfo,
    ///     issuerUniqueID  [1]  IMPLICIT UniqueIdentifier OPTIONAL,
    ///     subjectUniqueID [2]  IMPLICIT UniqueIdentifier OPTIONAL,
    ///     extensions      [3]  EXPLICIT Extensions OPTIONAL  }
    /// ```
    fn of_signed_part(contents: &'a [u8]) -> Result<Self, CertificateError> {
        let mut fields = Elements::of(contents);
        let version = version(fields.take_optional(tag::constructed(0), "the version")?)?;
        let serial = fields.take_tagged(tag::INTEGER, "the serial number")?;
        fields.take_tagged(tag::SEQUENCE, "the signature algorithm")?;
        let issuer = fields.take_tagged(tag::SEQUENCE, "the issuer")?;
        let (not_before, not_after) =
            dates(fields.take_tagged(tag::SEQUENCE, "the validity")?.contents)?;
        let subject = fields.take_tagged(tag::SEQUENCE, "the subject")?;
        let public_key = fields.take_tagged(tag::SEQUENCE, "the public key")?;
        fields.take_optional(tag::primitive(1), "the issuer's unique id")?;
        fields.take_optional(tag::primitive(2), "the subject's unique id")?;
        let extensions = fields.take_optional(tag::constructed(3), "the extensions")?;
        fields.end("something follows the extensions")?;

        let extensions = match extensions {
            None => Known::default(),
            // Section 4.1.2.9: readers that know no extensions in version 1 would see a
            // certificate with other names than those that do.
            Some(_) if version != V3 => {
                return Err(CertificateError::Malformed {
                    what: "it has extensions but is not of version 3",
                });
            }
            Some(extensions) => Known::find(extensions.contents)?,
        };

        Ok(Self {
            serial: serial.contents,
            issuer: issuer.whole,
            not_before,
            not_after,
            subject,
            public_key,
            extensions,
        })
    }
}

impl<'a> Known<'a> {
    /// Each of them may be there once (section 4.2): of two, each reader could take another.
    fn find(explicit: &'a [u8]) -> Result<Self, CertificateError> {
        let mut known = Self::default();
        for extension in extensions::read(extensions::within(explicit)?) {
            let extension = extension?;
            let (place, error) = match extension.id {
                SUBJECT_ALT_NAME => (
                    &mut known.alt_names,
                    CertificateError::DuplicateSubjectAltName,
                ),
                KEY_USAGE => (&mut known.key_usage, TWICE),
                BASIC_CONSTRAINTS => (&mut known.basic_constraints, TWICE),
                _ => continue,
            };
            if place.replace(extension.value).is_some() {
                return Err(error);
            }
        }
        Ok(known)
    }
}

const TWICE: CertificateError = CertificateError::Malformed {
    what: "it has an extension twice",
};

/// `Version ::= INTEGER { v1(0), v2(1), v3(2) }` (section 4.1.2.1).
const V1: u8 = 0;
const V3: u8 = 2;

fn version(field: Option<Element<'_>>) -> Result<u8, CertificateError> {
    let what = "the version";
    let Some(field) = field else { return Ok(V1) };
    let mut inner = Elements::of(field.contents);
    let number = inner.take_tagged(tag::INTEGER, what)?;
    inner.end(what)?;
    match number.contents {
        [number @ V1..=V3] => Ok(*number),
        _ => Err(CertificateError::Malformed { what }),
    }
}

/// `Validity ::= SEQUENCE { notBefore Time, notAfter Time }` (section 4.1.2.5).
fn dates(validity: &[u8]) -> Result<(Element<'_>, Element<'_>), CertificateError> {
    let what = "the validity";
    let mut dates = Elements::of(validity);
    let not_before = dates.take(what)?;
    let not_after = dates.take(what)?;
    dates.end(what)?;
    Ok((not_before, not_after))
}

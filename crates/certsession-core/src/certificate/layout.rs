//! Where each field stands in a certificate.

use super::CertificateError;
use super::element::{Element, Elements, tag};

/// id-ce-subjectAltName, 2.5.29.17 (RFC 5280 section 4.2.1.6).
const SUBJECT_ALT_NAME: &[u8] = &[0x55, 0x1d, 0x11];

/// The fields of a certificate that are read, each as it stands.
///
/// Whatever else the certificate has (key usages, policies, critical extensions that are
/// unknown here) was the TLS verifier's to judge, and has been judged.
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
    /// The contents of the subject's Name.
    pub(super) subject: &'a [u8],
    /// The SubjectPublicKeyInfo, whole.
    pub(super) public_key: &'a [u8],
    /// The value of the subject alternative name extension.
    pub(super) alt_names: Option<&'a [u8]>,
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

        let alt_names = match extensions {
            None => None,
            // Section 4.1.2.9: readers that know no extensions in version 1 would see a
            // certificate with other names than those that do.
            Some(_) if version != V3 => {
                return Err(CertificateError::Malformed {
                    what: "it has extensions but is not of version 3",
                });
            }
            Some(extensions) => alt_names(extensions.contents)?,
        };

        Ok(Self {
            serial: serial.contents,
            issuer: issuer.whole,
            not_before,
            not_after,
            subject: subject.contents,
            public_key: public_key.whole,
            alt_names,
        })
    }
}

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

/// The value of the one subject alternative name extension, if there is one (section 4.1.2.9).
///
/// ```text
/// Extension  ::=  SEQUENCE  {
///     extnID      OBJECT IDENTIFIER,
///     critical    BOOLEAN DEFAULT FALSE,
///     extnValue   OCTET STRING  }
/// ```
fn alt_names(explicit: &[u8]) -> Result<Option<&[u8]>, CertificateError> {
    let what = "the extensions";
    let mut inner = Elements::of(explicit);
    let mut extensions = Elements::of(inner.take_tagged(tag::SEQUENCE, what)?.contents);
    inner.end(what)?;

    let mut found = None;
    while !extensions.is_empty() {
        let mut extension = Elements::of(extensions.take_tagged(tag::SEQUENCE, what)?.contents);
        let id = extension.take_tagged(tag::OBJECT_IDENTIFIER, what)?;
        extension.take_optional(tag::BOOLEAN, what)?;
        let value = extension.take_tagged(tag::OCTET_STRING, what)?;
        extension.end(what)?;
        if id.contents == SUBJECT_ALT_NAME && found.replace(value.contents).is_some() {
            return Err(CertificateError::DuplicateSubjectAltName);
        }
    }
    Ok(found)
}

//! Where each field stands in a revocation list.

use super::authority::whole_bytes;
use super::crl::CrlError;
use super::entries::Serials;
use crate::certificate::CertificateError;
use crate::certificate::element::{Element, Elements, tag};
use crate::certificate::validity::timestamp;
use crate::time::Timestamp;

/// id-ce-issuingDistributionPoint, 2.5.29.28 (RFC 5280 section 5.2.5).
const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 0x1c];

/// The fields of a list, nothing of which is verified yet.
pub(super) struct Layout<'a> {
    /// What is signed.
    pub(super) signed: &'a [u8],
    /// The contents of the signature's AlgorithmIdentifier.
    pub(super) algorithm: &'a [u8],
    pub(super) signature: &'a [u8],
    /// The issuer's Name, whole.
    pub(super) issuer: &'a [u8],
    pub(super) this_update: Timestamp,
    pub(super) next_update: Timestamp,
    /// The contents of `revokedCertificates`.
    revoked: &'a [u8],
}

impl<'a> Layout<'a> {
    /// Finds the fields of a `CertificateList` (RFC 5280 section 5.1).
    ///
    /// ```text
    /// CertificateList  ::=  SEQUENCE  {
    ///     tbsCertList          TBSCertList,
    ///     signatureAlgorithm   AlgorithmIdentifier,
    ///     signatureValue       BIT STRING  }
    /// TBSCertList  ::=  SEQUENCE  {
    ///     version              Version OPTIONAL,
    ///     signature            AlgorithmIdentifier,
    ///     issuer               Name,
    ///     thisUpdate           Time,
    ///     nextUpdate           Time OPTIONAL,
    ///     revokedCertificates  SEQUENCE OF SEQUENCE  { .. } OPTIONAL,
    ///     crlExtensions   [0]  EXPLICIT Extensions OPTIONAL  }
    /// ```
    pub(super) fn of(der: &'a [u8]) -> Result<Self, CrlError> {
        let mut outermost = Elements::of(der);
        let whole = outermost.take_tagged(tag::SEQUENCE, "it is not a DER sequence, or cut off")?;
        outermost.end("something follows it")?;
        let mut parts = Elements::of(whole.contents);
        let signed = parts.take_tagged(tag::SEQUENCE, "the signed part")?;
        let algorithm = parts.take_tagged(tag::SEQUENCE, "the signature algorithm")?;
        let signature = parts.take_tagged(tag::BIT_STRING, "the signature")?;
        parts.end("something follows the signature")?;

        let mut fields = Elements::of(signed.contents);
        fields.take_optional(tag::INTEGER, "the version")?;
        let inner = fields.take_tagged(tag::SEQUENCE, "the signature algorithm")?;
        if inner.contents != algorithm.contents {
            return Err(malformed("it names two signature algorithms"));
        }
        let issuer = fields.take_tagged(tag::SEQUENCE, "the issuer")?;
        let this_update = time(fields.take("the date thisUpdate")?, "the date thisUpdate")?;
        let mut next_update = None;
        for form in [tag::UTC_TIME, tag::GENERALIZED_TIME] {
            if let Some(date) = fields.take_optional(form, "the date nextUpdate")? {
                next_update = Some(time(date, "the date nextUpdate")?);
                break;
            }
        }
        let revoked = fields.take_optional(tag::SEQUENCE, "the entries")?;
        let extensions = fields.take_optional(tag::constructed(0), "the extensions")?;
        fields.end("something follows the extensions")?;
        if let Some(extensions) = extensions {
            let list = Elements::of(extensions.contents).take_tagged(tag::SEQUENCE, EXTENSIONS)?;
            check_extensions(list.contents, true)?;
        }
        Ok(Self {
            signed: signed.whole,
            algorithm: algorithm.contents,
            signature: whole_bytes(signature.contents).ok_or(malformed("the signature"))?,
            issuer: issuer.whole,
            this_update,
            next_update: next_update.ok_or(CrlError::NoNextUpdate)?,
            revoked: revoked.map_or(&[], |revoked| revoked.contents),
        })
    }

    /// The serial numbers. Reading them is what takes time, so it comes after the signature.
    pub(super) fn serials(&self) -> Result<Serials, CrlError> {
        // An entry has at least these many bytes: a serial number of one, and a date.
        const LEAST: usize = 2 + 3 + 15;
        let mut serials = Serials::with_capacity(self.revoked.len() / (2 * LEAST));
        let mut entries = Elements::of(self.revoked);
        while !entries.is_empty() {
            let entry = entries.take_tagged(tag::SEQUENCE, ENTRY)?;
            let mut fields = Elements::of(entry.contents);
            let serial = fields.take_tagged(tag::INTEGER, ENTRY)?;
            if serial.contents.is_empty() {
                return Err(malformed(ENTRY));
            }
            fields.take(ENTRY)?;
            if let Some(extensions) = fields.take_optional(tag::SEQUENCE, ENTRY)? {
                check_extensions(extensions.contents, false)?;
            }
            fields.end(ENTRY)?;
            serials.insert(serial.contents);
        }
        Ok(serials)
    }
}

const ENTRY: &str = "an entry";
const EXTENSIONS: &str = "the extensions";

/// A list with a critical extension that is not understood may mean something else than it
/// seems to (RFC 5280 section 5.2): a delta list, or one with the certificates of others.
fn check_extensions(contents: &[u8], of_list: bool) -> Result<(), CrlError> {
    let mut extensions = Elements::of(contents);
    while !extensions.is_empty() {
        let mut extension =
            Elements::of(extensions.take_tagged(tag::SEQUENCE, EXTENSIONS)?.contents);
        let id = extension.take_tagged(tag::OBJECT_IDENTIFIER, EXTENSIONS)?;
        let critical = extension.take_optional(tag::BOOLEAN, EXTENSIONS)?;
        let value = extension.take_tagged(tag::OCTET_STRING, EXTENSIONS)?;
        if of_list && id.contents == ISSUING_DISTRIBUTION_POINT {
            check_distribution_point(value.contents)?;
        } else if critical.is_some_and(|critical| critical.contents != [0]) {
            return Err(CrlError::UnsupportedExtension);
        }
    }
    Ok(())
}

/// A list of a part of the authority's certificates revokes what is in it. An indirect one
/// (`[4]`) names certificates of other authorities.
fn check_distribution_point(value: &[u8]) -> Result<(), CrlError> {
    let point = Elements::of(value).take_tagged(tag::SEQUENCE, EXTENSIONS)?;
    let mut fields = Elements::of(point.contents);
    while !fields.is_empty() {
        let field = fields.take(EXTENSIONS)?;
        if field.tag == tag::primitive(4) && field.contents != [0] {
            return Err(CrlError::UnsupportedExtension);
        }
    }
    Ok(())
}

fn time(element: Element<'_>, what: &'static str) -> Result<Timestamp, CrlError> {
    timestamp(element).ok_or(malformed(what))
}

const fn malformed(what: &'static str) -> CrlError {
    CrlError::Malformed { what }
}

impl From<CertificateError> for CrlError {
    /// The reader of elements says what is wrong in a certificate's words.
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::Malformed { what } => malformed(what),
            _ => malformed("it is not DER"),
        }
    }
}

//! Where each field is in a revocation list.

use super::entries::Serials;
use super::error::CrlError;
use super::scope::Scope;
use crate::certificate::element::{Element, Elements, tag};
use crate::certificate::validity::timestamp;
use crate::certificate::{CertificateError, dotted, extensions};
use crate::time::Timestamp;

/// The fields of a list, nothing of which is verified yet.
pub(super) struct Layout<'a> {
    /// What is signed.
    pub(super) signed: &'a [u8],
    /// The signature's AlgorithmIdentifier.
    pub(super) algorithm: Element<'a>,
    /// The contents of the BIT STRING.
    pub(super) signature: &'a [u8],
    /// The issuer's Name.
    pub(super) issuer: Element<'a>,
    pub(super) this_update: Timestamp,
    next_update: Option<Timestamp>,
    /// The contents of `revokedCertificates`.
    revoked: &'a [u8],
    /// The contents of `Extensions`.
    extensions: &'a [u8],
}

/// What a list's extensions say of it (RFC 5280 section 5.2).
pub(super) struct Meaning {
    pub(super) scope: Scope,
    /// The contents of the CRL number, if there is one.
    pub(super) number: Option<Box<[u8]>>,
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
        Ok(Self {
            signed: signed.whole,
            algorithm,
            signature: signature.contents,
            issuer,
            this_update,
            next_update,
            revoked: revoked.map_or(&[], |revoked| revoked.contents),
            extensions: match extensions {
                Some(explicit) => extensions::within(explicit.contents)?,
                None => &[],
            },
        })
    }

    pub(super) fn next_update(&self) -> Result<Timestamp, CrlError> {
        self.next_update.ok_or(CrlError::NoNextUpdate)
    }

    /// What the extensions say. One that is critical and not known may mean something else than
    /// the list seems to (section 5.2). A delta list is one whether it says so critically or not.
    pub(super) fn meaning(&self) -> Result<Meaning, CrlError> {
        let mut scope = None;
        let mut number = None;
        for extension in extensions::read(self.extensions) {
            let extension = extension?;
            match extension.id {
                CRL_NUMBER => {
                    let read = Elements::of(extension.value).take_tagged(tag::INTEGER, NUMBER)?;
                    set(&mut number, read.contents.into(), NUMBER)?;
                }
                ISSUING_DISTRIBUTION_POINT => {
                    set(&mut scope, Scope::parse(extension.value)?, "its scope")?;
                }
                DELTA_CRL_INDICATOR => return Err(CrlError::Delta),
                id if extension.is_critical && !UNDERSTOOD.contains(&id) => {
                    return Err(unknown(id));
                }
                _ => {}
            }
        }
        Ok(Meaning {
            scope: scope.unwrap_or(Scope::Whole),
            number,
        })
    }

    /// The serial numbers. Reading them is what takes time, so it comes after the signature.
    pub(super) fn serials(&self) -> Result<Serials, CrlError> {
        // An entry has some 35 bytes: a serial number of 16, and a date.
        const USUAL: usize = 35;
        let mut serials = Serials::with_capacity(self.revoked.len() / USUAL);
        let mut entries = Elements::of(self.revoked);
        while !entries.is_empty() {
            let entry = entries.take_tagged(tag::SEQUENCE, ENTRY)?;
            let mut fields = Elements::of(entry.contents);
            let serial = fields.take_tagged(tag::INTEGER, ENTRY)?;
            if serial.contents.is_empty() {
                return Err(malformed(ENTRY));
            }
            time(fields.take(ENTRY)?, "an entry's date")?;
            if let Some(extensions) = fields.take_optional(tag::SEQUENCE, ENTRY)? {
                check_entry_extensions(extensions.contents)?;
            }
            fields.end(ENTRY)?;
            serials.insert(serial.contents);
        }
        serials.shrink();
        Ok(serials)
    }
}

// Extensions of lists and of their entries, all under id-ce, 2.5.29 (RFC 5280 section 5).
const ISSUER_ALT_NAME: &[u8] = &[0x55, 0x1d, 18];
const CRL_NUMBER: &[u8] = &[0x55, 0x1d, 20];
const REASON_CODE: &[u8] = &[0x55, 0x1d, 21];
const HOLD_INSTRUCTION: &[u8] = &[0x55, 0x1d, 23];
const INVALIDITY_DATE: &[u8] = &[0x55, 0x1d, 24];
const DELTA_CRL_INDICATOR: &[u8] = &[0x55, 0x1d, 27];
const ISSUING_DISTRIBUTION_POINT: &[u8] = &[0x55, 0x1d, 28];
const CERTIFICATE_ISSUER: &[u8] = &[0x55, 0x1d, 29];
const AUTHORITY_KEY_IDENTIFIER: &[u8] = &[0x55, 0x1d, 35];
const FRESHEST_CRL: &[u8] = &[0x55, 0x1d, 46];

/// What changes nothing in what a list means here: whose key signed it is tried out, and where
/// delta lists are to be had is of no interest.
const UNDERSTOOD: [&[u8]; 3] = [ISSUER_ALT_NAME, AUTHORITY_KEY_IDENTIFIER, FRESHEST_CRL];

const NUMBER: &str = "the CRL number";
const ENTRY: &str = "an entry";

/// Whatever the reason is and since when it holds, the certificate is not accepted.
fn check_entry_extensions(contents: &[u8]) -> Result<(), CrlError> {
    for extension in extensions::read(contents) {
        let extension = extension?;
        match extension.id {
            // Another issuer's certificate: only in an indirect list.
            CERTIFICATE_ISSUER => return Err(CrlError::Indirect),
            REASON_CODE | HOLD_INSTRUCTION | INVALIDITY_DATE => {}
            id if extension.is_critical => return Err(unknown(id)),
            _ => {}
        }
    }
    Ok(())
}

/// An extension that is there twice could be read as either.
fn set<T>(place: &mut Option<T>, value: T, what: &'static str) -> Result<(), CrlError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(malformed(what)),
    }
}

fn unknown(id: &[u8]) -> CrlError {
    let id = dotted(id).unwrap_or_else(|| "an identifier that cannot be read".to_owned());
    CrlError::UnsupportedExtension { id: id.into() }
}

/// A BIT STRING of whole bytes.
pub(super) fn whole_bytes(contents: &[u8]) -> Option<&[u8]> {
    contents.strip_prefix(&[0])
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

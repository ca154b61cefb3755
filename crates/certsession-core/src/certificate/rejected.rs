//! What can be read of a certificate that is refused.

use super::element::{Elements, tag};
use super::error::{MAX_CERTIFICATE_SIZE, MAX_SERIAL_LEN};
use super::layout::Layout;
use super::{CertificateError, Fingerprint, RejectedCertificate, SerialNumber, subject};

impl CertificateError {
    /// The error with what can be read of the certificate that was refused.
    #[must_use]
    pub fn of(self, der: &[u8]) -> Self {
        if let Self::Named(_) = self {
            return self;
        }
        let layout = match der.len() {
            0..=MAX_CERTIFICATE_SIZE => Layout::of(der).ok(),
            _ => None,
        };
        let serial = layout.as_ref().map(|layout| layout.serial);
        Self::Named(Box::new(RejectedCertificate {
            cause: self,
            fingerprint: Fingerprint::of(der),
            serial: serial.and_then(|serial| SerialNumber::parse(serial).ok()),
            subject: layout.map(|layout| subject::to_text(layout.subject)),
        }))
    }
}

/// What can be said of a certificate that was not verified: its fingerprint, and its serial number
/// where it can be read.
///
/// Of what a client sends, nothing else is read before its chain is verified: reading a certificate
/// whole takes time in proportion to what is in it, and anyone can send a large one.
///
/// ```
/// use certsession_core::PresentedCertificate;
///
/// let certificate = PresentedCertificate::of(b"not a certificate");
/// assert_eq!(certificate.serial(), None);
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PresentedCertificate {
    fingerprint: Fingerprint,
    serial: Option<SerialNumber>,
}

impl PresentedCertificate {
    /// Reads no more than that of a certificate's DER.
    pub fn of(der: &[u8]) -> Self {
        Self {
            fingerprint: Fingerprint::of(der),
            serial: serial_of(der).ok(),
        }
    }

    /// The SHA-256 of its bytes, whatever they are.
    pub const fn fingerprint(&self) -> &Fingerprint {
        &self.fingerprint
    }

    /// Its serial number, if there is one where a certificate has it.
    pub const fn serial(&self) -> Option<&SerialNumber> {
        self.serial.as_ref()
    }
}

/// The serial number is at the beginning: `Certificate ::= SEQUENCE { tbsCertificate SEQUENCE {
/// version [0] EXPLICIT, serialNumber INTEGER, … }, … }` (RFC 5280 section 4.1).
fn serial_of(der: &[u8]) -> Result<SerialNumber, CertificateError> {
    let what = "the beginning";
    let certificate = Elements::of(der).take_tagged(tag::SEQUENCE, what)?;
    let signed = Elements::of(certificate.contents).take_tagged(tag::SEQUENCE, what)?;
    let mut fields = Elements::of(signed.contents);
    fields.take_optional(tag::constructed(0), what)?;
    SerialNumber::parse(fields.take_tagged(tag::INTEGER, what)?.contents)
}

impl SerialNumber {
    /// The serial number whose INTEGER has these contents in a certificate.
    pub(super) fn parse(contents: &[u8]) -> Result<Self, CertificateError> {
        match contents.len() {
            // X.690 section 8.3.1: an INTEGER has at least one byte.
            0 => Err(CertificateError::Malformed {
                what: "the serial number is empty",
            }),
            1..=MAX_SERIAL_LEN => Ok(Self::from_bytes(contents)),
            len => Err(CertificateError::SerialTooLong { len }),
        }
    }
}

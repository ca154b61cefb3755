//! What can be read of a certificate that is refused.

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

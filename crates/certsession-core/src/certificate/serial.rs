//! The serial number, as the CA wrote it.

use std::fmt;

use super::hashes::write_hex;

/// A certificate's serial number: the contents of its INTEGER, byte by byte as the CA wrote
/// them (RFC 5280 section 4.1.2.2).
///
/// Equality is that of the bytes. A serial that is zero, negative, longer than 20 bytes or
/// written with superfluous leading zeros breaks the RFC's rules for CAs, yet it identifies a
/// certificate as well as any other, so it is accepted and kept as it is. It is unique per
/// issuer only: always compare it together with an [`IssuerHash`](super::IssuerHash).
///
/// `Display` is for people: lower-case hexadecimal without redundant leading zeros, as other
/// tools show it. Serials that differ may look the same there (`00ff` and `ff`, which is
/// minus one); a comparison takes the bytes.
///
/// ```
/// use certsession_core::SerialNumber;
///
/// let serial = SerialNumber::from_bytes(&[0x00, 0x8f, 0x01]);
/// assert_eq!(serial.to_string(), "8f01");
/// assert_eq!(serial.as_bytes(), [0x00, 0x8f, 0x01]);
/// ```
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SerialNumber(Box<[u8]>);

impl SerialNumber {
    /// The serial number whose INTEGER has these contents, as a store or a revocation list
    /// kept them.
    pub fn from_bytes(contents: &[u8]) -> Self {
        Self(contents.into())
    }

    /// The contents of the INTEGER, as they are in the certificate.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let zeros = self.0.iter().take_while(|byte| **byte == 0).count();
        match &self.0[zeros..] {
            [] => f.write_str("00"),
            value => write_hex(f, value),
        }
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SerialNumber(")?;
        write_hex(f, &self.0)?;
        f.write_str(")")
    }
}

/// The shortest form of a two's complement number (X.690 section 8.3.2).
pub(crate) fn shortest(mut bytes: &[u8]) -> &[u8] {
    while let [0x00, 0x00..=0x7f, ..] | [0xff, 0x80..=0xff, ..] = bytes {
        bytes = &bytes[1..];
    }
    bytes
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::certificate::CertificateError;
    use crate::certificate::error::MAX_SERIAL_LEN;

    #[test]
    fn a_serial_is_shown_without_redundant_leading_zeros() {
        for (contents, shown) in [
            (&[0x00][..], "00"),
            (&[0x00, 0x00], "00"),
            (&[0x01], "01"),
            (&[0x00, 0xff], "ff"),
            (&[0xff], "ff"),
            (&[0x00, 0x00, 0x01, 0x00], "0100"),
        ] {
            assert_eq!(SerialNumber::from_bytes(contents).to_string(), shown);
        }
    }

    #[test]
    fn serials_are_compared_byte_by_byte_and_not_by_value() {
        assert_ne!(
            SerialNumber::from_bytes(&[0x01]),
            SerialNumber::from_bytes(&[0x00, 0x01])
        );
        assert_eq!(
            format!("{:?}", SerialNumber::from_bytes(&[0, 1])),
            "SerialNumber(0001)"
        );
    }

    #[test]
    fn a_serial_without_bytes_or_with_too_many_is_refused() {
        assert!(SerialNumber::parse(&[]).is_err());
        assert!(SerialNumber::parse(&[1; MAX_SERIAL_LEN]).is_ok());
        assert_eq!(
            SerialNumber::parse(&[1; MAX_SERIAL_LEN + 1]),
            Err(CertificateError::SerialTooLong {
                len: MAX_SERIAL_LEN + 1
            })
        );
    }
}

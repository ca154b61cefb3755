//! The serial number, as the CA wrote it.

use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};

use super::hashes::write_hex;

/// As many bytes as fit beside a length; RFC 5280 allows 20.
const SHORT: usize = 22;

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
#[derive(Clone)]
pub struct SerialNumber(Contents);

/// Decoding a record allocates nothing for a serial number of the usual length.
#[derive(Clone)]
enum Contents {
    Short { length: u8, bytes: [u8; SHORT] },
    Long(Box<[u8]>),
}

impl SerialNumber {
    /// The serial number whose INTEGER has these contents, as a store or a revocation list
    /// kept them.
    pub fn from_bytes(contents: &[u8]) -> Self {
        let mut bytes = [0; SHORT];
        Self(
            match (
                bytes.get_mut(..contents.len()),
                u8::try_from(contents.len()),
            ) {
                (Some(short), Ok(length)) => {
                    short.copy_from_slice(contents);
                    Contents::Short { length, bytes }
                }
                _ => Contents::Long(contents.into()),
            },
        )
    }

    /// The contents of the INTEGER, as they are in the certificate.
    pub fn as_bytes(&self) -> &[u8] {
        match &self.0 {
            Contents::Short { length, bytes } => &bytes[..usize::from(*length).min(SHORT)],
            Contents::Long(bytes) => bytes,
        }
    }
}

impl PartialEq for SerialNumber {
    fn eq(&self, other: &Self) -> bool {
        self.as_bytes() == other.as_bytes()
    }
}

impl Eq for SerialNumber {}

impl PartialOrd for SerialNumber {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for SerialNumber {
    fn cmp(&self, other: &Self) -> Ordering {
        self.as_bytes().cmp(other.as_bytes())
    }
}

impl Hash for SerialNumber {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_bytes().hash(state);
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = self.as_bytes();
        let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
        match &bytes[zeros..] {
            [] => f.write_str("00"),
            value => write_hex(f, value),
        }
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SerialNumber(")?;
        write_hex(f, self.as_bytes())?;
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
    fn a_serial_of_any_length_reads_back_and_compares_by_its_bytes() {
        let serials: Vec<_> = (0..=2 * SHORT)
            .map(|length| SerialNumber::from_bytes(&vec![7; length]))
            .collect();
        for (length, serial) in serials.iter().enumerate() {
            assert_eq!(serial.as_bytes(), vec![7; length]);
            assert_eq!(*serial, serial.clone());
        }
        assert!(serials.is_sorted_by(|a, b| a < b));
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

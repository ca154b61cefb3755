//! The public name of a session.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, de};

/// The public name of a session: safe in logs, admin pages and URLs.
///
/// A handle finds a session's record but proves nothing: only the secret half of the
/// [`Token`](crate::Token) opens the session. It is written as 32 lower-case hexadecimal digits, and
/// is read from them by extractors of paths and forms too (`Path<Handle>`).
///
/// ```
/// use certsession_core::Handle;
///
/// let handle: Handle = "000102030405060708090a0b0c0d0e0f".parse()?;
/// assert_eq!(handle.to_string(), "000102030405060708090a0b0c0d0e0f");
/// # Ok::<(), certsession_core::InvalidHandle>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Handle([u8; Handle::LENGTH]);

impl Handle {
    /// A handle's length in bytes.
    pub const LENGTH: usize = 16;

    /// Creates a handle from its bytes.
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    /// The bytes, which a store uses as a key.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl fmt::Display for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Handle {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Handle({self})")
    }
}

/// Text that is not a handle: a handle is 32 lower-case hexadecimal digits.
///
/// The error does not contain the text: a user may have pasted a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session handle is 32 lower-case hexadecimal digits")]
pub struct InvalidHandle;

impl FromStr for Handle {
    type Err = InvalidHandle;

    fn from_str(text: &str) -> Result<Self, InvalidHandle> {
        let digits: &[u8; 2 * Self::LENGTH] =
            text.as_bytes().try_into().map_err(|_| InvalidHandle)?;
        let mut bytes = [0; Self::LENGTH];
        for (byte, pair) in bytes.iter_mut().zip(digits.chunks_exact(2)) {
            *byte = hex_digit(pair[0])? << 4 | hex_digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl<'de> Deserialize<'de> for Handle {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

fn hex_digit(digit: u8) -> Result<u8, InvalidHandle> {
    match digit {
        b'0'..=b'9' => Ok(digit - b'0'),
        b'a'..=b'f' => Ok(digit - b'a' + 10),
        _ => Err(InvalidHandle),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_reads_back_what_it_prints() {
        let handle = Handle::from_bytes(*b"0123456789\xff\x00\x10amz");
        assert_eq!(handle.to_string().parse(), Ok(handle));
    }

    #[test]
    fn a_handle_in_a_path_or_a_form_is_read_as_its_text() {
        let handle = Handle::from_bytes(*b"0123456789abcdef");
        let read = serde_json::from_str::<Handle>(&format!("\"{handle}\""));
        assert_eq!(read.unwrap(), handle);
        assert!(serde_json::from_str::<Handle>("\"none\"").is_err());
    }

    #[test]
    fn only_the_one_spelling_of_a_handle_is_accepted() {
        let good = "000102030405060708090a0b0c0d0e0f";
        assert!(good.parse::<Handle>().is_ok());
        for bad in [
            "",
            "00",
            &good[1..],
            &good.to_uppercase(),
            &format!("{good}0"),
            &good.replace('0', "g"),
            &good.replacen("00", "é", 1),
        ] {
            assert_eq!(bad.parse::<Handle>(), Err(InvalidHandle), "{bad:?}");
        }
    }
}

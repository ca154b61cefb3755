//! The hashes by which a certificate, its key and its issuer are known.

use std::fmt;
use std::str::FromStr;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::digest;

/// Defines a SHA-256 value of its own type, so that a hash of one thing cannot be compared
/// with the hash of another.
macro_rules! sha256_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        ///
        /// A public fact: it is shown in logs and pages, as lower-case hexadecimal. It is read from
        /// hexadecimal digits of either case.
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; 32]);

        impl $name {
            /// Hashes `der`, which has to be exactly as it is in the certificate.
            pub fn of(der: &[u8]) -> Self {
                Self(sha256(der))
            }

            /// The value whose 32 bytes these are, as a store kept them.
            pub const fn from_bytes(bytes: [u8; 32]) -> Self {
                Self(bytes)
            }

            /// Its 32 bytes.
            pub const fn as_bytes(&self) -> &[u8; 32] {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidHash;

            fn from_str(text: &str) -> Result<Self, InvalidHash> {
                read_hex(text).map(Self).ok_or(InvalidHash)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write_hex(f, &self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

sha256_newtype! {
    /// SHA-256 of a certificate's DER: the `x5t#S256` thumbprint of RFC 8705 section 3.1.
    ///
    /// It tells which certificate a session is bound to. It is no means to deny one: an ECDSA
    /// signature can be altered into a second valid one, and with it the fingerprint. Deny by
    /// issuer and serial, or by public key.
    Fingerprint
}

sha256_newtype! {
    /// SHA-256 of a certificate's SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7): the key
    /// with its algorithm and parameters.
    PublicKeyHash
}

sha256_newtype! {
    /// SHA-256 of the DER of a certificate's issuer name (RFC 5280 section 4.1.2.4).
    ///
    /// With the serial number it names a certificate; the serial alone does not.
    IssuerHash
}

impl Fingerprint {
    /// The form in a token's `cnf` claim as `x5t#S256`: unpadded base64url
    /// (RFC 8705 section 3.1).
    ///
    /// ```
    /// use certsession_core::Fingerprint;
    ///
    /// let fingerprint = Fingerprint::from_bytes([0xff; 32]);
    /// assert_eq!(fingerprint.to_x5t_s256(), "__________________________________________8");
    /// assert_eq!(fingerprint.to_string(), "ff".repeat(32));
    /// ```
    pub fn to_x5t_s256(&self) -> String {
        Base64UrlUnpadded::encode_string(&self.0)
    }
}

/// Text that is not a SHA-256 in hexadecimal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a SHA-256 is written as 64 hexadecimal digits")]
pub struct InvalidHash;

fn read_hex(text: &str) -> Option<[u8; 32]> {
    // `from_str_radix` would take a sign, too.
    if !text.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let bytes = (0..text.len()).step_by(2);
    let bytes = bytes.map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok());
    bytes.collect::<Option<Vec<u8>>>()?.try_into().ok()
}

/// Writes `bytes` as lower-case hexadecimal.
pub(super) fn write_hex(out: &mut impl fmt::Write, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"))
}

fn sha256(bytes: &[u8]) -> [u8; 32] {
    sha256_of(&[bytes])
}

/// Of several pieces, one after the other.
pub(super) fn sha256_of(pieces: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    pieces.iter().for_each(|piece| context.update(piece));
    let mut hash = [0; 32];
    hash.copy_from_slice(context.finish().as_ref());
    hash
}

/// SHA-256 of a name and its kind: what a record keeps of it.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct NameHash([u8; 32]);

impl NameHash {
    pub(crate) const fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

impl fmt::Debug for NameHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NameHash(")?;
        write_hex(f, &self.0)?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_hash_is_read_from_its_text() {
        let hash = PublicKeyHash::of(b"key");
        let text = hash.to_string();
        assert_eq!(text.parse(), Ok(hash));
        assert_eq!(text.to_uppercase().parse(), Ok(hash));
        for wrong in [
            "",
            "00",
            &text[1..],
            &format!("{text}00"),
            &"+a".repeat(32),
            &"é".repeat(32),
        ] {
            assert_eq!(wrong.parse::<PublicKeyHash>(), Err(InvalidHash), "{wrong}");
        }
    }

    #[test]
    fn a_hash_is_sha_256_in_lower_case_hexadecimal() {
        // FIPS 180-4's example for "abc".
        let expected = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(Fingerprint::of(b"abc").to_string(), expected);
        assert_eq!(
            format!("{:?}", IssuerHash::of(b"abc")),
            format!("IssuerHash({expected})")
        );
    }

    #[test]
    fn a_hash_survives_being_stored_as_bytes() {
        let hash = PublicKeyHash::of(b"key");
        assert_eq!(PublicKeyHash::from_bytes(*hash.as_bytes()), hash);
    }
}

//! An unguessable text.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq;

use crate::random::{RandomError, random};

/// An unguessable text of 43 characters of unpadded base64url, from 32 random bytes: a `nonce` of
/// OpenID Connect, a `code_verifier` of PKCE (RFC 7636 section 4.1), or the like. It is a secret
/// until it is used: `Debug` does not show it, and two are compared in constant time.
///
/// ```
/// use certsession_core::Nonce;
///
/// let verifier = Nonce::generate()?;
/// assert_eq!(verifier.as_str().len(), 43);
/// assert_eq!(verifier.s256().len(), 43);
/// # Ok::<(), certsession_core::RandomError>(())
/// ```
#[derive(Clone, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Nonce(String);

impl Nonce {
    /// Generates one.
    ///
    /// # Errors
    ///
    /// If the operating system's random number generator failed.
    pub fn generate() -> Result<Self, RandomError> {
        Ok(Self(Base64UrlUnpadded::encode_string(&random::<32>()?)))
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The SHA-256 of the text as unpadded base64url: as a `code_challenge` of the method `S256`
    /// (RFC 7636 section 4.2) it may be shown to anyone.
    pub fn s256(&self) -> String {
        s256(&self.0)
    }
}

/// The length of the SHA-256 of a text, in characters.
pub(crate) const S256_LENGTH: usize = 43;

/// The SHA-256 of a text, as unpadded base64url.
pub(crate) fn s256(text: &str) -> String {
    Base64UrlUnpadded::encode_string(digest(&SHA256, text.as_bytes()).as_ref())
}

impl PartialEq for Nonce {
    fn eq(&self, other: &Self) -> bool {
        self.0.as_bytes().ct_eq(other.0.as_bytes()).into()
    }
}

impl Eq for Nonce {}

impl fmt::Debug for Nonce {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Nonce(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_challenge_is_that_of_the_example_in_the_rfc() {
        // RFC 7636 appendix B.
        let verifier = Nonce("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk".into());
        assert_eq!(
            verifier.s256(),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"
        );
    }

    #[test]
    fn no_two_are_the_same_and_none_is_shown() {
        let (one, two) = (Nonce::generate().unwrap(), Nonce::generate().unwrap());
        assert_ne!(one, two);
        assert_eq!(format!("{one:?}"), "Nonce(..)");
    }
}

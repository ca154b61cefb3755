//! The secret in the cookie, and its hash in the record.

mod realm;
mod text;

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use subtle::ConstantTimeEq;

use crate::handle::Handle;
use crate::random::{RandomError, random};

pub(crate) use realm::Realm;

const SECRET_LENGTH: usize = 32;

/// The length of handle and secret together.
const LENGTH: usize = Handle::LENGTH + SECRET_LENGTH;

/// The secret that a client holds: 16 bytes name the session, 32 bytes prove the right to use it.
///
/// In a cookie it is 64 characters of unpadded base64url (RFC 4648 section 5). The 256 bits of the
/// secret half come from the operating system, four times what OWASP's session management guidance
/// asks for. There is no `Display`, and `Debug` shows only the handle.
///
/// ```
/// use certsession_core::Token;
///
/// let token = Token::issue()?;
/// let cookie = token.expose();
/// assert_eq!(cookie.len(), Token::TEXT_LENGTH);
/// assert_eq!(Token::parse(cookie.as_bytes())?.handle(), token.handle());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Token {
    handle: Handle,
    secret: [u8; SECRET_LENGTH],
}

impl Token {
    /// The length of a token's text, in characters.
    pub const TEXT_LENGTH: usize = text::TEXT;

    /// Issues a token for a new session.
    ///
    /// # Errors
    ///
    /// If the operating system's random number generator fails.
    pub fn issue() -> Result<Self, RandomError> {
        Self::reissue(Handle::from_bytes(random()?))
    }

    /// Issues a new token for the session `handle`: the same handle, a new secret.
    ///
    /// # Errors
    ///
    /// If the operating system's random number generator fails.
    pub fn reissue(handle: Handle) -> Result<Self, RandomError> {
        let secret = random()?;
        Ok(Self { handle, secret })
    }

    /// Parses the text of a cookie.
    ///
    /// # Errors
    ///
    /// If the text is not exactly what [`expose`](Self::expose) writes: it has another length,
    /// padding, white space or a character outside the base64url alphabet.
    pub fn parse(text: &[u8]) -> Result<Self, InvalidToken> {
        let text = text.try_into().map_err(|_| InvalidToken)?;
        let bytes = text::decode(text).ok_or(InvalidToken)?;

        let mut handle = [0; Handle::LENGTH];
        let mut secret = [0; SECRET_LENGTH];
        handle.copy_from_slice(&bytes[..Handle::LENGTH]);
        secret.copy_from_slice(&bytes[Handle::LENGTH..]);
        Ok(Self {
            handle: Handle::from_bytes(handle),
            secret,
        })
    }

    /// The public half: the handle of the session that this token opens. In a token of a
    /// [realm](crate::SessionManager::with_realm) it is masked, and so not the session's.
    pub const fn handle(&self) -> Handle {
        self.handle
    }

    /// The hash that a record keeps of this token, unless it is of a
    /// [realm](crate::SessionManager::with_realm).
    pub fn hash(&self) -> TokenHash {
        TokenHash::of(&ring::digest::digest(&ring::digest::SHA256, &self.secret))
    }

    /// The half that proves the right to use the session, to derive a key from.
    pub(crate) const fn secret(&self) -> &[u8; SECRET_LENGTH] {
        &self.secret
    }

    /// The text for the cookie. It is the token itself: send it only to the client that it is for.
    pub fn expose(&self) -> String {
        let mut bytes = [0; LENGTH];
        bytes[..Handle::LENGTH].copy_from_slice(self.handle.as_bytes());
        bytes[Handle::LENGTH..].copy_from_slice(&self.secret);
        Base64UrlUnpadded::encode_string(&bytes)
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token")
            .field("handle", &self.handle)
            .finish_non_exhaustive()
    }
}

/// The text is not a token. The error does not contain the text, which may be another user's
/// secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a session token is 64 characters of unpadded base64url")]
pub struct InvalidToken;

/// The hash that a record keeps of a token: the SHA-256 of its secret half, behind the digest of its
/// [realm](crate::SessionManager::with_realm), if it has one.
///
/// A thief who reads the store gets token hashes, and cannot compute a token from a hash: 256
/// random bits cannot be guessed, so the hash needs neither salt nor stretching. Comparing two
/// hashes takes the same time wherever they differ.
#[derive(Clone, Copy)]
pub struct TokenHash([u8; TokenHash::LENGTH]);

impl TokenHash {
    /// A token hash's length in bytes.
    pub const LENGTH: usize = 32;

    /// Creates a token hash from the bytes that a store kept.
    pub const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    fn of(digest: &ring::digest::Digest) -> Self {
        let mut token_hash = [0; Self::LENGTH];
        token_hash.copy_from_slice(digest.as_ref());
        Self(token_hash)
    }

    /// The bytes, for a store to keep.
    pub const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl PartialEq for TokenHash {
    fn eq(&self, other: &Self) -> bool {
        // Compares all words, and looks at the combined difference once, at the end.
        let (ours, theirs) = (self.0.as_chunks().0, other.0.as_chunks().0);
        let words = ours.iter().zip(theirs);
        let differs = words.map(|(a, b)| u64::from_ne_bytes(*a) ^ u64::from_ne_bytes(*b));
        differs.fold(0, |all, one| all | one).ct_eq(&0).into()
    }
}

impl Eq for TokenHash {}

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_token_reads_back_what_it_exposes() {
        let token = Token::issue().unwrap();
        let read = Token::parse(token.expose().as_bytes()).unwrap();
        assert_eq!(read.handle(), token.handle());
        assert_eq!(read.hash(), token.hash());
    }

    #[test]
    fn a_reissued_token_has_the_same_handle_and_another_secret() {
        let first = Token::issue().unwrap();
        let second = Token::reissue(first.handle()).unwrap();
        assert_eq!(second.handle(), first.handle());
        assert_ne!(second.hash(), first.hash());
    }

    #[test]
    fn debug_shows_neither_secret_nor_hash() {
        let token = Token::issue().unwrap();
        let text = format!("{token:?} {:?}", token.hash());
        let secret_text = &token.expose()[24..];
        assert!(!text.contains(secret_text));
        assert_eq!(
            text,
            format!("Token {{ handle: {:?}, .. }} TokenHash(..)", token.handle())
        );
    }

    #[test]
    fn text_in_any_other_format_is_not_a_token() {
        let good = Token::issue().unwrap().expose();
        for bad in [
            String::new(),
            good[..63].to_owned(),
            format!("{good}A"),
            format!("{good}="),
            format!(" {}", &good[1..]),
            format!("+{}", &good[1..]),
            format!("/{}", &good[1..]),
            format!("{}=", &good[..63]),
            "é".repeat(32),
            "A".repeat(8192),
        ] {
            assert!(Token::parse(bad.as_bytes()).is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn arbitrary_bytes_never_panic(bytes: Vec<u8>) {
            let _ = Token::parse(&bytes);
        }

        #[test]
        fn each_token_has_exactly_one_text(text in "[A-Za-z0-9_-]{64}") {
            let token = Token::parse(text.as_bytes()).unwrap();
            prop_assert_eq!(token.expose(), text);
        }
    }
}

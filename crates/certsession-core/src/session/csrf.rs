//! The token of a form: proves that the form came from a page of this session.

use std::fmt;

use base64ct::{Base64UrlUnpadded, Encoding};
use subtle::ConstantTimeEq;

use super::{Session, SessionError};
use crate::data::{DecodeError, Key};
use crate::random::random;

const KEY: Key<String> = Key::new("certsession.csrf");
const LENGTH: usize = 32;

/// The token of a form (the synchronizer token pattern), to be sent back in a hidden field or a
/// header: a page of another site cannot know it.
///
/// It belongs to one session, and a sign-in makes a new secret. Each page gets another text of the
/// same secret, so that compression of the response does not reveal it (the BREACH attack).
#[derive(Clone)]
pub struct CsrfToken(String);

impl CsrfToken {
    /// The text, for the hidden field or the header: 86 characters of unpadded base64url, which need
    /// no escaping in HTML.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The secret under a mask of its own.
    fn masked(secret: &[u8; LENGTH], mask: &[u8; LENGTH]) -> Self {
        let mut bytes = [0; 2 * LENGTH];
        bytes[..LENGTH].copy_from_slice(mask);
        for (byte, (mask, secret)) in bytes[LENGTH..].iter_mut().zip(mask.iter().zip(secret)) {
            *byte = mask ^ secret;
        }
        Self(Base64UrlUnpadded::encode_string(&bytes))
    }
}

impl fmt::Display for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for CsrfToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CsrfToken(..)")
    }
}

impl Session {
    /// The token for the forms of a page; `None` if there is no session. A page never begins a
    /// session for it: without one there is nothing that another site could misuse.
    ///
    /// The first token of a session writes its secret. **It is valid only when that commit has
    /// succeeded**, as with [`take_once`](Self::take_once).
    ///
    /// # Errors
    ///
    /// If the session is over, the random number generator fails or the session's secret cannot be
    /// read: it is not replaced then, for pages that are open rely on it.
    pub fn csrf_token(&mut self) -> Result<Option<CsrfToken>, SessionError> {
        let secret = match self.csrf_secret()? {
            Some(secret) => secret,
            None if self.changeable()?.is_none() => return Ok(None),
            None => {
                let secret = random::<LENGTH>()?;
                let text = Base64UrlUnpadded::encode_string(&secret);
                self.write(KEY.to_name(), &text)?;
                self.require_absent(KEY.to_name());
                secret
            }
        };
        Ok(Some(CsrfToken::masked(&secret, &random()?)))
    }

    /// Whether a text is a token of this session's forms; compares in constant time.
    ///
    /// # Errors
    ///
    /// If the session's secret cannot be read.
    pub fn is_csrf_token(&self, text: &str) -> Result<bool, SessionError> {
        let mut bytes = [0; 2 * LENGTH];
        let is_whole = Base64UrlUnpadded::decode(text, &mut bytes)
            .is_ok_and(|decoded| decoded.len() == 2 * LENGTH);
        if !is_whole {
            return Ok(false);
        }
        let Some(secret) = self.csrf_secret()? else {
            return Ok(false);
        };
        let (mask, masked) = bytes.split_at_mut(LENGTH);
        for (byte, mask) in masked.iter_mut().zip(mask) {
            *byte ^= *mask;
        }
        Ok(masked[..].ct_eq(&secret[..]).into())
    }

    /// The secret of the session's forms; `None` if there is none yet.
    fn csrf_secret(&self) -> Result<Option<[u8; LENGTH]>, SessionError> {
        let Some(text) = self.get(&KEY)? else {
            return Ok(None);
        };
        let mut secret = [0; LENGTH];
        match Base64UrlUnpadded::decode(&text, &mut secret) {
            Ok(decoded) if decoded.len() == LENGTH => Ok(Some(secret)),
            _ => {
                let problem = "it is no secret of forms";
                Err(DecodeError::of::<String>(KEY.name(), b"\"\"", problem).into())
            }
        }
    }
}

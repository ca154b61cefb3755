//! Session data that is encrypted at rest.
//!
//! Each session has a random data key, which encrypts its values one by one, so that a commit still
//! merges them key by key. The record keeps the data key wrapped, by a key that is derived from
//! either of two secrets:
//!
//! - the secret half of the session's token: the store, which knows a hash of it alone, can read
//!   nothing, and there is no key to manage. A new token wraps the data key again; during a grace
//!   period the record keeps both.
//! - a key of the application's, whose name the record keeps: the application reads the data without
//!   the token too. A new token changes nothing; a new key of the application's wraps the data key
//!   again at the next commit.

use std::fmt;
use std::sync::Arc;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

use crate::handle::Handle;
use crate::names::{self, InvalidName};
use crate::random::{RandomError, random};

const KEY_LENGTH: usize = 32;
const TAG_LENGTH: usize = 16;

/// What the derived key is for (RFC 5869 section 3.2), so that the secret gives no other purpose
/// the same key.
const UNDER_TOKEN: &[u8] = b"certsession 1 data key";

/// The same for an application's key, whose name follows.
const UNDER_APPLICATION_KEY: &[u8] = b"certsession 1 data key under an application key: ";

/// The key that encrypts the values of one session.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DataKey([u8; KEY_LENGTH]);

/// A data key, encrypted under one of the [secrets](Secret).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrappedKey([u8; WrappedKey::LENGTH]);

/// What a data key is wrapped under.
#[derive(Clone, Copy)]
pub(crate) enum Secret<'s> {
    /// The secret half of a token.
    Token(&'s [u8; 32]),
    /// A key of the application's, with its name.
    ApplicationKey(&'s KeyName, &'s [u8; 32]),
}

/// What a record keeps of its data key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Seal {
    /// The data key under the secrets of the accepted tokens.
    Tokens {
        /// For the current token.
        current: WrappedKey,
        /// For the previous token, during its grace period.
        previous: Option<WrappedKey>,
    },
    /// The data key under the application's key of this name, whatever the token is.
    ApplicationKey { name: KeyName, wrapped: WrappedKey },
}

impl Seal {
    /// The most that a seal takes in an encoded record, in bytes. It does not depend on the name of
    /// the application's key, so that a record which fits still does under the next key.
    pub(crate) const fn max_size(&self) -> usize {
        match self {
            Self::Tokens { .. } => 2 * WrappedKey::LENGTH,
            Self::ApplicationKey { .. } => 1 + names::MAX_LENGTH + WrappedKey::LENGTH,
        }
    }

    /// The seal after a rotation to a token that the data key was wrapped for.
    pub(crate) fn rotated(&self, wrapped: WrappedKey, has_grace: bool) -> Self {
        match self {
            Self::Tokens { current, .. } => Self::Tokens {
                current: wrapped,
                previous: has_grace.then_some(*current),
            },
            Self::ApplicationKey { .. } => self.clone(),
        }
    }
}

/// The name of an application's key: public, since each record that the key encrypts says it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeyName(Arc<str>);

impl KeyName {
    pub(crate) fn new(name: &str) -> Result<Self, InvalidName> {
        names::check(name)?;
        Ok(Self(name.into()))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl WrappedKey {
    pub(crate) const LENGTH: usize = KEY_LENGTH + TAG_LENGTH;

    pub(crate) const fn from_bytes(bytes: [u8; Self::LENGTH]) -> Self {
        Self(bytes)
    }

    pub(crate) const fn as_bytes(&self) -> &[u8; Self::LENGTH] {
        &self.0
    }
}

impl DataKey {
    pub(crate) fn generate() -> Result<Self, RandomError> {
        Ok(Self(random()?))
    }

    /// Encrypts the key under a secret, for this session.
    pub(crate) fn wrap(&self, handle: Handle, secret: Secret<'_>) -> Option<WrappedKey> {
        let mut bytes = [0; WrappedKey::LENGTH];
        let (key, tag) = bytes.split_at_mut(KEY_LENGTH);
        key.copy_from_slice(&self.0);
        let sealed = wrapping_key(handle, secret)?
            .seal_in_place_separate_tag(only_nonce(), Aad::from(handle.as_bytes()), key)
            .ok()?;
        tag.copy_from_slice(sealed.as_ref());
        Some(WrappedKey(bytes))
    }

    /// Decrypts a key that was wrapped under this secret for this session; `None` if it was not.
    pub(crate) fn unwrap(wrapped: &WrappedKey, handle: Handle, secret: Secret<'_>) -> Option<Self> {
        let mut bytes = wrapped.0;
        let opened = wrapping_key(handle, secret)?
            .open_in_place(only_nonce(), Aad::from(handle.as_bytes()), &mut bytes)
            .ok()?;
        Some(Self((&*opened).try_into().ok()?))
    }

    /// Encrypts the value of a key of this session.
    pub(crate) fn seal(
        &self,
        handle: Handle,
        name: &[u8],
        json: &[u8],
    ) -> Result<Box<[u8]>, RandomError> {
        let nonce: [u8; NONCE_LEN] = random()?;
        let mut bytes = json.to_vec();
        // AES-256-GCM takes any text shorter than 64 GiB, so that the rest fails for no value.
        let key = self.key().ok_or(RandomError)?;
        let aad = Aad::from(context(handle, name));
        key.seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), aad, &mut bytes)
            .map_err(|_| RandomError)?;
        Ok([&nonce[..], &bytes].concat().into())
    }

    /// Decrypts the value of a key of this session; `None` if it was changed, or belongs to another
    /// key or session.
    pub(crate) fn open(&self, handle: Handle, name: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, text) = sealed.split_first_chunk::<NONCE_LEN>()?;
        let mut bytes = text.to_vec();
        let aad = Aad::from(context(handle, name));
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let length = self
            .key()?
            .open_in_place(nonce, aad, &mut bytes)
            .ok()?
            .len();
        bytes.truncate(length);
        Some(bytes)
    }

    fn key(&self) -> Option<LessSafeKey> {
        let key = UnboundKey::new(&AES_256_GCM, &self.0).ok()?;
        Some(LessSafeKey::new(key))
    }
}

impl fmt::Debug for DataKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("DataKey(..)")
    }
}

/// Binds a value to its place: it cannot be moved to another key or another session.
fn context(handle: Handle, name: &[u8]) -> Vec<u8> {
    [handle.as_bytes(), name].concat()
}

/// HKDF (RFC 5869) over the secret, with the handle as salt.
fn wrapping_key(handle: Handle, secret: Secret<'_>) -> Option<LessSafeKey> {
    let (secret, info) = match secret {
        Secret::Token(secret) => (secret, [UNDER_TOKEN, b""]),
        Secret::ApplicationKey(name, secret) => {
            let info = [UNDER_APPLICATION_KEY, name.as_str().as_bytes()];
            (secret, info)
        }
    };
    let extracted = Salt::new(HKDF_SHA256, handle.as_bytes()).extract(secret);
    let expanded = extracted.expand(&info, WrappingKeyLength).ok()?;
    let mut key = [0; KEY_LENGTH];
    expanded.fill(&mut key).ok()?;
    DataKey(key).key()
}

struct WrappingKeyLength;

impl KeyType for WrappingKeyLength {
    fn len(&self) -> usize {
        KEY_LENGTH
    }
}

/// Each wrapping key encrypts one data key and nothing else, so one nonce is enough.
fn only_nonce() -> Nonce {
    Nonce::assume_unique_for_key([0; NONCE_LEN])
}

#[cfg(test)]
mod tests {
    use super::*;

    const HANDLE: Handle = Handle::from_bytes([7; Handle::LENGTH]);
    const OTHER: Handle = Handle::from_bytes([8; Handle::LENGTH]);

    #[test]
    fn a_data_key_is_unwrapped_by_its_secret_alone() {
        let names = ["2025", "2026"].map(|name| KeyName::new(name).unwrap());
        let secrets = [[1; 32], [2; 32]];
        let all: Vec<_> = secrets
            .iter()
            .flat_map(|secret| {
                let under = |name| Secret::ApplicationKey(name, secret);
                [Secret::Token(secret), under(&names[0]), under(&names[1])]
            })
            .collect();
        let key = DataKey::generate().unwrap();
        for (right, &secret) in all.iter().enumerate() {
            let wrapped = key.wrap(HANDLE, secret).unwrap();
            for (n, &other) in all.iter().enumerate() {
                let expected = (n == right).then(|| key.clone());
                assert_eq!(DataKey::unwrap(&wrapped, HANDLE, other), expected);
            }
            assert_eq!(DataKey::unwrap(&wrapped, OTHER, secret), None);
            for at in 0..WrappedKey::LENGTH {
                let mut bytes = *wrapped.as_bytes();
                bytes[at] ^= 1;
                let damaged = WrappedKey::from_bytes(bytes);
                assert_eq!(DataKey::unwrap(&damaged, HANDLE, secret), None);
            }
        }
    }

    /// Sessions that are in a store are wrapped in this way.
    #[test]
    fn the_derived_keys_stay_what_they_are() {
        let key = DataKey([3; KEY_LENGTH]);
        let name = KeyName::new("2026").unwrap();
        let hex = |secret| {
            let wrapped = key.wrap(HANDLE, secret).unwrap();
            let bytes = wrapped.as_bytes().iter();
            bytes.map(|byte| format!("{byte:02x}")).collect::<String>()
        };
        assert_eq!(
            hex(Secret::Token(&[1; 32])),
            "5f1a7b43b181073e666e970b5db5303efbd6bd574f24c720cfeaf572783dc054357ceea2620361c3abcd4bfe7402bae1"
        );
        assert_eq!(
            hex(Secret::ApplicationKey(&name, &[1; 32])),
            "fe5707948001802312578ba109d7d6452ddadb7f79f5572115d4993c2d7a6af08c9eecabac7cd5a4090ef781d64a30f9"
        );
    }

    #[test]
    fn a_value_is_read_in_its_own_place_alone() {
        let key = DataKey::generate().unwrap();
        let sealed = key.seal(HANDLE, b"cart", b"[7]").unwrap();
        assert_eq!(sealed.len(), 3 + NONCE_LEN + TAG_LENGTH);
        assert_eq!(key.open(HANDLE, b"cart", &sealed), Some(b"[7]".to_vec()));
        assert_eq!(key.open(HANDLE, b"card", &sealed), None);
        assert_eq!(key.open(OTHER, b"cart", &sealed), None);
        let other = DataKey::generate().unwrap();
        assert_eq!(other.open(HANDLE, b"cart", &sealed), None);
        for at in 0..sealed.len() {
            let mut damaged = sealed.clone();
            damaged[at] ^= 1;
            assert_eq!(key.open(HANDLE, b"cart", &damaged), None);
            assert_eq!(key.open(HANDLE, b"cart", &sealed[..at]), None);
        }
        let again = key.seal(HANDLE, b"cart", b"[7]").unwrap();
        assert_ne!(again, sealed, "equal values do not look alike");
    }
}

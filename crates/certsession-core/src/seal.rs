//! Session data that is encrypted at rest.
//!
//! Each session has a random data key, which encrypts its values one by one, so that a commit still
//! merges them key by key. The record keeps the data key wrapped by a key that is derived from the
//! secret half of the session's token: the store, which knows a hash of the secret alone, can read
//! nothing, and there is no key to manage. A new token wraps the data key again; during a grace
//! period the record keeps both.

use std::fmt;

use ring::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use ring::hkdf::{HKDF_SHA256, KeyType, Salt};

use crate::handle::Handle;
use crate::random::{RandomError, random};

const KEY_LENGTH: usize = 32;
const TAG_LENGTH: usize = 16;

/// What the derived key is for (RFC 5869 section 3.2), so that the secret gives no other purpose
/// the same key.
const PURPOSE: &[u8] = b"certsession 1 data key";

/// The key that encrypts the values of one session.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct DataKey([u8; KEY_LENGTH]);

/// A data key, encrypted under a token's secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct WrappedKey([u8; WrappedKey::LENGTH]);

/// What a record keeps of its data key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seal {
    /// For the current token.
    pub(crate) current: WrappedKey,
    /// For the previous token, during its grace period.
    pub(crate) previous: Option<WrappedKey>,
}

impl Seal {
    /// The seal after a rotation.
    pub(crate) fn rotated(self, wrapped: WrappedKey, has_grace: bool) -> Self {
        Self {
            current: wrapped,
            previous: has_grace.then_some(self.current),
        }
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

    /// Encrypts the key under a token's secret.
    pub(crate) fn wrap(&self, handle: Handle, secret: &[u8; 32]) -> Option<WrappedKey> {
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
    pub(crate) fn unwrap(wrapped: &WrappedKey, handle: Handle, secret: &[u8; 32]) -> Option<Self> {
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
fn wrapping_key(handle: Handle, secret: &[u8; 32]) -> Option<LessSafeKey> {
    let extracted = Salt::new(HKDF_SHA256, handle.as_bytes()).extract(secret);
    let expanded = extracted.expand(&[PURPOSE], WrappingKeyLength).ok()?;
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
        let key = DataKey::generate().unwrap();
        let wrapped = key.wrap(HANDLE, &[1; 32]).unwrap();
        assert_eq!(DataKey::unwrap(&wrapped, HANDLE, &[1; 32]), Some(key));
        assert_eq!(DataKey::unwrap(&wrapped, HANDLE, &[2; 32]), None);
        assert_eq!(DataKey::unwrap(&wrapped, OTHER, &[1; 32]), None);
        for at in 0..WrappedKey::LENGTH {
            let mut bytes = *wrapped.as_bytes();
            bytes[at] ^= 1;
            let damaged = WrappedKey::from_bytes(bytes);
            assert_eq!(DataKey::unwrap(&damaged, HANDLE, &[1; 32]), None);
        }
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

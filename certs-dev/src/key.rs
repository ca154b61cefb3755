//! A private key: ECDSA on P-256, which every TLS stack and browser accepts.

use std::fmt;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PublicKeyData};

use crate::Error;

/// An ECDSA P-256 private key. Clones share the key.
#[derive(Clone)]
pub struct PrivateKey(Arc<KeyPair>);

impl PrivateKey {
    /// Generates a random key.
    ///
    /// # Errors
    ///
    /// [`Error::Crypto`] if the system has no randomness.
    pub fn generate() -> Result<Self, Error> {
        KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256)
            .map(|pair| Self(Arc::new(pair)))
            .map_err(Error::crypto("generate a private key"))
    }

    /// Reads a key from its PEM file (PKCS#8, "PRIVATE KEY").
    ///
    /// # Errors
    ///
    /// [`Error::Io`] if the file cannot be read, [`Error::Unreadable`] if it holds no
    /// P-256 key.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, Error> {
        let path = path.as_ref();
        let pem = fs::read_to_string(path).map_err(Error::io("read", path))?;
        KeyPair::from_pkcs8_pem_and_sign_algo(&pem, &PKCS_ECDSA_P256_SHA256)
            .map(|pair| Self(Arc::new(pair)))
            .map_err(Error::unreadable("P-256 private key", path))
    }

    /// The private key as PEM (PKCS#8, "PRIVATE KEY").
    pub fn pem(&self) -> String {
        self.0.serialize_pem()
    }

    /// The private key as DER (PKCS#8).
    pub fn der(&self) -> &[u8] {
        self.0.serialized_der()
    }

    /// The public key as DER (SubjectPublicKeyInfo).
    pub fn public_key_der(&self) -> Vec<u8> {
        self.0.subject_public_key_info()
    }

    pub(crate) fn pair(&self) -> &KeyPair {
        &self.0
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn debug_shows_nothing_of_the_key() {
        let key = PrivateKey::generate().unwrap();
        assert_eq!(format!("{key:?}"), "PrivateKey(redacted)");
    }

    #[test]
    fn a_file_without_a_p256_key_is_named_in_the_error() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("other.key");
        let ed25519 = KeyPair::generate_for(&rcgen::PKCS_ED25519).unwrap();
        for content in ["", "no PEM at all", &ed25519.serialize_pem()] {
            fs::write(&path, content).unwrap();
            let error = PrivateKey::load(&path).unwrap_err();
            assert!(matches!(&error, Error::Unreadable { .. }), "{error:?}");
            assert!(error.to_string().contains("other.key"), "{error}");
        }
    }
}

//! PKCS#12: the only format in which browsers import a certificate with its key.

use p12_keystore::{
    Certificate, EncryptionAlgorithm, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey,
    PrivateKeyChain,
};

use crate::Error;

/// The password of every `.p12` file that is written to a folder. It is public: the key is
/// protected only by the permissions of the file.
pub const PKCS12_PASSWORD: &str = "certsession";

/// The same as in OpenSSL. A higher number would slow down every test and protect nothing behind a
/// public password.
const ITERATIONS: u32 = 2048;

/// One key with its certificate, named after the certificate's subject.
///
/// It uses Triple DES and SHA-1, because all importers support them: NSS (Firefox, and Chromium on
/// Linux), OpenSSL 3 without its legacy provider, Windows, and macOS, which reports "wrong
/// password" for the AES and SHA-256 of today's default. The authority is not included: the user
/// should decide separately whether the browser trusts it.
pub(crate) fn encode(
    certificate_der: &[u8],
    key_der: &[u8],
    password: &str,
) -> Result<Vec<u8>, Error> {
    // The id links the key to its certificate inside this file.
    let key_id = [1].as_slice();
    let pack = || {
        let certificate = Certificate::from_der(certificate_der)?;
        let name = certificate.subject().to_owned();
        let key = PrivateKey::from_der(key_der)?;
        let mut store = KeyStore::new();
        store.add_entry(
            &name,
            KeyStoreEntry::PrivateKeyChain(PrivateKeyChain::new(key_id, key, [certificate])),
        );
        store
            .writer(password)
            .encryption_algorithm(EncryptionAlgorithm::PbeWithShaAnd3KeyTripleDesCbc)
            .encryption_iterations(ITERATIONS)
            .mac_algorithm(MacAlgorithm::HmacSha1)
            .mac_iterations(ITERATIONS)
            .write()
    };
    pack().map_err(Error::crypto::<p12_keystore::error::Error>(
        "write the key and its certificate as PKCS#12",
    ))
}

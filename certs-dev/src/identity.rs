//! A certificate with its private key, with which a client or a server proves its identity.

use std::path::{Path, PathBuf};

use crate::certificate::{Certificate, CertificateFile};
use crate::folder::{AUTHORITY_NAME, CRL_NAME, Folder, NewFile};
#[cfg(feature = "pkcs12")]
use crate::pkcs12::{self, PKCS12_PASSWORD};
use crate::{Error, Overwrite, PrivateKey};

/// A certificate and its private key.
#[derive(Clone, Debug)]
pub struct Identity {
    certificate: Certificate,
    key: PrivateKey,
}

impl Identity {
    pub(crate) fn new(certificate: Certificate, key: PrivateKey) -> Self {
        Self { certificate, key }
    }

    /// Reads `NAME.pem` and `NAME.key` from a folder. Does not check whether the certificate is
    /// valid now.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidFileName`] for an invalid name, [`Error::Io`] or [`Error::Unreadable`] if a
    /// file cannot be read, [`Error::KeyMismatch`] if the two do not belong together.
    pub fn load(dir: impl AsRef<Path>, name: &str) -> Result<Self, Error> {
        let (file, key) = Self::load_pair(dir.as_ref(), name)?;
        Ok(Self::new(file.into_certificate(), key))
    }

    pub(crate) fn load_pair(
        dir: &Path,
        name: &str,
    ) -> Result<(CertificateFile, PrivateKey), Error> {
        check_file_name(name)?;
        let key_path = dir.join(format!("{name}.key"));
        let file = CertificateFile::load(dir.join(format!("{name}.pem")))?;
        let key = PrivateKey::load(&key_path)?;
        file.check_key(&key, &key_path)?;
        Ok((file, key))
    }

    /// Writes `NAME.pem` and `NAME.key` to a folder, which is created if necessary, and returns their
    /// paths. Only the owner can read the key files. With the feature `pkcs12` there is a `NAME.p12`
    /// too, for browsers.
    ///
    /// # Errors
    ///
    /// [`Error::AlreadyExists`] if one of the files exists and `overwrite` does not allow replacing
    /// it; then none is written. [`Error::InvalidFileName`] for a name that is empty, begins with a
    /// dot, contains a path separator or a control character, or is that of the authority or of the
    /// revocation list; [`Error::Io`] or [`Error::Crypto`] if writing fails.
    pub fn write(
        &self,
        dir: impl AsRef<Path>,
        name: &str,
        overwrite: Overwrite,
    ) -> Result<Vec<PathBuf>, Error> {
        check_file_name(name)?;
        let mut files = self.pem_files(name);
        files.extend(self.browser_file(name)?);
        Folder::lock(dir.as_ref())?.write(&files, overwrite)
    }

    /// The certificate as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate.pem
    }

    /// The certificate as DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate.der
    }

    /// The serial number's bytes, as they are in the certificate; empty if they cannot be read.
    pub fn serial(&self) -> Vec<u8> {
        use x509_cert::certificate::{CertificateInner, Raw};
        use x509_cert::der::Decode;
        let parsed = CertificateInner::<Raw>::from_der(&self.certificate.der);
        parsed.map_or_else(
            |_| Vec::new(),
            |parsed| parsed.tbs_certificate().serial_number().as_bytes().to_vec(),
        )
    }

    /// The private key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// Certificate and key as PKCS#12, encrypted with `password`, in a format that every browser
    /// and operating system imports.
    ///
    /// # Errors
    ///
    /// [`Error::Crypto`] if PKCS#12 cannot encode the password.
    #[cfg(feature = "pkcs12")]
    pub fn pkcs12(&self, password: &str) -> Result<Vec<u8>, Error> {
        pkcs12::encode(&self.certificate.der, self.key.der(), password)
    }

    pub(crate) fn pem_files(&self, name: &str) -> Vec<NewFile> {
        vec![
            NewFile::public(format!("{name}.pem"), self.certificate.pem.clone()),
            NewFile::secret(format!("{name}.key"), self.key.pem()),
        ]
    }

    /// The file for browsers, with the feature `pkcs12`.
    pub(crate) fn browser_file(&self, name: &str) -> Result<Option<NewFile>, Error> {
        #[cfg(feature = "pkcs12")]
        {
            let bytes = self.pkcs12(PKCS12_PASSWORD)?;
            Ok(Some(NewFile::secret(format!("{name}.p12"), bytes)))
        }
        #[cfg(not(feature = "pkcs12"))]
        {
            let _ = name;
            Ok(None)
        }
    }
}

/// Ensures that a name stays inside its folder on every system, and never replaces the authority or
/// the revocation list.
fn check_file_name(name: &str) -> Result<(), Error> {
    let reason = if name.is_empty() {
        "it is empty"
    } else if name.starts_with('.') {
        "it begins with a dot"
    } else if name.contains(['/', '\\', ':']) {
        "it contains a path separator"
    } else if name.contains(char::is_control) {
        "it contains a control character"
    } else if name.eq_ignore_ascii_case(AUTHORITY_NAME) {
        "it is the name of the authority"
    } else if name.eq_ignore_ascii_case(CRL_NAME) {
        "it is the name of the revocation list"
    } else {
        return Ok(());
    };
    Err(Error::InvalidFileName {
        name: name.to_owned(),
        reason,
    })
}

//! A certificate as bytes, and the checks of one that was read from a file.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};
use x509_cert::der::pem::PemLabel;
use x509_cert::der::{self, Decode, Document, Encode};

use crate::validity::unix_now;
use crate::{Error, PrivateKey};

/// The exact bytes of a certificate, as DER and as PEM.
#[derive(Clone)]
pub(crate) struct Certificate {
    pub(crate) der: Vec<u8>,
    pub(crate) pem: String,
}

impl From<rcgen::Certificate> for Certificate {
    fn from(issued: rcgen::Certificate) -> Self {
        Self {
            der: issued.der().to_vec(),
            pem: issued.pem(),
        }
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({} bytes)", self.der.len())
    }
}

/// A certificate that was read from a file, with its parsed content.
///
/// Only files are parsed: certificates that this package issues may be odd on purpose.
pub(crate) struct CertificateFile {
    path: PathBuf,
    certificate: Certificate,
    parsed: x509_cert::Certificate,
}

impl CertificateFile {
    pub(crate) fn load(path: PathBuf) -> Result<Self, Error> {
        let pem = fs::read_to_string(&path).map_err(Error::io("read", &path))?;
        let (der, parsed) = parse(&pem).map_err(Error::unreadable("certificate", &path))?;
        Ok(Self {
            path,
            certificate: Certificate { der, pem },
            parsed,
        })
    }

    pub(crate) fn parsed(&self) -> &x509_cert::Certificate {
        &self.parsed
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    pub(crate) fn into_certificate(self) -> Certificate {
        self.certificate
    }

    /// Fails unless `key`, read from `key_path`, is this certificate's key.
    pub(crate) fn check_key(&self, key: &PrivateKey, key_path: &Path) -> Result<(), Error> {
        let public_key = self.parsed.tbs_certificate().subject_public_key_info();
        if public_key.to_der().ok() == Some(key.public_key_der()) {
            return Ok(());
        }
        Err(Error::KeyMismatch {
            certificate: self.path.clone(),
            key: key_path.to_owned(),
        })
    }

    /// Fails unless the certificate is valid now.
    pub(crate) fn check_validity(&self) -> Result<(), Error> {
        let validity = self.parsed.tbs_certificate().validity();
        let seconds = |time: &x509_cert::time::Time| time.to_unix_duration().as_secs();
        let now = unix_now().unsigned_abs();
        if (seconds(&validity.not_before)..=seconds(&validity.not_after)).contains(&now) {
            return Ok(());
        }
        Err(Error::NotValidNow {
            path: self.path.clone(),
            not_before: validity.not_before.to_string(),
            not_after: validity.not_after.to_string(),
        })
    }

    /// Fails unless `key`, the key of the authority in the file `authority`, signed this
    /// certificate.
    pub(crate) fn check_signed_by(&self, key: &PrivateKey, authority: &Path) -> Result<(), Error> {
        let public_key =
            UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, key.pair().public_key_raw());
        let signature = self.parsed.signature().raw_bytes();
        let signed = self.parsed.tbs_certificate().to_der();
        if signed.is_ok_and(|signed| public_key.verify(&signed, signature).is_ok()) {
            return Ok(());
        }
        Err(Error::OtherAuthority {
            certificate: self.path.clone(),
            authority: authority.to_owned(),
        })
    }
}

fn parse(pem: &str) -> Result<(Vec<u8>, x509_cert::Certificate), der::Error> {
    let (label, document) = Document::from_pem(pem)?;
    x509_cert::Certificate::validate_pem_label(label)?;
    let parsed = x509_cert::Certificate::from_der(document.as_bytes())?;
    Ok((document.into_vec(), parsed))
}

//! A certificate authority: it issues certificates, and signs data that tests assemble by hand.

use std::fmt;
use std::path::{Path, PathBuf};

use rcgen::{
    BasicConstraints, CertificateParams, IsCa, Issuer, KeyIdMethod, KeyPair, KeyUsagePurpose,
    SigningKey,
};
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::SubjectKeyIdentifier;

use crate::certificate::{Certificate, CertificateFile};
use crate::folder::{AUTHORITY_NAME, NewFile};
use crate::name::distinguished_name;
use crate::request::{common_name, random_serial};
use crate::validity::Validity;
use crate::{Error, Identity, LeafRequest, PrivateKey};

const AUTHORITY_DAYS: u32 = 3650;

/// A self-signed certificate authority with an ECDSA P-256 key.
pub struct Authority {
    certificate: Certificate,
    subject: Vec<u8>,
    /// What its signatures say of it: name and key identifier.
    issuer: CertificateParams,
    key: PrivateKey,
}

/// The rest follows from the certificate.
impl fmt::Debug for Authority {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Authority")
            .field("certificate", &self.certificate)
            .field("key", &self.key)
            .finish_non_exhaustive()
    }
}

impl Authority {
    /// Creates an authority with this common name and a new key, valid for 3650 days.
    ///
    /// Two authorities with the same name have the same issuer name and different keys.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidName`] unless the name has 1 to 64 characters; [`Error::Crypto`] if
    /// the system has no randomness.
    pub fn new(name: &str) -> Result<Self, Error> {
        let key = PrivateKey::generate()?;
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name = common_name(name)?;
        parameters.serial_number = Some(random_serial()?.into());
        (parameters.not_before, parameters.not_after) = Validity::days(AUTHORITY_DAYS).resolve()?;
        // It issues only leaves, no further authorities.
        parameters.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        parameters.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let certificate = parameters
            .self_signed(key.pair())
            .map_err(Error::crypto("sign the authority's certificate"))?
            .into();
        Self::from_parts(certificate, key)
    }

    /// Reads an authority from `ca.pem` and `ca.key` in this folder.
    ///
    /// # Errors
    ///
    /// [`Error::NoAuthority`] if one of the files is missing, [`Error::KeyMismatch`] if they do not
    /// belong together, [`Error::NotValidNow`] if the certificate has expired, [`Error::Io`] or
    /// [`Error::Unreadable`] if a file cannot be read.
    pub fn load(dir: impl AsRef<Path>) -> Result<Self, Error> {
        let dir = dir.as_ref();
        let certificate_path = authority_certificate(dir);
        let key_path = dir.join(format!("{AUTHORITY_NAME}.key"));
        for path in [&certificate_path, &key_path] {
            if !path.exists() {
                return Err(Error::NoAuthority {
                    dir: dir.to_owned(),
                    missing: path.clone(),
                });
            }
        }
        let file = CertificateFile::load(certificate_path)?;
        let key = PrivateKey::load(&key_path)?;
        file.check_key(&key, &key_path)?;
        file.check_validity()?;
        Self::from_parts(file.into_certificate(), key)
    }

    /// Issues a certificate.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidName`], [`Error::InvalidSerial`], [`Error::InvalidDays`],
    /// [`Error::InvalidTime`] or [`Error::EndsBeforeItBegins`] for an invalid request;
    /// [`Error::Crypto`] if a library fails.
    pub fn issue(&self, request: &LeafRequest) -> Result<Identity, Error> {
        let parameters = request.parameters()?;
        let key = request.key_or_new()?;
        let certificate = parameters
            .signed_by(key.pair(), &self.issuer())
            .map_err(Error::crypto("issue the certificate"))?;
        Ok(Identity::new(certificate.into(), key))
    }

    /// Signs any bytes with the authority's key (ECDSA, SHA-256, DER): for certificates that no
    /// library would write, and that tests assemble by hand.
    ///
    /// # Errors
    ///
    /// [`Error::Crypto`] if the system has no randomness.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        self.key
            .pair()
            .sign(message)
            .map_err(Error::crypto("sign with the authority's key"))
    }

    /// The certificate as PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate.pem
    }

    /// The certificate as DER.
    pub fn certificate_der(&self) -> &[u8] {
        &self.certificate.der
    }

    /// The authority's key.
    pub fn key(&self) -> &PrivateKey {
        &self.key
    }

    /// The authority's name as DER: the issuer of its certificates.
    pub fn subject_der(&self) -> &[u8] {
        &self.subject
    }

    pub(crate) fn files(&self) -> Vec<NewFile> {
        vec![
            NewFile::public(
                format!("{AUTHORITY_NAME}.pem"),
                self.certificate.pem.clone(),
            ),
            NewFile::secret(format!("{AUTHORITY_NAME}.key"), self.key.pem()),
        ]
    }

    pub(crate) fn issuer(&self) -> Issuer<'_, &KeyPair> {
        Issuer::from_params(&self.issuer, self.key.pair())
    }

    fn from_parts(certificate: Certificate, key: PrivateKey) -> Result<Self, Error> {
        let failed = || Error::crypto("read the authority's certificate");
        let parsed = x509_cert::Certificate::from_der(&certificate.der).map_err(failed())?;
        let parsed = parsed.tbs_certificate();
        let mut issuer = CertificateParams::default();
        issuer.distinguished_name = distinguished_name(parsed.subject()).map_err(failed())?;
        let key_id = parsed.get_extension::<SubjectKeyIdentifier>();
        if let Some((_, SubjectKeyIdentifier(key_id))) = key_id.map_err(failed())? {
            issuer.key_identifier_method = KeyIdMethod::PreSpecified(key_id.as_bytes().to_vec());
        }
        Ok(Self {
            subject: parsed.subject().to_der().map_err(failed())?,
            certificate,
            issuer,
            key,
        })
    }
}

/// The path of the authority's certificate in a folder.
pub(crate) fn authority_certificate(dir: &Path) -> PathBuf {
    dir.join(format!("{AUTHORITY_NAME}.pem"))
}

//! Certificate revocation lists.

use std::path::{Path, PathBuf};

use rcgen::{CertificateRevocationListParams, KeyIdMethod, RevokedCertParams, SerialNumber};
use x509_cert::crl::CertificateList;
use x509_cert::der::pem::PemLabel;
use x509_cert::der::{self, Decode, Document};

use crate::folder::{Folder, NewFile};
use crate::validity::{date_time, unix_now};
use crate::{Authority, Error, Identity, Overwrite};

/// The name of the list's file in a folder.
const FILE: &str = "crl.pem";
/// A list of the development authority is valid for a week.
const LIFETIME_SECONDS: i64 = 7 * 24 * 60 * 60;

/// A requested revocation list, to be signed by [`Authority::revocation_list`].
///
/// By default it has no entries, is issued now, and is valid for a week.
#[derive(Clone, Debug)]
pub struct CrlRequest {
    revoked: Vec<(Vec<u8>, i64)>,
    this_update: Option<i64>,
    next_update: Option<i64>,
}

/// A signed revocation list.
#[derive(Clone, Debug)]
pub struct RevocationListFile {
    der: Vec<u8>,
    pem: String,
}

impl CrlRequest {
    /// Creates a list without entries.
    pub fn new() -> Self {
        Self {
            revoked: Vec::new(),
            this_update: None,
            next_update: None,
        }
    }

    /// Revokes this certificate, now.
    pub fn revoke(self, identity: &Identity) -> Self {
        let serial = identity.serial();
        self.revoke_serial(serial)
    }

    /// Revokes the certificate with this serial number (big-endian), now.
    pub fn revoke_serial(mut self, serial: impl Into<Vec<u8>>) -> Self {
        self.revoked.push((serial.into(), unix_now()));
        self
    }

    /// Sets when the list was issued, in seconds since the Unix epoch.
    pub fn this_update(mut self, unix_seconds: i64) -> Self {
        self.this_update = Some(unix_seconds);
        self
    }

    /// Sets when the next list is due, in seconds since the Unix epoch.
    pub fn next_update(mut self, unix_seconds: i64) -> Self {
        self.next_update = Some(unix_seconds);
        self
    }

    fn parameters(&self) -> Result<CertificateRevocationListParams, Error> {
        let this_update = self.this_update.unwrap_or_else(unix_now);
        let next_update = self
            .next_update
            .unwrap_or(this_update.saturating_add(LIFETIME_SECONDS));
        let entry = |(serial, at): &(Vec<u8>, i64)| {
            Ok(RevokedCertParams {
                serial_number: SerialNumber::from(serial.clone()),
                revocation_time: date_time(*at)?,
                reason_code: None,
                invalidity_date: None,
            })
        };
        Ok(CertificateRevocationListParams {
            this_update: date_time(this_update)?,
            next_update: date_time(next_update)?,
            // The number only has to increase.
            crl_number: SerialNumber::from(this_update.unsigned_abs()),
            issuing_distribution_point: None,
            revoked_certs: self
                .revoked
                .iter()
                .map(entry)
                .collect::<Result<_, Error>>()?,
            key_identifier_method: KeyIdMethod::Sha256,
        })
    }
}

impl Default for CrlRequest {
    fn default() -> Self {
        Self::new()
    }
}

impl RevocationListFile {
    /// The list as PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// The list as DER.
    pub fn der(&self) -> &[u8] {
        &self.der
    }
}

impl Authority {
    /// Signs a revocation list.
    ///
    /// # Errors
    ///
    /// [`Error::InvalidTime`] for an invalid date, [`Error::Crypto`] if a library fails.
    pub fn revocation_list(&self, request: &CrlRequest) -> Result<RevocationListFile, Error> {
        let failed = || Error::crypto::<rcgen::Error>("sign the revocation list");
        let parameters = request.parameters()?;
        let list = parameters.signed_by(&self.issuer()).map_err(failed())?;
        Ok(RevocationListFile {
            pem: list.pem().map_err(failed())?,
            der: list.der().to_vec(),
        })
    }
}

/// Revokes the certificate `NAME.pem` of a folder: adds it to `crl.pem`, signed by the folder's
/// authority. Existing entries of the list stay.
///
/// # Errors
///
/// [`Error::NoAuthority`] if the folder has none, and the errors of [`Identity::load`] for the
/// certificate. [`Error::Unreadable`] if there is a list that cannot be read: it is left unchanged.
pub fn revoke(dir: impl AsRef<Path>, name: &str) -> Result<Vec<PathBuf>, Error> {
    let folder = Folder::lock(dir.as_ref())?;
    let authority = Authority::load(folder.path())?;
    let revoked = Identity::load(folder.path(), name)?;
    let mut request = CrlRequest::new();
    if folder.holds(FILE) {
        request.revoked = entries(&folder.path().join(FILE))?;
    }
    let serial = revoked.serial();
    if !request.revoked.iter().any(|(listed, _)| *listed == serial) {
        request = request.revoke(&revoked);
    }
    let list = authority.revocation_list(&request)?;
    let file = NewFile::public(FILE.to_owned(), list.pem);
    folder.write(&[file], Overwrite::Force)
}

/// The serial numbers in a list, with the time of each revocation.
fn entries(path: &Path) -> Result<Vec<(Vec<u8>, i64)>, Error> {
    let pem = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    let list = parse(&pem).map_err(Error::unreadable("revocation list", path))?;
    let revoked = list.tbs_cert_list.revoked_certificates.unwrap_or_default();
    let entry = |entry: &x509_cert::crl::RevokedCert| {
        let at = entry.revocation_date.to_unix_duration().as_secs();
        let serial = entry.serial_number.as_bytes().to_vec();
        (serial, i64::try_from(at).unwrap_or(i64::MAX))
    };
    Ok(revoked.iter().map(entry).collect())
}

fn parse(pem: &str) -> Result<CertificateList, der::Error> {
    let (label, document) = Document::from_pem(pem)?;
    <CertificateList>::validate_pem_label(label)?;
    CertificateList::from_der(document.as_bytes())
}

//! PEM from a file or from memory. No error shows key material.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

use rustls_pki_types::pem::{self, PemObject, SectionKind};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use crate::error::MutualTlsError;
use crate::origin::PemOrigin;

/// PEM that is yet to be read. Files are read at each [`read`](Self::read), not when named.
#[derive(Clone)]
pub(crate) enum PemSource {
    File(PathBuf),
    Bytes { what: &'static str, pem: Vec<u8> },
}

impl PemSource {
    pub(crate) fn origin(&self) -> PemOrigin {
        match self {
            Self::File(path) => PemOrigin::file(path),
            Self::Bytes { what, .. } => PemOrigin::bytes(what),
        }
    }

    pub(crate) fn path(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Bytes { .. } => None,
        }
    }

    /// Reads every block. A single damaged block is an error, not a block to leave out.
    pub(crate) fn read(&self) -> Result<PemBlocks, MutualTlsError> {
        let origin = self.origin();
        match self {
            Self::File(path) => match fs::read(path) {
                Ok(pem) => PemBlocks::parse(origin, &pem),
                Err(source) => Err(MutualTlsError::Unreadable { origin, source }),
            },
            Self::Bytes { pem, .. } => PemBlocks::parse(origin, pem),
        }
    }
}

/// Bytes may be a private key: only their number is shown.
impl fmt::Debug for PemSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
            Self::Bytes { what, pem } => write!(f, "Bytes({what}, {} bytes)", pem.len()),
        }
    }
}

/// The blocks of one PEM source, in their order.
pub(crate) struct PemBlocks {
    origin: PemOrigin,
    labels: Vec<String>,
    certificates: Vec<CertificateDer<'static>>,
    keys: Vec<PrivateKeyDer<'static>>,
    lists: Vec<Vec<u8>>,
}

impl PemBlocks {
    /// The revocation lists, at least one.
    pub(crate) fn lists(self) -> Result<Vec<Vec<u8>>, MutualTlsError> {
        if self.lists.is_empty() {
            return Err(MutualTlsError::NoRevocationList {
                origin: self.origin,
                found: self.labels,
            });
        }
        Ok(self.lists)
    }

    /// The certificates, at least one.
    pub(crate) fn certificates(self) -> Result<Vec<CertificateDer<'static>>, MutualTlsError> {
        if self.certificates.is_empty() {
            return Err(MutualTlsError::NoCertificate {
                origin: self.origin,
                found: self.labels,
            });
        }
        Ok(self.certificates)
    }

    /// The private key, if there is exactly one and it is not encrypted.
    pub(crate) fn private_key(mut self) -> Result<PrivateKeyDer<'static>, MutualTlsError> {
        let origin = self.origin;
        match (self.keys.pop(), self.keys.len()) {
            (Some(key), 0) => Ok(key),
            (Some(_), others) => Err(MutualTlsError::SeveralKeys {
                origin,
                count: others + 1,
            }),
            (None, _) if self.labels.iter().any(|label| label == ENCRYPTED_LABEL) => {
                Err(MutualTlsError::EncryptedKey { origin })
            }
            (None, _) => Err(MutualTlsError::NoPrivateKey {
                origin,
                found: self.labels,
            }),
        }
    }

    pub(crate) fn parse(origin: PemOrigin, pem: &[u8]) -> Result<Self, MutualTlsError> {
        // Some editors put a byte order mark before the first line, which then is no BEGIN.
        let pem = pem.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(pem);
        let labels = labels(pem);
        if labels.is_empty() {
            return Err(MutualTlsError::NotPem { origin });
        }
        if lines(pem).any(|line| line.starts_with(LEGACY_ENCRYPTION)) {
            return Err(MutualTlsError::EncryptedKey { origin });
        }
        let mut blocks = Self {
            origin,
            labels,
            certificates: Vec::new(),
            keys: Vec::new(),
            lists: Vec::new(),
        };
        for block in <(SectionKind, Vec<u8>)>::pem_slice_iter(pem) {
            let (kind, der) = block.map_err(|error| MutualTlsError::DamagedPem {
                origin: blocks.origin.clone(),
                reason: damage(&error),
            })?;
            if kind == SectionKind::Certificate {
                blocks.certificates.push(der.into());
            } else if kind == SectionKind::Crl {
                blocks.lists.push(der);
            } else if let Some(key) = PrivateKeyDer::from_pem(kind, der) {
                blocks.keys.push(key);
            }
        }
        Ok(blocks)
    }
}

/// PKCS#8 encryption (RFC 5958), as `openssl pkcs8` and `openssl genpkey -aes256` write it.
const ENCRYPTED_LABEL: &str = "ENCRYPTED PRIVATE KEY";

/// OpenSSL's own encryption (RFC 1421), a header within an otherwise ordinary key block.
const LEGACY_ENCRYPTION: &[u8] = b"Proc-Type: 4,ENCRYPTED";

/// The labels of all blocks, also of those that the reader leaves out as unknown.
///
/// A label ends at the first dash. So of a file whose line breaks were lost, and whose
/// first "line" is the whole key, no more than the label is ever taken.
fn labels(pem: &[u8]) -> Vec<String> {
    lines(pem)
        .filter_map(|line| line.strip_prefix(b"-----BEGIN "))
        .map(|rest| rest.split(|&byte| byte == b'-').next().unwrap_or_default())
        .map(|label| String::from_utf8_lossy(label).into_owned())
        .collect()
}

fn lines(pem: &[u8]) -> impl Iterator<Item = &[u8]> {
    pem.split(|&byte| byte == b'\n' || byte == b'\r')
}

/// The reader's own errors repeat the offending line, and that can be a whole key.
fn damage(error: &pem::Error) -> &'static str {
    match error {
        pem::Error::MissingSectionEnd { .. } => {
            "a BEGIN line has no END line; the file is cut short, or its line breaks are lost"
        }
        pem::Error::IllegalSectionStart { .. } => "a BEGIN line does not end in five dashes",
        pem::Error::Base64Decode(_) => "its text is not base64",
        pem::Error::SectionTooLarge => "it is larger than 256 MB",
        _ => "it cannot be read",
    }
}

//! Revocation lists in files: PEM with one or several, or one in DER.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use certsession_core::{
    Crl, CrlAuthority, CrlError, MAX_CRL_SIZE, OnOverdueCrl, RevocationList, Timestamp,
};
use rustls_pki_types::CertificateDer;
use rustls_pki_types::pem::{PemObject, SectionKind};

use crate::error::MutualTlsError;
use crate::origin::PemOrigin;

/// Puts the lists in a file into force, in the place of those that were in it before. All of
/// them or none; returns when the first is overdue.
pub(crate) fn load(
    path: &Path,
    client_cas: &[CertificateDer<'static>],
    list: &RevocationList,
    now: Timestamp,
) -> Result<Timestamp, MutualTlsError> {
    let refused = |source| MutualTlsError::RevocationList {
        origin: PemOrigin::file(path),
        source,
    };
    let bytes = read(path)?;
    let authorities = authorities(client_cas);
    let crls = blocks(&bytes)
        .map_err(refused)?
        .iter()
        .map(|der| Crl::verify(der, &authorities, list.overdue_crl_policy(), now))
        .collect::<Result<Vec<_>, _>>()
        .map_err(refused)?;
    let due = crls.iter().map(Crl::next_update).min();
    let due = due.ok_or_else(|| {
        refused(CrlError::Malformed {
            what: "it holds no list",
        })
    })?;
    if due < now && list.overdue_crl_policy() == OnOverdueCrl::Warn {
        warn_overdue(path);
    }
    let source = path.to_string_lossy();
    list.replace(&source, crls).map_err(refused)?;
    Ok(due)
}

/// Says that a list in force is overdue.
pub(crate) fn warn_overdue(path: &Path) {
    tracing::warn!(
        target: "certsession::tls",
        file = %path.display(),
        "the revocation list is overdue (its nextUpdate has passed): fetch a new one",
    );
}

/// Reads no more than a list may have, whatever the file's size claims to be.
fn read(path: &Path) -> Result<Vec<u8>, MutualTlsError> {
    let unreadable = |source: io::Error| MutualTlsError::Unreadable {
        origin: PemOrigin::file(path),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    let mut bytes = Vec::new();
    let limit = MAX_CRL_SIZE as u64 + 1;
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() > MAX_CRL_SIZE {
        let size = usize::try_from(size).unwrap_or(usize::MAX).max(bytes.len());
        return Err(MutualTlsError::RevocationList {
            origin: PemOrigin::file(path),
            source: CrlError::TooLarge { size },
        });
    }
    Ok(bytes)
}

/// The lists of a file in DER. What begins like PEM is PEM.
fn blocks(bytes: &[u8]) -> Result<Vec<Vec<u8>>, CrlError> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    if !bytes.windows(BEGIN.len()).any(|window| window == BEGIN) {
        return Ok(vec![bytes.to_vec()]);
    }
    let mut lists = Vec::new();
    for block in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
        match block {
            Ok((SectionKind::Crl, der)) => lists.push(der),
            Ok(_) => {}
            Err(_) => {
                let what = "its PEM is damaged or cut off";
                return Err(CrlError::Malformed { what });
            }
        }
    }
    Ok(lists)
}

/// A CA that cannot be read here was read by x509-cert before; its lists do not count.
fn authorities(client_cas: &[CertificateDer<'static>]) -> Vec<CrlAuthority> {
    let read = |ca: &CertificateDer<'_>| CrlAuthority::from_certificate(ca).ok();
    client_cas.iter().filter_map(read).collect()
}

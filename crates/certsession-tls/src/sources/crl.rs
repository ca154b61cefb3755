//! Revocation lists in files: PEM with one or several, or one in DER.

use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use certsession_core::{
    CaCertificate, CrlError, CrlProblem, CrlReport, CrlVerifier, MAX_CRL_SIZE, OnOverdueCrl,
    RevocationList, SignatureVerifier, Timestamp,
};

use super::pem::PemBlocks;
use crate::error::MutualTlsError;
use crate::origin::PemOrigin;

/// How lists are verified.
#[derive(Clone, Debug)]
pub(crate) struct CrlSettings {
    /// The most bytes that the lists of a file may have in DER.
    pub(crate) max_size: usize,
    /// Verifies what ring does not.
    pub(crate) signatures: Option<Arc<dyn SignatureVerifier>>,
}

impl Default for CrlSettings {
    fn default() -> Self {
        Self {
            max_size: MAX_CRL_SIZE,
            signatures: None,
        }
    }
}

/// Puts the lists in a file into force, each in the place of the one that it succeeds.
pub(crate) fn load(
    path: &Path,
    cas: &[CaCertificate],
    settings: &CrlSettings,
    list: &RevocationList,
    now: Timestamp,
) -> Result<CrlReport, MutualTlsError> {
    let lists = lists(path, read(path, settings.max_size)?)?;
    let verifier = CrlVerifier::new(cas).max_size(settings.max_size);
    let verifier = match &settings.signatures {
        Some(signatures) => verifier.signatures(&**signatures),
        None => verifier,
    };
    Ok(list.load(&path.to_string_lossy(), &lists, &verifier, now))
}

/// Loads the files for the first time, all of them before any is judged: what a configured CA is
/// left without is an error now, and not a list to go on without. But an overdue list of one CA does
/// not keep the others' clients out, and a file of a CA that is gone keeps no other file back.
pub(crate) fn load_first(
    paths: &[PathBuf],
    cas: &[CaCertificate],
    settings: &CrlSettings,
    list: &RevocationList,
    now: Timestamp,
) -> Result<(), MutualTlsError> {
    let mut reports = Vec::new();
    for path in paths {
        reports.push((path, load(path, cas, settings, list, now)?));
    }
    let has_current = reports.iter().any(|(_, report)| report.current() > 0)
        || list.overdue_crl_policy() == OnOverdueCrl::Warn;
    let is_fatal = |problem: &CrlProblem| {
        let is_overdue = matches!(problem.error(), CrlError::Expired { .. });
        problem.is_loss() && !(is_overdue && has_current)
    };
    let is_nothing_in_force = reports.iter().all(|(_, report)| report.in_force() == 0);
    for (path, report) in &reports {
        if is_nothing_in_force || report.problems().iter().any(is_fatal) {
            return Err(refused(path, report));
        }
    }
    for (path, report) in reports {
        log_problems(path, &report);
    }
    Ok(())
}

/// Says what is wrong, list by list.
pub(crate) fn log_problems(path: &Path, report: &CrlReport) {
    for problem in report.problems() {
        let file = path.display();
        if problem.is_loss() {
            tracing::error!(
                target: "certsession::tls",
                %file,
                %problem,
                "a CA is left without a new revocation list; what was in force stays",
            );
        } else {
            tracing::warn!(target: "certsession::tls", %file, %problem, "a revocation list is skipped");
        }
    }
}

fn refused(path: &Path, report: &CrlReport) -> MutualTlsError {
    let mut problems = report.problems().to_vec();
    // What matters most comes first.
    problems.sort_by_key(|problem| !problem.is_loss());
    MutualTlsError::RevocationLists {
        origin: PemOrigin::file(path),
        problems,
    }
}

/// Reads no more than lists of this size take, whatever the file's size claims to be.
fn read(path: &Path, max_size: usize) -> Result<Vec<u8>, MutualTlsError> {
    let unreadable = |source: io::Error| MutualTlsError::Unreadable {
        origin: PemOrigin::file(path),
        source,
    };
    let file = File::open(path).map_err(unreadable)?;
    let size = file.metadata().map_err(unreadable)?.len();
    // As PEM they are a third longer, and have a line break in each line.
    let limit = (max_size as u64).saturating_add(max_size as u64 / 2 + 4096);
    let mut bytes = Vec::new();
    file.take(limit + 1)
        .read_to_end(&mut bytes)
        .map_err(unreadable)?;
    if bytes.len() as u64 > limit {
        let size = usize::try_from(size).unwrap_or(usize::MAX).max(bytes.len());
        return Err(too_large(path, size));
    }
    Ok(bytes)
}

fn too_large(path: &Path, size: usize) -> MutualTlsError {
    MutualTlsError::RevocationList {
        origin: PemOrigin::file(path),
        source: CrlError::TooLarge { size },
    }
}

/// The lists of a file in DER.
fn lists(path: &Path, mut bytes: Vec<u8>) -> Result<Vec<Vec<u8>>, MutualTlsError> {
    const BEGIN: &[u8] = b"-----BEGIN ";
    let is_der = matches!(bytes[..], [0x30, 0x80..=0xff, ..]);
    if is_der || !bytes.windows(BEGIN.len()).any(|window| window == BEGIN) {
        if let Some(length) = der_length(&bytes)
            && bytes[length..].iter().all(u8::is_ascii_whitespace)
        {
            // Some tools end each file with a line break.
            bytes.truncate(length);
        }
        return Ok(vec![bytes]);
    }
    PemBlocks::parse(PemOrigin::file(path), &bytes)?.lists()
}

/// How long the element is that the bytes begin with, if they are at least as long.
fn der_length(bytes: &[u8]) -> Option<usize> {
    const LONG_FORM: u8 = 0x80;
    let (first, rest) = bytes.get(1..)?.split_first()?;
    let (head, length) = match first & LONG_FORM {
        0 => (2, usize::from(*first)),
        _ => {
            let count = usize::from(first & !LONG_FORM);
            let digits = rest.get(..count).filter(|digits| digits.len() <= 4)?.iter();
            let length = digits.fold(0, |length, digit| length << 8 | usize::from(*digit));
            (2 + count, length)
        }
    };
    Some(head + length).filter(|end| *end <= bytes.len())
}

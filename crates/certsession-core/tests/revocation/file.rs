//! A file of lists, and what becomes of it.

use certsession_core::{
    CaCertificate, CrlError, CrlReport, CrlVerifier, RevocationList, RevocationStatus, Timestamp,
};

use crate::der::{Ca, DAY, NOW};

/// A file and the CAs that are configured beside it.
pub(crate) struct File {
    pub(crate) list: RevocationList,
    pub(crate) cas: Vec<CaCertificate>,
}

impl File {
    pub(crate) fn of(cas: &[&Ca]) -> Self {
        Self {
            list: RevocationList::new(),
            cas: cas.iter().map(|ca| ca.ca()).collect(),
        }
    }

    pub(crate) fn load_at(&self, now: Timestamp, lists: &[Vec<u8>]) -> CrlReport {
        let verifier = CrlVerifier::new(&self.cas);
        self.list.load("file", lists, &verifier, now)
    }

    pub(crate) fn load(&self, lists: &[Vec<u8>]) -> CrlReport {
        self.load_at(NOW + DAY, lists)
    }

    pub(crate) fn status(&self, ca: &Ca, serial: u8) -> RevocationStatus {
        self.list.status(&ca.leaf(&[serial]), NOW + DAY)
    }

    pub(crate) fn status_at(&self, now: Timestamp, ca: &Ca, serial: u8) -> RevocationStatus {
        self.list.status(&ca.leaf(&[serial]), now)
    }
}

/// What is wrong, and whether it is a loss.
pub(crate) fn errors(report: &CrlReport) -> Vec<(CrlError, bool)> {
    let problems = report.problems().iter();
    problems.map(|p| (p.error().clone(), p.is_loss())).collect()
}

//! Findings that are known and do not fail a scan.

use std::collections::BTreeSet;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Report;

/// Findings that are known, by the ids of their checks.
#[derive(Debug, Default, Deserialize, Serialize)]
pub struct Baseline {
    known: BTreeSet<String>,
}

impl Baseline {
    /// Reads a file that `--write-baseline` wrote.
    ///
    /// # Errors
    /// Where the file cannot be read or is no baseline.
    pub fn load(path: impl AsRef<Path>) -> Result<Self, String> {
        let path = path.as_ref();
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        serde_json::from_str(&text)
            .map_err(|error| format!("{} is no baseline: {error}", path.display()))
    }

    /// All findings of a report.
    pub fn of(report: &Report) -> Self {
        Self {
            known: report
                .findings
                .iter()
                .map(|finding| finding.id.to_owned())
                .collect(),
        }
    }

    /// Marks what is known in a report.
    pub fn mark(&self, report: &mut Report) {
        for finding in &mut report.findings {
            finding.known = self.known.contains(finding.id);
        }
    }

    /// The file's content.
    pub fn render(&self) -> String {
        serde_json::to_string_pretty(self).unwrap_or_default() + "\n"
    }
}

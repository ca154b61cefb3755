//! What a scan found, and the forms in which it is written.

mod baseline;
mod html;
mod json;
mod junit;
mod sarif;
mod text;

#[cfg(test)]
mod tests;

use std::path::PathBuf;

use serde::Serialize;

use crate::catalog::Severity;
use crate::transcript::Exchange;

pub use baseline::Baseline;

/// What a scan found.
#[derive(Debug, Serialize)]
pub struct Report {
    /// Takeovers that were demonstrated, the gravest first.
    pub findings: Vec<Finding>,
    /// Checks whose controls held, and that found nothing.
    pub passed: Vec<Judged>,
    /// Checks of which nothing can be said, with the reason.
    pub inconclusive: Vec<Judged>,
    /// Checks that say nothing of this application or this configuration.
    pub not_applicable: Vec<Judged>,
    /// What is not the same for each run.
    #[serde(skip)]
    pub about: About,
}

/// A demonstrated fault.
#[derive(Debug, Serialize)]
pub struct Finding {
    /// The check's id.
    pub id: &'static str,
    /// The fault, in a few words.
    pub title: &'static str,
    /// How bad it is.
    pub severity: Severity,
    /// What was done and what it showed.
    pub what: String,
    /// The test of the OWASP Web Security Testing Guide.
    pub wstg: &'static str,
    /// The requirement of OWASP ASVS 5.0.
    pub asvs: &'static str,
    /// The weakness, by its CWE number.
    pub cwe: u32,
    /// What to do about it.
    pub remedy: String,
    /// The step of the configuration that it is about.
    pub step: &'static str,
    /// That step's line in the configuration.
    pub line: usize,
    /// Whether the baseline has it.
    pub known: bool,
    /// What was said, tokens replaced by names.
    pub evidence: Vec<Exchange>,
}

/// A check that found nothing, and why.
#[derive(Debug, Serialize)]
pub struct Judged {
    /// The check's id.
    pub id: &'static str,
    /// What it looks for.
    pub title: &'static str,
    /// Why it ended so.
    pub reason: String,
}

/// Where and when a scan ran.
#[derive(Clone, Debug, Default)]
pub struct About {
    /// The application.
    pub target: String,
    /// The configuration.
    pub file: PathBuf,
    /// How many requests were sent.
    pub requests: u32,
    /// How long it took, in seconds.
    pub seconds: f64,
}

/// A form in which a report is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// For people.
    Text,
    /// For programs; docs/scanner.md has the schema.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit's XML.
    Junit,
    /// One file with all evidence.
    Html,
}

impl Report {
    /// The process's exit code: 0 clean, 1 findings, 3 inconclusive.
    pub fn exit_code(&self) -> u8 {
        match (
            self.findings.iter().any(|finding| !finding.known),
            self.inconclusive.is_empty(),
        ) {
            (true, _) => 1,
            (false, false) => 3,
            (false, true) => 0,
        }
    }

    /// Writes the report in a form.
    pub fn render(&self, format: Format) -> String {
        match format {
            Format::Text => text::render(self),
            Format::Json => json::render(self),
            Format::Sarif => sarif::render(self),
            Format::Junit => junit::render(self),
            Format::Html => html::render(self),
        }
    }
}

/// Text within XML and HTML.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            // XML has no other control characters.
            c if c.is_control() && !matches!(c, '\n' | '\t') => String::from("\u{fffd}"),
            c => c.to_string(),
        })
        .collect()
}

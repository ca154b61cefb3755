//! Text, for people.

use std::fmt::Write;

use super::{Judged, Report};

pub(super) fn render(report: &Report) -> String {
    let mut text = String::new();
    // Writing into a `String` does not fail.
    let _ = write(report, &mut text);
    text
}

fn write(report: &Report, text: &mut String) -> std::fmt::Result {
    for finding in &report.findings {
        let known = if finding.known { ", known" } else { "" };
        writeln!(
            text,
            "{} [{}{known}] {}",
            finding.id,
            finding.severity.as_str(),
            finding.title
        )?;
        writeln!(text, "  {}", finding.what)?;
        writeln!(text, "  Remedy: {}", finding.remedy)?;
        writeln!(
            text,
            "  {} · ASVS {} · CWE-{} · {}:{}",
            finding.wstg,
            finding.asvs,
            finding.cwe,
            report.about.file.display(),
            finding.line
        )?;
        for exchange in &finding.evidence {
            write!(text, "    {}: {}", exchange.actor, exchange.request)?;
            if !exchange.cookies.is_empty() {
                write!(text, " [{}]", exchange.cookies.join("; "))?;
            }
            write!(text, " -> {}", exchange.answer)?;
            if !exchange.sets.is_empty() {
                write!(text, ", sets {}", exchange.sets.join("; "))?;
            }
            if let Some(whom) = &exchange.reads_as {
                write!(text, ", reads as {whom}")?;
            }
            writeln!(text)?;
        }
        writeln!(text)?;
    }
    list(text, "inconclusive", &report.inconclusive)?;
    list(text, "not applicable", &report.not_applicable)?;
    list(text, "passed", &report.passed)?;
    writeln!(
        text,
        "{}: {} findings, {} passed, {} inconclusive, {} not applicable; {} requests in {:.1} s",
        report.about.target,
        report.findings.len(),
        report.passed.len(),
        report.inconclusive.len(),
        report.not_applicable.len(),
        report.about.requests,
        report.about.seconds
    )
}

fn list(text: &mut String, heading: &str, judged: &[Judged]) -> std::fmt::Result {
    if judged.is_empty() {
        return Ok(());
    }
    writeln!(text, "{heading}:")?;
    for judged in judged {
        writeln!(
            text,
            "  {:8} {}: {}",
            judged.id, judged.title, judged.reason
        )?;
    }
    writeln!(text)
}

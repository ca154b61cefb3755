//! SARIF 2.1.0.
//!
//! GitHub matches results to files of the repository and refuses URLs as locations, so a result
//! is located at the line of the step in the configuration; the request is a `webRequest`.

use serde_json::{Value, json};

use super::{Finding, Report};
use crate::catalog::{Severity, entries};

pub(super) fn render(report: &Report) -> String {
    let uri = uri(report);
    let rules: Vec<Value> = entries()
        .iter()
        .map(|entry| {
            json!({
                "id": entry.id,
                "shortDescription": { "text": entry.title },
                "help": { "text": entry.remedy },
                "defaultConfiguration": { "level": level(entry.severity) },
                "properties": {
                    "tags": [
                        "security",
                        format!("external/cwe/cwe-{}", entry.cwe),
                        entry.wstg,
                        format!("ASVS 5.0 {}", entry.asvs),
                    ],
                    "security-severity": score(entry.severity),
                },
            })
        })
        .collect();
    let results: Vec<Value> = report
        .findings
        .iter()
        .map(|finding| result(report, finding, &uri))
        .collect();
    let notifications: Vec<Value> = report
        .inconclusive
        .iter()
        .map(|judged| {
            json!({
                "level": "warning",
                "message": { "text": format!("{} is inconclusive: {}", judged.id, judged.reason) },
            })
        })
        .collect();
    let sarif = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "certsession-scan",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "informationUri": env!("CARGO_PKG_REPOSITORY"),
                "rules": rules,
            }},
            "invocations": [{
                "executionSuccessful": report.inconclusive.is_empty(),
                "toolExecutionNotifications": notifications,
            }],
            "results": results,
        }],
    });
    serde_json::to_string_pretty(&sarif).unwrap_or_default() + "\n"
}

fn result(report: &Report, finding: &Finding, uri: &str) -> Value {
    let mut result = json!({
        "ruleId": finding.id,
        "ruleIndex": entries().iter().position(|entry| entry.id == finding.id),
        "level": level(finding.severity),
        "message": { "text": format!("{} {}", finding.what, finding.remedy) },
        "locations": [{ "physicalLocation": {
            "artifactLocation": { "uri": uri },
            "region": { "startLine": finding.line },
        }}],
        // The check and the step: a finding stays the same while lines move.
        "partialFingerprints": {
            "checkAndStep/v1": format!("{}:{}", finding.id, finding.step),
        },
        "baselineState": if finding.known { "unchanged" } else { "new" },
    });
    // The last request is the one that shows the takeover.
    if let Some(exchange) = finding.evidence.last() {
        let (method, path) = exchange.request.split_once(' ').unwrap_or(("GET", "/"));
        result["webRequest"] = json!({
            "protocol": "HTTP",
            "method": method,
            "target": format!("{}{path}", report.about.target.trim_end_matches('/')),
            "headers": { "Cookie": exchange.cookies.join("; ") },
        });
        result["webResponse"] = match exchange.answer.get(..3).map(str::parse::<u16>) {
            Some(Ok(status)) => json!({ "statusCode": status }),
            _ => json!({ "noResponseReceived": true }),
        };
    }
    result
}

fn level(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "error",
        Severity::Medium | Severity::Low => "warning",
        Severity::Info => "note",
    }
}

/// A score as GitHub sorts by, in place of CVSS.
fn score(severity: Severity) -> &'static str {
    match severity {
        Severity::High => "8.0",
        Severity::Medium => "5.0",
        Severity::Low => "3.0",
        Severity::Info => "1.0",
    }
}

/// A relative path, as results are matched to files of a repository.
fn uri(report: &Report) -> String {
    let file = &report.about.file;
    let relative = match std::env::current_dir() {
        Ok(here) => file.strip_prefix(here).unwrap_or(file),
        Err(_) => file,
    };
    relative
        .to_string_lossy()
        .trim_start_matches("./")
        .trim_start_matches('/')
        .replace(' ', "%20")
}

use serde_json::Value;

use super::{About, Baseline, Finding, Format, Judged, Report};
use crate::catalog::{entries, entry};
use crate::transcript::Exchange;

fn report() -> Report {
    let entry = entry("END-01").unwrap();
    Report {
        findings: vec![Finding {
            id: entry.id,
            title: entry.title,
            severity: entry.severity,
            what: "a <token> & more".to_owned(),
            wstg: entry.wstg,
            asvs: entry.asvs,
            cwe: entry.cwe,
            remedy: entry.remedy.to_owned(),
            step: entry.step,
            line: 14,
            known: false,
            evidence: vec![Exchange {
                actor: "the attacker".to_owned(),
                request: "GET /me".to_owned(),
                cookies: vec!["sid=$TOKEN_1".to_owned()],
                answer: "200".to_owned(),
                sets: Vec::new(),
                reads_as: Some("alice".to_owned()),
                curl: "curl -i -H \"Cookie: sid=$TOKEN_1\" \"http://localhost/me\"".to_owned(),
                at: 12,
            }],
        }],
        passed: vec![judged("FIX-01")],
        inconclusive: vec![judged("FIX-02")],
        not_applicable: vec![judged("CERT-01")],
        about: About {
            target: "http://localhost/".to_owned(),
            file: "conf/scan.toml".into(),
            requests: 3,
            seconds: 1.5,
        },
    }
}

fn judged(id: &str) -> Judged {
    let entry = entry(id).unwrap();
    Judged {
        id: entry.id,
        title: entry.title,
        reason: "because \"of\" it".to_owned(),
    }
}

#[test]
fn json_has_the_four_lists_and_nothing_else() {
    let json: Value = serde_json::from_str(&report().render(Format::Json)).unwrap();
    let keys: Vec<_> = json.as_object().unwrap().keys().collect();
    assert_eq!(
        keys,
        ["findings", "passed", "inconclusive", "not_applicable"]
    );
    assert_eq!(json["findings"][0]["id"], "END-01");
    assert_eq!(json["findings"][0]["evidence"][0]["reads_as"], "alice");
    assert_eq!(json["inconclusive"][0]["reason"], "because \"of\" it");
}

#[test]
fn the_exit_code_tells_findings_from_doubt_and_known_findings_from_new_ones() {
    let mut report = report();
    assert_eq!(report.exit_code(), 1);
    let baseline = Baseline::of(&report);
    baseline.mark(&mut report);
    assert_eq!(report.exit_code(), 3);
    report.inconclusive.clear();
    assert_eq!(report.exit_code(), 0);
}

#[test]
fn sarif_points_at_the_line_of_the_step_and_never_at_a_url() {
    let sarif: Value = serde_json::from_str(&report().render(Format::Sarif)).unwrap();
    assert_eq!(sarif["version"], "2.1.0");
    let run = &sarif["runs"][0];
    let result = &run["results"][0];
    let place = &result["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "conf/scan.toml");
    assert_eq!(place["region"]["startLine"], 14);
    assert_eq!(result["webRequest"]["target"], "http://localhost/me");
    let rule = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
    assert_eq!(run["tool"]["driver"]["rules"][rule]["id"], "END-01");
    assert!(result["partialFingerprints"].is_object());
}

#[test]
fn junit_and_html_escape_what_they_quote() {
    for format in [Format::Junit, Format::Html] {
        let text = report().render(format);
        assert!(text.contains("a &lt;token&gt; &amp; more"), "{text}");
        assert!(!text.contains("<token>"), "{text}");
    }
}

#[test]
fn html_needs_nothing_from_elsewhere() {
    let html = report().render(Format::Html);
    assert!(html.contains("<svg"), "{html}");
    for reference in ["src=", "<link", "@import", "url("] {
        assert!(!html.contains(reference), "{reference}");
    }
}

#[test]
fn every_check_is_in_the_catalogue_once() {
    let checks = crate::check::all();
    for check in &checks {
        assert!(entry(check.id).is_some(), "{}", check.id);
    }
    assert_eq!(checks.len(), entries().len());
}

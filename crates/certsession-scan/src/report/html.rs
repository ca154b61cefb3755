//! One HTML file without anything from elsewhere: a table, the evidence, and a picture of each
//! takeover.

use super::{Finding, Judged, Report, escaped};
use crate::transcript::Exchange;

const STYLE: &str = "\
body{font:15px/1.5 system-ui,sans-serif;max-width:70em;margin:2em auto;padding:0 1em;color:#222}\
table{border-collapse:collapse;width:100%}td,th{text-align:left;padding:.3em .6em;\
border-bottom:1px solid #ddd;vertical-align:top}code,pre{font:13px ui-monospace,monospace}\
pre{background:#f5f5f5;padding:.7em;overflow-x:auto}\
.high{color:#b00020}.medium{color:#b05a00}.low{color:#7a6a00}.info{color:#555}\
.passed{color:#1b6e2e}.inconclusive{color:#6a1b9a}.not{color:#777}\
svg{max-width:100%;height:auto;font:12px system-ui,sans-serif}details{margin:.5em 0}";

pub(super) fn render(report: &Report) -> String {
    let about = &report.about;
    let mut html = format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <title>certsession-scan: {target}</title><style>{STYLE}</style></head><body>\n\
         <h1>Session lifecycle of {target}</h1>\n\
         <p>{} findings, {} passed, {} inconclusive, {} not applicable; {} requests in {:.1} s.</p>\n",
        report.findings.len(),
        report.passed.len(),
        report.inconclusive.len(),
        report.not_applicable.len(),
        about.requests,
        about.seconds,
        target = escaped(&about.target),
    );
    html += "<table><tr><th>check<th>what it looks for<th>verdict<th>reason</tr>\n";
    for finding in &report.findings {
        html += &format!(
            "<tr><td><a href=\"#{id}\">{id}</a><td>{}<td class=\"{sev}\">finding ({sev}{})<td>{}</tr>\n",
            escaped(finding.title),
            if finding.known { ", known" } else { "" },
            escaped(&finding.what),
            id = finding.id,
            sev = finding.severity.as_str(),
        );
    }
    for (class, verdict, judged) in [
        ("inconclusive", "inconclusive", &report.inconclusive),
        ("passed", "passed", &report.passed),
        ("not", "not applicable", &report.not_applicable),
    ] {
        html += &judged
            .iter()
            .map(|judged| row(class, verdict, judged))
            .collect::<String>();
    }
    html += "</table>\n";
    html += &report.findings.iter().map(section).collect::<String>();
    html + "</body></html>\n"
}

fn row(class: &str, verdict: &str, judged: &Judged) -> String {
    format!(
        "<tr><td>{}<td>{}<td class=\"{class}\">{verdict}<td>{}</tr>\n",
        judged.id,
        escaped(judged.title),
        escaped(&judged.reason)
    )
}

fn section(finding: &Finding) -> String {
    let mut html = format!(
        "<h2 id=\"{id}\" class=\"{}\">{id}: {}</h2>\n<p>{}</p>\n<p><b>Remedy.</b> {}</p>\n\
         <p>{} · ASVS 5.0 {} · CWE-{} · <code>[step.{}]</code>, line {}</p>\n{}",
        finding.severity.as_str(),
        escaped(finding.title),
        escaped(&finding.what),
        escaped(&finding.remedy),
        finding.wstg,
        finding.asvs,
        finding.cwe,
        finding.step,
        finding.line,
        timeline(&finding.evidence),
        id = finding.id,
    );
    html += "<details><summary>What was said</summary><table>\
             <tr><th>who<th>request<th>cookies<th>answer<th>reads as</tr>\n";
    for exchange in &finding.evidence {
        let sets = match exchange.sets.is_empty() {
            true => String::new(),
            false => format!(", sets {}", exchange.sets.join("; ")),
        };
        html += &format!(
            "<tr><td>{}<td><code>{}</code><td><code>{}</code><td>{}{}<td>{}</tr>\n",
            escaped(&exchange.actor),
            escaped(&exchange.request),
            escaped(&exchange.cookies.join("; ")),
            escaped(&exchange.answer),
            escaped(&sets),
            escaped(exchange.reads_as.as_deref().unwrap_or_default()),
        );
    }
    html += "</table></details>\n<details><summary>As curl commands</summary><pre>";
    for exchange in &finding.evidence {
        html += &escaped(&exchange.curl);
        html.push('\n');
    }
    html + "</pre></details>\n"
}

/// A lane for each actor, a line for each request, top to bottom.
fn timeline(evidence: &[Exchange]) -> String {
    const LANE: usize = 190;
    const ROW: usize = 26;
    let mut actors: Vec<&str> = Vec::new();
    for exchange in evidence {
        if !actors.contains(&exchange.actor.as_str()) {
            actors.push(&exchange.actor);
        }
    }
    // More than fit beside each other say nothing in a picture.
    if actors.is_empty() || actors.len() > 6 {
        return String::new();
    }
    let server = actors.len() * LANE + LANE / 2;
    let width = (actors.len() + 1) * LANE;
    let shown = &evidence[evidence.len().saturating_sub(24)..];
    let height = (shown.len() + 2) * ROW;
    let mut svg = format!(
        "<svg viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\" \
         aria-label=\"who asked what, in order\">\n"
    );
    for (lane, name) in actors
        .iter()
        .copied()
        .chain(["the application"])
        .enumerate()
    {
        let x = lane * LANE + LANE / 2;
        let short: String = name.chars().take(28).collect();
        svg += &format!(
            "<text x=\"{x}\" y=\"14\" text-anchor=\"middle\">{}</text>\
             <line x1=\"{x}\" y1=\"20\" x2=\"{x}\" y2=\"{height}\" stroke=\"#ccc\"/>\n",
            escaped(&short)
        );
    }
    for (row, exchange) in shown.iter().enumerate() {
        let lane = actors
            .iter()
            .position(|actor| *actor == exchange.actor)
            .unwrap_or(0);
        let x = lane * LANE + LANE / 2;
        let y = (row + 2) * ROW;
        let signed_in = exchange
            .reads_as
            .as_ref()
            .is_some_and(|whom| whom != "not signed in");
        let colour = if signed_in { "#b00020" } else { "#557" };
        let what = match &exchange.reads_as {
            Some(whom) => format!("{} -> {} ({whom})", exchange.request, exchange.answer),
            None => format!("{} -> {}", exchange.request, exchange.answer),
        };
        let short: String = what.chars().take(60).collect();
        svg += &format!(
            "<line x1=\"{x}\" y1=\"{y}\" x2=\"{server}\" y2=\"{y}\" stroke=\"{colour}\"/>\
             <circle cx=\"{x}\" cy=\"{y}\" r=\"3\" fill=\"{colour}\"/>\
             <text x=\"{}\" y=\"{}\" fill=\"{colour}\">{}</text>\n",
            x + 8,
            y - 4,
            escaped(&short)
        );
    }
    svg + "</svg>\n"
}

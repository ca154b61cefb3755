//! JUnit's XML: a test case for each check.

use super::{Report, escaped};

pub(super) fn render(report: &Report) -> String {
    let known = report
        .findings
        .iter()
        .filter(|finding| finding.known)
        .count();
    let total = report.findings.len()
        + report.passed.len()
        + report.inconclusive.len()
        + report.not_applicable.len();
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n");
    xml += &format!(
        "<testsuites>\n<testsuite name=\"certsession-scan {}\" tests=\"{total}\" failures=\"{}\" \
         errors=\"{}\" skipped=\"{}\" time=\"{:.3}\">\n",
        escaped(&report.about.target),
        report.findings.len() - known,
        report.inconclusive.len(),
        report.not_applicable.len() + known,
        report.about.seconds
    );
    for finding in &report.findings {
        let inner = match finding.known {
            true => "<skipped message=\"known, by the baseline\"/>".to_owned(),
            false => format!(
                "<failure type=\"{}\" message=\"{}\">{}</failure>",
                finding.severity.as_str(),
                escaped(finding.title),
                escaped(&format!(
                    "{}\nRemedy: {}\n{}",
                    finding.what,
                    finding.remedy,
                    finding
                        .evidence
                        .iter()
                        .map(|exchange| exchange.curl.as_str())
                        .collect::<Vec<_>>()
                        .join("\n")
                ))
            ),
        };
        xml += &case(finding.id, finding.title, &inner);
    }
    for judged in &report.inconclusive {
        let inner = format!(
            "<error type=\"inconclusive\" message=\"{}\"/>",
            escaped(&judged.reason)
        );
        xml += &case(judged.id, judged.title, &inner);
    }
    for judged in &report.not_applicable {
        let inner = format!("<skipped message=\"{}\"/>", escaped(&judged.reason));
        xml += &case(judged.id, judged.title, &inner);
    }
    for judged in &report.passed {
        xml += &case(judged.id, judged.title, "");
    }
    xml + "</testsuite>\n</testsuites>\n"
}

fn case(id: &str, title: &str, inner: &str) -> String {
    format!(
        "<testcase classname=\"certsession-scan.{}\" name=\"{id}: {}\">{inner}</testcase>\n",
        id.split('-').next().unwrap_or(id),
        escaped(title)
    )
}

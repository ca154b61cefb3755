//! The tables of docs/scanner.md: what each stack's cases came to, other tools beside it, and
//! real applications.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use certsession_lab::{APPLICATIONS, Case, Outcome, Stack, compare, scan_all, scan_application};

/// Where a table is in the document: the marks before and after it.
type Place = (&'static str, &'static str);

const LAB: Place = (
    "<!-- lab: written by `just scan-lab` -->",
    "<!-- lab: end -->",
);
const BESIDE: Place = (
    "<!-- beside: written by `just scan-lab` -->",
    "<!-- beside: end -->",
);
const REAL: Place = (
    "<!-- applications: written by `just scan-applications` -->",
    "<!-- applications: end -->",
);

/// Scans, compares, and writes. Whether all was as it was planted.
pub(crate) async fn write(cases: &[Case], certificates: &Path) -> Result<bool, Box<dyn Error>> {
    let outcomes = scan_all(cases, certificates).await?;
    let mut text = String::from(
        "| stack | cases | planted faults | found | false alarms | inconclusive | requests per case \
         | seconds per case |\n|---|---|---|---|---|---|---|---|\n",
    );
    for stack in Stack::ALL {
        let own: Vec<&Outcome> = outcomes
            .iter()
            .filter(|outcome| outcome.case.stack == stack)
            .collect();
        if own.is_empty() {
            continue;
        }
        let sum = |count: &dyn Fn(&Outcome) -> usize| -> usize {
            own.iter().map(|outcome| count(outcome)).sum()
        };
        let planted = sum(&|outcome| outcome.case.finds.len());
        let missed = sum(&|outcome| outcome.missed().len());
        let requests = sum(&|outcome| outcome.report.about.requests as usize);
        let seconds: f64 = own.iter().map(|outcome| outcome.time.as_secs_f64()).sum();
        writeln!(
            text,
            "| {} | {} | {planted} | {} | {} | {} | {} | {:.1} |",
            stack.name(),
            own.len(),
            planted - missed,
            sum(&|outcome| outcome.false_alarms().len()),
            sum(&|outcome| outcome.report.inconclusive.len()),
            requests / own.len(),
            seconds / own.len() as f64,
        )?;
    }
    let faults: Vec<String> = outcomes.iter().filter_map(Outcome::fault).collect();
    for fault in &faults {
        writeln!(io::stderr(), "{fault}")?;
    }
    writeln!(io::stdout(), "{text}")?;
    into_document(LAB, &text)?;
    Ok(faults.is_empty())
}

/// Lets other tools loose on some of the same cases, and writes.
pub(crate) async fn write_beside(certificates: &Path) -> Result<bool, Box<dyn Error>> {
    let text = compare::beside_others(certificates).await?;
    writeln!(io::stdout(), "{text}")?;
    into_document(BESIDE, &text)?;
    Ok(true)
}

/// Scans these real applications, all where none is named, and writes. Whether each could be
/// judged.
pub(crate) async fn write_applications(names: &[String]) -> Result<bool, Box<dyn Error>> {
    let all: Vec<&str> = match names {
        [] => APPLICATIONS.to_vec(),
        names => names.iter().map(String::as_str).collect(),
    };
    let mut text = String::from(
        "| application | findings | passed | not applicable | inconclusive | requests | seconds |\n\
         |---|---|---|---|---|---|---|\n",
    );
    let mut all_judged = true;
    for name in all {
        let (release, report) = scan_application(name).await?;
        let found: Vec<&str> = report.findings.iter().map(|finding| finding.id).collect();
        for judged in &report.inconclusive {
            writeln!(io::stderr(), "{name}: {}: {}", judged.id, judged.reason)?;
        }
        all_judged &= report.inconclusive.is_empty();
        writeln!(
            text,
            "| {release} | {} | {} | {} | {} | {} | {:.0} |",
            found.join(", "),
            report.passed.len(),
            report.not_applicable.len(),
            report.inconclusive.len(),
            report.about.requests,
            report.about.seconds,
        )?;
    }
    writeln!(io::stdout(), "{text}")?;
    if names.is_empty() {
        into_document(REAL, &text)?;
    }
    Ok(all_judged)
}

fn into_document((begin, end): Place, text: &str) -> Result<(), Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scanner.md");
    let document = std::fs::read_to_string(&path)?;
    let (before, rest) = document
        .split_once(begin)
        .ok_or("docs/scanner.md has no mark")?;
    let (_, after) = rest
        .split_once(end)
        .ok_or("docs/scanner.md has no end mark")?;
    std::fs::write(path, format!("{before}{begin}\n{text}{end}{after}"))?;
    Ok(())
}

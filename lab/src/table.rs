//! The tables of docs/scanner.md: what each stack's cases came to, and other tools beside it.

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::path::Path;

use certsession_lab::{Case, Outcome, Stack, compare, scan_all};

const BEGIN: &str = "<!-- lab: written by `just scan-lab` -->";
const END: &str = "<!-- lab: end -->";

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
    text += "\n";
    text += &compare::beside_others(certificates).await?;
    writeln!(io::stdout(), "{text}")?;
    into_document(&text)?;
    Ok(faults.is_empty())
}

fn into_document(text: &str) -> Result<(), Box<dyn Error>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/scanner.md");
    let document = std::fs::read_to_string(&path)?;
    let (before, rest) = document
        .split_once(BEGIN)
        .ok_or("docs/scanner.md has no mark")?;
    let (_, after) = rest
        .split_once(END)
        .ok_or("docs/scanner.md has no end mark")?;
    std::fs::write(path, format!("{before}{BEGIN}\n{text}{END}{after}"))?;
    Ok(())
}

//! docs/operations.md and docs/events.md against what a portal logs.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt::Write;
use std::fs;

use serde_json::Value;

use crate::log::{Line, Step, of_repository};

const GUIDE: &str = "docs/operations.md";

/// Names every field and event.
const REFERENCE: &str = "docs/events.md";

/// Where the log of the staged attack is in the guide.
const BEGIN: &str = "<!-- The log of the staged attack. `just attack-log` writes it. -->";
const END: &str = "<!-- The end of the log. -->";

/// The fields whose values differ from run to run.
const VARYING: [&str; 9] = [
    "timestamp",
    "session",
    "client",
    "certificate_sha256",
    "certificate_serial",
    "bound_sha256",
    "bound_serial",
    "file",
    "cause",
];

/// Compares the log of an attack with the one in the guide: each line, but for what varies. With
/// `CERTSESSION_WRITE_GUIDE` set, writes it there.
///
/// # Panics
///
/// If they differ, or the reference does not name a field or an event.
pub(crate) fn compare(steps: &[Step]) {
    let path = of_repository(GUIDE);
    let guide = fs::read_to_string(&path).unwrap();
    let (before, rest) = guide.split_once(BEGIN).expect(BEGIN);
    let (shown, after) = rest.split_once(END).expect(END);
    if env::var_os("CERTSESSION_WRITE_GUIDE").is_some() {
        let written = format!("{before}{BEGIN}\n\n{}{END}{after}", render(steps));
        fs::write(path, written).unwrap();
        return;
    }
    let told: Vec<_> = steps.iter().flat_map(|step| &step.lines).collect();
    let shown: Vec<_> = shown
        .lines()
        .filter(|line| line.starts_with('{'))
        .map(Line::parse)
        .collect();
    let hint = "run `just attack-log`, and read what has changed";
    for (told, shown) in told.iter().zip(&shown) {
        assert_eq!(comparable(told), comparable(shown), "{hint}");
    }
    assert_eq!(told.len(), shown.len(), "{hint}");
    let reference = fs::read_to_string(of_repository(REFERENCE)).unwrap();
    // Lines that are no events are told around the log.
    let named = |text| str::split(text, '`').skip(1).step_by(2);
    let named: BTreeSet<_> = [&reference, before, after]
        .into_iter()
        .flat_map(named)
        .collect();
    for line in told {
        let fields = line.fields.keys().map(String::as_str);
        for name in fields.chain(line.get("event")) {
            assert!(named.contains(name), "{REFERENCE} does not name `{name}`");
        }
    }
}

fn comparable(line: &Line) -> BTreeMap<String, Value> {
    let mut fields = line.fields.clone();
    for (field, value) in &mut fields {
        if VARYING.contains(&field.as_str()) {
            *value = "…".into();
        }
    }
    fields
}

fn render(steps: &[Step]) -> String {
    let mut text = String::new();
    for step in steps {
        writeln!(text, "{}:\n\n```json", step.title).unwrap();
        for line in &step.lines {
            writeln!(text, "{}", line.text).unwrap();
        }
        text.push_str("```\n\n");
    }
    text
}

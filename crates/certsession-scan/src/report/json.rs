//! JSON: the same for each run against the same application.

use super::Report;

pub(super) fn render(report: &Report) -> String {
    // A report holds texts and numbers alone, which always serialise.
    serde_json::to_string_pretty(report).unwrap_or_default() + "\n"
}

//! Where the instructions of a request go.

use std::collections::BTreeMap;
use std::fmt::Write;

use bench_instructions::Work;
use bench_server::Candidate;

use crate::Fault;
use crate::count::by_source;
use crate::figures::OURS;

/// Packages with fewer instructions than this in every column are counted together.
const LEAST: i64 = 150;

/// A column of the table: the cost of one kind of request, as the difference from one without a
/// session.
struct Column {
    title: String,
    sources: BTreeMap<String, i64>,
}

/// The table.
pub(crate) fn write(url: &str) -> Result<String, Fault> {
    let columns = columns(url)?;
    let titles: Vec<_> = columns.iter().map(|it| it.title.as_str()).collect();
    let mut text = format!(
        "\n### Where the instructions go\n\n\
         The difference from a request without a session, by the package of the source code; an \
         inlined function counts for its own package. *std* is mostly called by the other \
         packages.\n\n\
         | | {} |\n|---|{}\n",
        titles.join(" | "),
        "---:|".repeat(columns.len()),
    );
    let mut rows = BTreeMap::<&str, Vec<i64>>::new();
    for (at, column) in columns.iter().enumerate() {
        for (source, count) in &column.sources {
            let row = rows.entry(source);
            row.or_insert_with(|| vec![0; columns.len()])[at] = *count;
        }
    }
    let is_small = |row: &[i64]| row.iter().all(|count| count.abs() < LEAST);
    let (small, mut large): (Vec<_>, Vec<_>) = rows.into_iter().partition(|(_, row)| is_small(row));
    large.sort_by_key(|(_, row)| std::cmp::Reverse(row.iter().sum::<i64>()));
    let sum = |at: usize| small.iter().map(|(_, row)| row[at]).sum();
    large.push(("others", (0..columns.len()).map(sum).collect()));
    for (source, row) in large {
        let cells: Vec<_> = row.iter().map(i64::to_string).collect();
        let _ = writeln!(text, "| {source} | {} |", cells.join(" | "));
    }
    Ok(text)
}

fn columns(url: &str) -> Result<Vec<Column>, Fault> {
    let mut columns = Vec::new();
    for work in Work::ALL {
        let bare = by_source(Candidate::Bare, work, url)?;
        for candidate in OURS {
            let mut sources = by_source(candidate, work, url)?;
            for (source, count) in &bare {
                *sources.entry(source.clone()).or_default() -= count;
            }
            columns.push(Column {
                title: format!("{}: {}", candidate.name(), work.name()),
                sources,
            });
        }
    }
    Ok(columns)
}

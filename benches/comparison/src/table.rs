//! The page.

use std::fmt::Write;

use crate::candidates::Kind;
use crate::notes::notes;
use crate::scenarios::{Scenario, Verdict};

/// The results of all candidates in all scenarios.
#[derive(Default)]
pub(crate) struct Table {
    cells: Vec<(&'static Scenario, Kind, Verdict)>,
}

impl Table {
    pub(crate) fn add(&mut self, scenario: &'static Scenario, kind: Kind, verdict: Verdict) {
        self.cells.push((scenario, kind, verdict));
    }

    /// The error of the whole run: this project breaks somewhere, or a scenario could not be run.
    pub(crate) fn judge(&self) -> Result<(), String> {
        let faults: Vec<_> = self.cells.iter().filter_map(fault).collect();
        match faults.is_empty() {
            true => Ok(()),
            false => Err(faults.join("; ")),
        }
    }

    pub(crate) fn to_markdown(&self) -> String {
        let mut text = INTRODUCTION.to_owned();
        let titles = Kind::ALL.map(Kind::title);
        let _ = writeln!(text, "| scenario | {} |", titles.join(" | "));
        let _ = writeln!(text, "|---|{}", ":---:|".repeat(Kind::ALL.len()));
        for line in self
            .cells
            .chunk_by(|one, other| std::ptr::eq(one.0, other.0))
        {
            let words: Vec<_> = line.iter().map(|(_, _, verdict)| word(verdict)).collect();
            let _ = writeln!(text, "| {} | {} |", line[0].0.name, words.join(" | "));
        }
        text.push_str("\n## The scenarios and the reasons for the results\n");
        for line in self
            .cells
            .chunk_by(|one, other| std::ptr::eq(one.0, other.0))
        {
            let scenario = line[0].0;
            let _ = writeln!(text, "\n**{}.** {}\n", scenario.name, scenario.story);
            for (_, kind, verdict) in line {
                if let Verdict::Breaks(how) | Verdict::Failed(how) = verdict {
                    let _ = writeln!(text, "- {}: {how}.", kind.title());
                }
            }
            for (kinds, note) in notes(scenario.name) {
                let titles: Vec<_> = kinds.iter().map(|kind| kind.title()).collect();
                let _ = writeln!(text, "- Why ({}): {note}", titles.join("; "));
            }
        }
        text
    }
}

fn fault((scenario, kind, verdict): &(&Scenario, Kind, Verdict)) -> Option<String> {
    let (scenario, title) = (scenario.name, kind.title());
    match verdict {
        Verdict::Failed(why) => Some(format!("{scenario}: {title}: not run: {why}")),
        Verdict::Breaks(how) if kind.is_ours() => Some(format!("{scenario}: {title}: {how}")),
        Verdict::Breaks(_) | Verdict::Holds => None,
    }
}

const fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Holds => "holds",
        Verdict::Breaks(_) => "**breaks**",
        Verdict::Failed(_) => "not run",
    }
}

const INTRODUCTION: &str = "`just comparison` wrote this section. It runs the same scenarios with \
each framework. The requests go through a complete application in one process, with a separate \
Redis server. Each framework is used as its own documentation says, and in the safest way that it \
offers: the cookies of the others are encrypted with a key of the server, and the id is renewed at \
sign-in.

The releases: actix-session 0.11.0; tower-sessions 0.15.0 with its memory store, and 0.14.0 with \
tower-sessions-redis-store 0.16.0, which is the newest release and does not support 0.15; 0.10.2 \
with tower-sessions-firestore-store 0.2.1, likewise its newest, on Google's emulator (this release cannot encrypt cookies); axum-login \
0.18.0 on tower-sessions 0.14.0 with its memory store.

";

//! The table.

use std::fmt::Write;

use bench_instructions::Work;
use bench_server::Candidate;
use certsession_benches::describe_machine;

use crate::figures::{Above, CANDIDATES, Figures, TOLERANCE};
use crate::future::MOST;

/// The maximum cost of a read, as the difference from a request without a session.
const BUDGET: [(Candidate, Above); 2] = [
    (
        Candidate::CertsessionMemory,
        Above {
            instructions: 6_000,
            allocations: 4,
        },
    ),
    (
        Candidate::CertsessionRedis,
        Above {
            instructions: 20_000,
            allocations: 14,
        },
    ),
];

pub(crate) fn write(figures: &Figures) -> String {
    let mut text = format!(
        "## Instructions and allocations of a request\n\n\
         `just bench-instructions` wrote this, on: {}. Counted by callgrind, in process, as the \
         difference from a request without a session in the same binary; a session has six keys \
         (500 bytes). One SHA-256 counts as about 2,100 here; a processor with SHA instructions \
         needs a fraction of that. `just bench-instructions-check` fails if this project takes \
         {TOLERANCE} % more instructions than here, or one allocation more.\n\n\
         The middleware's future has {} bytes over the memory store and {} over Redis; the budget \
         is {} at most: {}.\n\n\
         | | read: instructions | allocations | write: instructions | allocations |\n\
         |---|---:|---:|---:|---:|\n",
        describe_machine(),
        figures.future.memory,
        figures.future.redis,
        MOST,
        verdict(figures.future.memory.max(figures.future.redis) <= MOST),
    );
    for candidate in CANDIDATES {
        let [Some(read), Some(write)] = Work::ALL.map(|work| figures.get(candidate, work)) else {
            continue;
        };
        let cells =
            [read, write].map(|above| format!("{} | {}", above.instructions, above.allocations));
        let _ = writeln!(text, "| {} | {} |", candidate.name(), cells.join(" | "));
    }
    text.push_str("\n| budget of a read | instructions | at most | allocations | at most | |\n|---|---:|---:|---:|---:|---|\n");
    for (candidate, most) in BUDGET {
        if let Some(above) = figures.get(candidate, Work::Read) {
            let is_kept =
                above.instructions <= most.instructions && above.allocations <= most.allocations;
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} |",
                candidate.name(),
                above.instructions,
                most.instructions,
                above.allocations,
                most.allocations,
                verdict(is_kept),
            );
        }
    }
    text
}

const fn verdict(is_kept: bool) -> &'static str {
    if is_kept { "kept" } else { "**missed**" }
}

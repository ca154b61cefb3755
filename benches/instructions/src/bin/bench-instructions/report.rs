//! The table.

use std::fmt::Write;

use bench_instructions::Work;
use bench_server::Candidate;
use certsession_benches::{describe_machine, verdict};

use crate::figures::{Above, CANDIDATES, Figures, TOLERANCE};
use crate::future::MOST;

/// One block of SHA-256, as ring computes it under callgrind, which has no SHA instructions.
const SHA_BLOCK: i64 = 2_126;

/// The maximum cost of a request, as the difference from one without a session.
struct Budget {
    candidate: Candidate,
    work: Work,
    /// In memory without [`SHA_BLOCK`]: processors differ most in that.
    instructions: i64,
    allocations: Option<i64>,
    /// What no code of this project can do without.
    bounded_by: &'static str,
}

const BUDGET: [Budget; 4] = [
    Budget {
        candidate: Candidate::CertsessionMemory,
        work: Work::Read,
        instructions: 4_700,
        allocations: Some(4),
        bounded_by: "a token in text, a look-up in a locked map, a value of JSON, two header fields",
    },
    Budget {
        candidate: Candidate::CertsessionMemory,
        work: Work::Write,
        instructions: 12_000,
        allocations: None,
        bounded_by: "the same, and a copy of the record",
    },
    Budget {
        candidate: Candidate::CertsessionRedis,
        work: Work::Read,
        instructions: 22_000,
        allocations: Some(14),
        bounded_by: "the client library's GET: 11,000 alone, 6,000 of 16 at a time",
    },
    Budget {
        candidate: Candidate::CertsessionRedis,
        work: Work::Write,
        instructions: 45_000,
        allocations: None,
        bounded_by: "the library's, twice",
    },
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
    let _ = writeln!(
        text,
        "\nIn memory, the budget is without one block of SHA-256 ({SHA_BLOCK} instructions).\n\n\
         | budget | instructions | at most | allocations | at most | | what bounds it |\n\
         |---|---:|---:|---:|---:|---|---|"
    );
    for budget in BUDGET {
        if let Some(above) = figures.get(budget.candidate, budget.work) {
            let _ = writeln!(text, "{}", budget.row(above));
        }
    }
    text
}

impl Budget {
    fn row(&self, above: Above) -> String {
        let instructions = match self.candidate {
            Candidate::CertsessionMemory => above.instructions - SHA_BLOCK,
            _ => above.instructions,
        };
        let is_kept = instructions <= self.instructions
            && self
                .allocations
                .is_none_or(|most| above.allocations <= most);
        let most = self.allocations.map(|most| most.to_string());
        format!(
            "| {}, {} | {instructions} | {} | {} | {} | {} | {} |",
            self.candidate.name(),
            self.work.name(),
            self.instructions,
            above.allocations,
            most.unwrap_or_default(),
            verdict(is_kept),
            self.bounded_by,
        )
    }
}

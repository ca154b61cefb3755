//! The table.

use std::fmt::Write;

use bench_load::{Cost, Fault};
use certsession_benches::describe_machine;

use crate::CLIENTS;

/// The most that the check may take of a bare request.
const BUDGET: f64 = 0.01;

/// A part of the check.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) instructions: u64,
    /// How long it takes, with few clients and with many.
    pub(crate) nanos: [f64; 2],
}

/// The table of what the check takes, and a bare request, both with few clients and with many.
pub(crate) fn write(rows: &[Row], bare: &[Cost; 2]) -> Result<String, Fault> {
    let mut text = format!(
        "## The check of the certificate in a request\n\n\
         `just bench-check` wrote this, on: {}. What every request of a session goes through: is \
         the certificate valid now, is it on the list of revocations (1,000 entries of its issuer \
         are in force), is it the one that the session's record is bound to.\n\n\
         It is measured by itself, in a loop over {} or {} clients in an order that memory does not \
         have, each with a certificate and a record of its own; the quickest of 300 rounds counts. \
         So the caches of the processor hold more of it than in a server, where a request comes \
         in between. The comparison of the binding is written out in the benchmark as the rules \
         have it, as their own function is not public. Not in it: to read the clock, to parse the \
         certificate (once a connection), and to find the session and check its token, which a \
         session without certificates needs too.\n\n\
         A bare request is one of actix-web without sessions over mutual TLS, 16 at a time: the \
         server's processor, system calls included, for each. It takes {:.1} µs with {} connections \
         open and {:.1} µs with {}. *Instructions* are counted by valgrind. The budget: below \
         {:.0} % of a bare request.\n\n\
         | | instructions | ns, {} clients | of a bare request | | ns, {} clients | of a bare request | |\n\
         |---|---:|---:|---:|---|---:|---:|---|\n",
        describe_machine(),
        CLIENTS[0],
        CLIENTS[1],
        bare[0].server,
        CLIENTS[0],
        bare[1].server,
        CLIENTS[1],
        100.0 * BUDGET,
        CLIENTS[0],
        CLIENTS[1],
    );
    for row in rows {
        write!(text, "| {} | {} |", row.name, row.instructions)?;
        for (nanos, bare) in row.nanos.iter().zip(bare) {
            let share = nanos / (1e3 * bare.server);
            let verdict = if share < BUDGET { "kept" } else { "**missed**" };
            write!(text, " {nanos:.1} | {:.2} % | {verdict} |", 100.0 * share)?;
        }
        text.push('\n');
    }
    Ok(text)
}

//! The table.

use std::fmt::Write;

use bench_load::{Cost, Fault};
use certsession_benches::{describe_machine, verdict};

use crate::CLIENTS;

/// The maximum share of the check in a bare request.
const BUDGET: f64 = 0.01;

/// A part of the check.
pub(crate) struct Row {
    pub(crate) name: &'static str,
    pub(crate) instructions: u64,
    /// The time with few clients and with many.
    pub(crate) nanos: [f64; 2],
}

/// The table of the check's cost and of a bare request, both with few clients and with many.
pub(crate) fn write(rows: &[Row], bare: &[Cost; 2]) -> Result<String, Fault> {
    let mut text = format!(
        "## The check of the certificate in a request\n\n\
         `just bench-check` wrote this, on: {}. The checks that every request of a session needs: \
         is the certificate valid now, is it on the revocation list (1,000 entries of its issuer \
         are in force), is it the certificate that the session's record is bound to.\n\n\
         The check is measured alone, in a loop over {} or {} clients in an order that differs \
         from their order in memory, each with its own certificate and record; the fastest of 300 \
         rounds counts. So the processor's caches hold more of the data than in a server, where a \
         request comes in between. The benchmark repeats the comparison of the binding, because \
         the function of the rules is not public. Not included: reading the clock, parsing the \
         certificate (once per connection), and finding the session and checking its token, which \
         sessions without certificates need too.\n\n\
         A bare request is a request to actix-web without sessions over mutual TLS, 16 at a time; \
         its cost is the server's processor time, including system calls. It takes {:.1} µs with \
         {} connections open and {:.1} µs with {}. *Instructions* are counted by valgrind. The \
         budget: below {:.0} % of a bare request.\n\n\
         | | instructions | ns, {} clients | of a bare request | | ns, {} clients | of a bare \
         request | |\n\
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
            let verdict = verdict(share < BUDGET);
            write!(text, " {nanos:.1} | {:.2} % | {verdict} |", 100.0 * share)?;
        }
        text.push('\n');
    }
    Ok(text)
}

//! `bench-connections`: ten thousand open connections over mutual TLS, each with a session: how
//! much memory of the server each takes, and whether a request costs more if there are many. `just
//! bench-connections` runs it and updates the tables in `docs/performance.md`.
//!
//! Every candidate is a server pinned to the first core; the load comes from the second, where
//! Redis runs too. Each candidate has a new server for each number of connections. If other
//! programs used the processor during the measurement, the figures are printed but not written into
//! the page.
//!
//! | file | purpose |
//! |---|---|
//! | `turn` | one candidate with one number of connections |
//! | `memory` | the memory of a process |
//! | `report` | the tables |

mod memory;
mod report;
mod turn;

use std::io::{self, Write};

use bench_load::{CLIENT_CORE, Fault, Pki, allow_connections, pin, refuse_if_disturbed};
use certsession_benches::Page;
use certsession_tests::redis::RedisServer;

use turn::{Turn, WARMING};

/// Bare actix first, because the others are compared with it.
const CANDIDATES: [&str; 3] = ["bare", "certsession-memory", "certsession-redis"];

/// The numbers of open connections. With the first number a request costs the same as in
/// `bench-load`; memory is measured with the others.
const CONNECTIONS: [usize; 3] = [16, 1_000, 10_000];

const MOST: usize = CONNECTIONS[CONNECTIONS.len() - 1];

fn main() -> Result<(), Fault> {
    allow_connections(MOST + WARMING)?;
    pin(std::process::id(), CLIENT_CORE)?;
    let redis = RedisServer::builder().tcp().start();
    pin(redis.process_id(), CLIENT_CORE)?;
    writeln!(io::stderr(), "{MOST} certificates are issued")?;
    let pki = Pki::with_clients(MOST)?;
    let mut turns = Vec::new();
    for connections in CONNECTIONS {
        for candidate in CANDIDATES {
            writeln!(io::stderr(), "{candidate}, {connections} connections")?;
            let turn = Turn::take(candidate, connections, &pki, &redis)
                .map_err(|fault| format!("{candidate}, {connections} connections: {fault}"))?;
            turns.push(turn);
        }
    }
    let text = report::write(&turns)?;
    writeln!(io::stdout(), "{text}")?;
    refuse_if_disturbed(turns.iter().map(|turn| turn.cost.others))?;
    let page = Page::Performance.replace_section("connections", &text)?;
    writeln!(io::stdout(), "written into {}", page.display())?;
    Ok(())
}

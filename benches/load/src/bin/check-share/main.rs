//! `check-share`: the share of the certificate check in a request: validity, revocation and binding
//! together. `just bench-check` runs it and updates the table in `docs/performance.md`.
//!
//! It compares times: that of the check in this process, and the server's for a request to bare
//! actix over mutual TLS. If other programs used the processor during the measurement, the figures
//! are printed but not written into the page.
//!
//! | file | purpose |
//! |---|---|
//! | `check` | the check and its parts, for many clients |
//! | `count` | the number of instructions of a part |
//! | `report` | the table |

mod check;
mod count;
mod report;

use std::io::{self, Write};

use bench_load::{
    CLIENT_CORE, Cost, Crowd, Fault, Pki, Server, allow_connections, pin, refuse_if_disturbed,
};
use certsession_benches::Page;

use check::{Check, PARTS};
use report::Row;

/// How many clients take turns; the same number of connections is open when a bare request is
/// measured.
const CLIENTS: [usize; 2] = [16, 10_000];

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [part, times] = &arguments[..] {
        let part = PARTS.get(part.parse::<usize>()?).ok_or("no such part")?;
        return Check::new(CLIENTS[0])?.run(part, times.parse()?);
    }
    allow_connections(CLIENTS[1])?;
    pin(std::process::id(), CLIENT_CORE)?;

    let mut rows = Vec::new();
    let [few, many] = CLIENTS.map(Check::new);
    let (few, many) = (few?, many?);
    for (index, part) in PARTS.iter().enumerate() {
        writeln!(io::stderr(), "{}", part.name)?;
        rows.push(Row {
            name: part.name,
            instructions: count::instructions(index)?,
            nanos: [few.nanos(part)?, many.nanos(part)?],
        });
    }
    let pki = Pki::with_clients(CLIENTS[1])?;
    let [few, many] = CLIENTS.map(|connections| bare(&pki, connections));
    let bare = [few?, many?];

    let text = report::write(&rows, &bare)?;
    writeln!(io::stdout(), "{text}")?;
    refuse_if_disturbed(bare.iter().map(|cost| cost.others))?;
    let page = Page::Performance.replace_section("check-share", &text)?;
    writeln!(io::stdout(), "written into {}", page.display())?;
    Ok(())
}

/// A request to bare actix, with this number of open connections.
fn bare(pki: &Pki, connections: usize) -> Result<Cost, Fault> {
    writeln!(io::stderr(), "bare actix, {connections} connections")?;
    let without_redis = "";
    let server = Server::start("bare", pki.folder(), without_redis)?;
    let mut crowd = Crowd::open(&server, pki, connections)?;
    Cost::of_reading(&server, None, &mut crowd)
}

//! `bench-load`: compares this project with other session frameworks, over mutual TLS. `just
//! bench-load` runs it and updates the tables in `docs/performance.md`.
//!
//! Every candidate is a server pinned to the first core; the load comes from the second, where
//! the databases run too. In a round the candidates take short turns, in both directions, so that a
//! machine whose speed changes favours none of them; ratios are the medians of the ratios within a
//! round. If other programs used the processor during the measurement, the figures are printed but
//! not written into the page.
//!
//! | file | purpose |
//! |---|---|
//! | `load` | load from many clients for some time |
//! | `databases` | the servers that hold the candidates' sessions |
//! | `rounds` | the candidates, taking turns |
//! | `budget` | the limits to be kept |
//! | `report` | the tables |

mod budget;
mod databases;
mod load;
mod report;
mod rounds;

use std::io::{self, Write};
use std::time::Duration;

use bench_load::{CLIENT_CORE, Fault, Pki, pin, refuse_if_disturbed};
use certsession_benches::Page;

use databases::Databases;
use rounds::{Plan, Rounds};

fn main() -> Result<(), Fault> {
    let plan = match std::env::args().nth(1).as_deref() {
        None => Plan {
            command: "just bench-load",
            rounds: [(16, 9), (1, 3), (64, 3)],
            turns: 10,
            length: Duration::from_millis(50),
        },
        Some("--smoke") => Plan {
            command: "just bench-load --smoke",
            rounds: [(16, 1), (1, 1), (64, 1)],
            turns: 4,
            length: Duration::from_millis(50),
        },
        Some(other) => return Err(format!("{other} is not --smoke").into()),
    };
    pin(std::process::id(), CLIENT_CORE)?;
    let databases = Databases::start()?;
    let rounds = Rounds::run(&plan, &Pki::new()?, &databases)?;
    let text = report::write(&plan, &rounds, &databases.versions());
    writeln!(io::stdout(), "{text}")?;
    refuse_if_disturbed(rounds.others().iter().copied())?;
    let page = Page::Performance.replace_section("load", &text)?;
    writeln!(io::stdout(), "written into {}", page.display())?;
    Ok(())
}

//! `bench-load`: this project beside other session frameworks, over mutual TLS. `just bench-load`
//! runs it and keeps the tables in `docs/performance.md`.
//!
//! Every contender is a server pinned to the first core; the load comes from the second, where
//! Redis is too. In a round the contenders take short turns, there and back, so that a machine whose
//! speed drifts favours none of them; ratios are the medians of the ratios within a round. Figures that were measured while other programs had the processor are
//! printed, but not written into the page.
//!
//! | file | purpose |
//! |---|---|
//! | `pki` | certificates for the servers and for each client |
//! | `server` | a server of a contender |
//! | `processor` | who has used how much of the processor |
//! | `client` | one connection with one session |
//! | `response` | the end of an answer, and what is in it |
//! | `load` | many of those, for a while |
//! | `rounds` | the contenders, taking turns |
//! | `budget` | the lines that have to be kept |
//! | `report` | the tables |

mod budget;
mod client;
mod load;
mod pki;
mod processor;
mod report;
mod response;
mod rounds;
mod server;

use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use certsession_benches::Page;
use certsession_tests::redis::RedisServer;

use pki::Pki;
use rounds::{Plan, Rounds};

/// What can go wrong with a benchmark.
type Fault = Box<dyn Error>;

/// Where the servers run, and where everything else does.
const SERVER_CORE: usize = 0;
const CLIENT_CORE: usize = 1;

/// More than this share of the machine in the hands of others disturbs the figures.
const DISTURBED: f64 = 0.04;

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
    processor::pin(std::process::id(), CLIENT_CORE)?;
    let redis = RedisServer::builder().tcp().start();
    processor::pin(redis.process_id(), CLIENT_CORE)?;
    let rounds = Rounds::run(&plan, &Pki::new()?, &redis)?;
    let text = report::write(&plan, &rounds);
    writeln!(io::stdout(), "{text}")?;
    let others = rounds.others();
    if others > DISTURBED {
        let share = 100.0 * others;
        return Err(format!(
            "other programs had {share:.0} % of the machine: nothing is written into the page"
        )
        .into());
    }
    let page = Page::Performance.replace_section("load", &text)?;
    writeln!(io::stdout(), "written into {}", page.display())?;
    Ok(())
}

//! `redis-scale`: the cost of a request's operations with the Redis store, up to a million
//! sessions. `just bench-redis-scale` runs it and updates the tables in `docs/performance.md`.
//!
//! The sizes take turns, so that other activity of the machine affects all of them.
//!
//! | file | purpose |
//! |---|---|
//! | `figures` | the cost of a number of sessions in a separate Redis |
//! | `steps` | the operations of requests, one at a time |
//! | `meter` | the time of an operation, and its cost for the server |
//! | `report` | the tables |

mod figures;
mod meter;
mod report;
mod steps;

use std::error::Error;
use std::io::{self, Write};

use certsession_benches::{Page, grouped};

use figures::{Figures, Size};

/// Any error of a benchmark.
type Fault = Box<dyn Error>;

/// The numbers of sessions.
const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];

/// How often each size has its turn.
const TURNS: usize = 40;

fn main() -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let text = report::write(&runtime.block_on(measure())?);
    let page = Page::Performance.replace_section("redis-scale", &text)?;
    writeln!(io::stdout(), "{text}\nwritten into {}", page.display())?;
    Ok(())
}

async fn measure() -> Result<Vec<Figures>, Fault> {
    let mut sizes = Vec::new();
    for sessions in SIZES {
        writeln!(io::stderr(), "{} sessions begin", grouped(sessions))?;
        sizes.push(Size::fill(sessions).await?);
    }
    writeln!(io::stderr(), "taking turns")?;
    for _ in 0..TURNS {
        for size in &mut sizes {
            size.take_steps().await?;
        }
    }
    sizes.into_iter().map(Size::figures).collect()
}

//! `redis-scale`: what the steps of a request cost over the Redis store, up to a million sessions.
//! `just bench-redis-scale` runs it and keeps the tables in `docs/performance.md`.
//!
//! The sizes take turns, so that whatever else the machine does falls on all of them.
//!
//! | file | purpose |
//! |---|---|
//! | `figures` | what so many sessions in a Redis of their own cost |
//! | `steps` | the steps of requests, one at a time |
//! | `meter` | how long a step takes, and what it costs the server |
//! | `report` | the tables |

mod figures;
mod meter;
mod report;
mod steps;

use std::error::Error;
use std::io::{self, Write};

use certsession_benches::{Page, grouped};

use figures::{Figures, Size};

/// What can go wrong with a benchmark.
type Fault = Box<dyn Error>;

/// How many sessions there are.
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

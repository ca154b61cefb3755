//! `redis-scale`: what the steps of a request cost over the Redis store, up to a million sessions.
//! `just bench-redis-scale` runs it and keeps the tables in `docs/performance.md`.
//!
//! | file | purpose |
//! |---|---|
//! | `figures` | what so many sessions in a fresh Redis cost |
//! | `meter` | how long a step takes, and what it costs the server |
//! | `report` | the tables |

mod figures;
mod meter;
mod report;

use std::error::Error;
use std::io::{self, Write};

use certsession_benches::{Page, grouped};

use figures::Figures;

/// What can go wrong with a benchmark.
type Fault = Box<dyn Error>;

/// How many sessions there are.
const SIZES: [usize; 3] = [1_000, 100_000, 1_000_000];

fn main() -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let measure = |sessions| {
        writeln!(io::stderr(), "measuring {} sessions", grouped(sessions))?;
        runtime.block_on(Figures::measure(sessions))
    };
    let sizes = SIZES.into_iter().map(measure);
    let text = report::write(&sizes.collect::<Result<Vec<_>, Fault>>()?);
    let page = Page::Performance.replace_section("redis-scale", &text)?;
    writeln!(io::stdout(), "{text}\nwritten into {}", page.display())?;
    Ok(())
}

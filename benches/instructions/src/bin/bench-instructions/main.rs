//! `bench-instructions`: the instructions and the allocations of a request, as the difference from
//! one without a session. `just bench-instructions` runs it, and updates the table in
//! `docs/performance.md` and the figures in `baseline.json`; `just bench-instructions-check`
//! compares with those.
//!
//! Callgrind counts the instructions in a separate process, twice, with some requests and with more
//! of them; the difference is the cost of the additional requests. Only the difference from the
//! bare framework within one binary is meaningful: absolute counts change with every build.
//! Callgrind's processor has no SHA instructions, so one SHA-256 counts as about 2,100.
//!
//! | file | purpose |
//! |---|---|
//! | `count` | counting instructions and allocations |
//! | `figures` | the counted figures, and the baseline |
//! | `future` | the size of the middleware's future |
//! | `profile` | where the instructions go |
//! | `redis` | the Redis server that the candidates share |
//! | `report` | the table |

mod count;
mod figures;
mod future;
mod profile;
mod redis;
mod report;

use std::alloc::System;
use std::error::Error;
use std::io::{self, Write};

use certsession_benches::Page;
use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

use figures::{CANDIDATES, Figures, OURS};
use redis::Redis;

/// Any error of a benchmark.
type Fault = Box<dyn Error>;

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

fn main() -> Result<(), Fault> {
    let checks = match std::env::args().nth(1).as_deref() {
        None => false,
        Some("--check") => true,
        Some(other) => return Err(format!("{other} is not --check").into()),
    };
    let redis = Redis::start()?;
    let candidates = if checks { &OURS[..] } else { &CANDIDATES };
    let figures = Figures::count(candidates, &redis.url())?;
    let mut text = report::write(&figures);
    if checks {
        writeln!(io::stdout(), "{text}")?;
        return figures.compare(&Figures::baseline()?);
    }
    text.push_str(&profile::write(&redis.url())?);
    writeln!(io::stdout(), "{text}")?;
    figures.keep()?;
    let page = Page::Performance.replace_section("instructions", &text)?;
    writeln!(io::stdout(), "written into {}", page.display())?;
    Ok(())
}

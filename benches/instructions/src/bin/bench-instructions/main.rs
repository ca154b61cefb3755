//! `bench-instructions`: the instructions and the allocations of a request, above those of one
//! without a session. `just bench-instructions` runs it, keeps the table in `docs/performance.md`
//! and the figures in `baseline.json`; `just bench-instructions-check` compares with those.
//!
//! Instructions are counted by callgrind in a process of their own, twice, with some requests and
//! with more of them: what is between the two is what the requests took. Only the difference from
//! the bare framework says something, within one binary: absolute counts move with every build.
//! Callgrind's processor has no instructions for SHA, so one SHA-256 counts about 2,100.
//!
//! | file | purpose |
//! |---|---|
//! | `count` | counts |
//! | `figures` | what was counted, and what it is compared with |
//! | `future` | how large the middleware's future is |
//! | `profile` | where the instructions go |
//! | `redis` | the Redis server that they share |
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

use figures::{CONTENDERS, Figures, OURS};
use redis::Redis;

/// What can go wrong with a benchmark.
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
    let candidates = if checks { &OURS[..] } else { &CONTENDERS };
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

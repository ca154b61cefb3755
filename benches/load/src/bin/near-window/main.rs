//! `near-window`: for how long a node with a near cache accepts a session that another node has
//! ended. `just bench-near` runs it and updates the table in `docs/performance.md`.
//!
//! The reading node has a thread with a runtime of its own, like an actix worker, and repeatedly
//! opens the session. The ending node ends it in the meantime, and both use the same clock.
//!
//! | file | purpose |
//! |---|---|
//! | `reader` | the reading node, and its observations |
//! | `background` | the other sessions that the reading node serves |
//! | `window` | many ends, from both sides |
//! | `cause` | the cause for dropping a copy: another node, or a lost connection |
//! | `report` | the table |

mod background;
mod cause;
mod reader;
mod report;
mod window;

use std::error::Error;
use std::io::{self, Write};
use std::time::Duration;

use certsession_benches::{Page, Population};
use certsession_core::SessionManager;
use certsession_redis::RedisStore;
use certsession_tests::redis::RedisServer;

use cause::Cause;
use report::Report;
use window::Plan;

/// Any error of a benchmark.
type Fault = Box<dyn Error>;

/// The maximum age of a copy, as in `docs/redis.md`.
const MAX_AGE: Duration = Duration::from_secs(1);

/// How many sessions end in each row.
const ENDS: usize = 5_000;

/// How often the connection is lost.
const LOSSES: usize = 1_000;

/// How many other readers the reading node has.
const READERS: [usize; 3] = [0, 16, 200];

fn main() -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let text = runtime.block_on(measure())?;
    let page = Page::Performance.replace_section("near-window", &text)?;
    writeln!(io::stdout(), "{text}\nwritten into {}", page.display())?;
    Ok(())
}

async fn measure() -> Result<String, Fault> {
    let redis = RedisServer::builder().tcp().start();
    let mut report = Report::new(&redis);
    for readers in READERS {
        let plan = Plan {
            cause: Cause::EndElsewhere,
            sessions: ENDS,
            readers,
        };
        report.add(plan, &run(&redis, plan).await?);
    }
    let plan = Plan {
        cause: Cause::LostConnection,
        sessions: LOSSES,
        readers: 0,
    };
    report.add(plan, &run(&redis, plan).await?);
    Ok(report.into_text())
}

/// The ending node is a separate store, which holds no copies.
async fn run(redis: &RedisServer, plan: Plan) -> Result<window::Figures, Fault> {
    writeln!(io::stderr(), "measuring: {plan}")?;
    let manager = SessionManager::new(RedisStore::connect(&redis.url()).await?);
    let population = Population::begin(manager, plan.sessions + background::SESSIONS).await?;
    window::measure(redis, &population, plan).await
}

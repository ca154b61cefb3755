//! `redis-memory`: how many bytes a session takes in Redis, compared with actix-session with the
//! same data. `just bench-redis-memory` runs it and updates the table in `docs/performance.md`.
//!
//! | file | purpose |
//! |---|---|
//! | `plan` | the content of the sessions |
//! | `ours` | sessions of this project, through its public API |
//! | `theirs` | sessions of actix-session |
//! | `weigh` | the memory of a server |

mod ours;
mod plan;
mod theirs;
mod weigh;

use std::error::Error;
use std::fmt::Write as _;
use std::io::{self, Write};

use certsession_benches::{Page, describe_machine, verdict};
use certsession_tests::redis::RedisServer;

use plan::Plan;
use weigh::Weight;

/// Any error of a benchmark.
type Fault = Box<dyn Error>;

const SESSIONS: usize = 10_000;

/// The maximum ratio to the size of actix-session's sessions.
const BUDGET: f64 = 1.25;

fn main() -> Result<(), Fault> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let text = runtime.block_on(report())?;
    let page = Page::Performance.replace_section("redis-memory", &text)?;
    writeln!(io::stdout(), "{text}\nwritten into {}", page.display())?;
    Ok(())
}

async fn report() -> Result<String, Fault> {
    let version = RedisServer::start().info("redis_version");
    let mut text = format!(
        "## Bytes per session in Redis\n\n\
         `just bench-redis-memory` wrote this, on: {}, Redis {version}. 10,000 sessions with a \
         certificate each, including binding and indexes, compared with actix-session 0.11 with \
         the same data. *Keys* is the `MEMORY USAGE` of all keys, *used* is the growth of \
         `used_memory`; both per session. The budget: at most {BUDGET} times actix-session's.\n\n\
         *Text* is the record, or their JSON, as it was written; the rest is the name of the key, \
         Redis's overhead, and the rounding of its allocator. Our record contains the \
         certificate's facts: three hashes, serial number, subject, validity. What bounds the ratio: \
         sessions are found by their certificate and by their principal, and each of these indexes \
         is a key of its own ([why](design.md)); actix-session has none.\n\n\
         | session | ours: text | their text | ours: record | ours: indexes | ours: keys | \
         actix-session: keys | ratio | ours: used | actix-session: used | ratio | |\n\
         |---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|---|\n",
        describe_machine()
    );
    for plan in Plan::ALL {
        let server = RedisServer::start();
        let before = Weight::before(&server);
        ours::fill(&server.url(), plan, SESSIONS).await?;
        let ours = before.after(&server, SESSIONS);

        let server = RedisServer::start();
        let before = Weight::before(&server);
        theirs::fill(&server.url(), plan, SESSIONS).await?;
        let theirs = before.after(&server, SESSIONS);

        let (keys, used) = (ours.keys / theirs.keys, ours.used / theirs.used);
        let verdict = verdict(keys.max(used) <= BUDGET);
        writeln!(
            text,
            "| {plan} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {:.0} | {keys:.2} | {:.0} | {:.0} \
             | {used:.2} | {verdict} |",
            ours.text,
            theirs.text,
            ours.keys - ours.indexes,
            ours.indexes,
            ours.keys,
            theirs.keys,
            ours.used,
            theirs.used,
        )?;
    }
    Ok(text)
}

//! `comparison`: runs the same scenarios with other session frameworks and this one. `just
//! comparison` runs it and updates the table in `docs/comparison.md`. It fails if this project
//! breaks in any scenario, or if a scenario cannot be run.
//!
//! | file | purpose |
//! |---|---|
//! | `candidate` | the subject of the scenarios: an application with the same routes for every framework |
//! | `candidates/` | that application, once for each framework |
//! | `browser` | a client with a certificate and a cookie |
//! | `gate` | holds a handler between its read and its write |
//! | `scenarios/` | the scenarios, and the verdict |
//! | `front` | a candidate over real HTTPS with client certificates |
//! | `scanned` | what the scanner finds in each candidate, and its table |
//! | `notes` | the function that causes a result |
//! | `table` | the page |

mod browser;
mod candidate;
mod candidates;
mod front;
mod gate;
mod notes;
mod scanned;
mod scenarios;
mod table;

use std::error::Error;
use std::io::{self, Write};

use certsession_benches::Page;
use certsession_tests::redis::RedisServer;

use candidate::Timeouts;
use candidates::Kind;
use scenarios::{SCENARIOS, Verdict};
use table::Table;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let redis = RedisServer::builder().tcp().start();
    let mut table = Table::default();
    for scenario in SCENARIOS {
        for kind in Kind::ALL {
            redis.cli(&["FLUSHALL"]);
            let candidate = kind.start(&redis, Timeouts::SHORT).await?;
            let verdict = (scenario.run)(candidate).await;
            if let Verdict::Breaks(how) = &verdict {
                writeln!(io::stderr(), "{}: {}: {how}", scenario.name, kind.title())?;
            }
            table.add(scenario, kind, verdict);
        }
    }
    let scanned = scanned::scan_all(&redis).await?;
    Page::Comparison.replace_section("scanned", &scanned.to_markdown())?;
    let text = table.to_markdown();
    let page = Page::Comparison.replace_section("comparison", &text)?;
    writeln!(io::stdout(), "{text}\nwritten into {}", page.display())?;
    table.judge()?;
    Ok(scanned.judge()?)
}

//! `memory-scale`: the cost of a session in the memory store, in bytes and in time, up to a million
//! sessions. `just bench-memory` runs it and updates the table in `docs/performance.md`.
//!
//! | file | purpose |
//! |---|---|
//! | `population` | a store full of sessions, through the public API only |
//! | `figures` | the cost of one population, measured in a separate process |
//! | `footprint` | the memory of this process |
//! | `report` | the tables |

mod figures;
mod footprint;
mod population;
mod report;

use std::error::Error;
use std::io::{self, Write};
use std::process::Command;

use certsession_benches::Page;
use figures::Figures;
use population::Plan;

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<_> = std::env::args().skip(1).collect();
    if let Some(plan) = Plan::from_arguments(&arguments) {
        let figures = Figures::measure(plan?)?;
        return Ok(serde_json::to_writer(io::stdout(), &figures)?);
    }
    let report = report::write(measure_apart)?;
    let page = Page::Performance.replace_section("memory-scale", &report)?;
    writeln!(io::stdout(), "{report}\nwritten into {}", page.display())?;
    Ok(())
}

/// Measures in a new process, whose memory held no earlier population.
fn measure_apart(plan: Plan) -> Result<Figures, Box<dyn Error>> {
    writeln!(io::stderr(), "measuring {plan}")?;
    let output = Command::new(std::env::current_exe()?)
        .args(plan.to_arguments())
        .output()?;
    if !output.status.success() {
        let complaint = String::from_utf8_lossy(&output.stderr);
        return Err(format!("measuring {plan} failed: {complaint}").into());
    }
    Ok(serde_json::from_slice(&output.stdout)?)
}

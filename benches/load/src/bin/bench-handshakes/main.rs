//! `bench-handshakes`: full TLS handshakes with a client certificate: this project with a large
//! revocation list, bare rustls, and nginx. `just bench-handshakes` runs it and updates the table in
//! `docs/performance.md`.
//!
//! Each server has one core and the clients have the other. A client connects, sends one request,
//! reads the response to its end, and begins again with another certificate; TLS sessions are never
//! resumed. The servers take turns.
//!
//! | file | purpose |
//! |---|---|
//! | `contender` | the servers |
//! | `accept` | the accept loops on rustls |
//! | `clients` | clients that connect again and again |
//! | `report` | the table |

mod accept;
mod clients;
mod contender;
mod report;

use std::io::{self, Write};
use std::path::Path;
use std::time::{Duration, Instant};

use bench_load::{CLIENT_CORE, Fault, Pki, Watch, pin, refuse_if_disturbed, used_by};
use certsession_benches::Page;

use contender::{Contender, Running};
use report::Sample;

/// How many revoked certificates this project's list has.
const REVOKED: u32 = 100_000;

/// How often each server has its turn, and for how long.
const ROUNDS: usize = 9;
const LENGTH: Duration = Duration::from_secs(1);

fn main() -> Result<(), Fault> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [name, folder] = &arguments[..] {
        return accept::serve(name, Path::new(folder));
    }
    pin(std::process::id(), CLIENT_CORE)?;
    let pki = Pki::new()?;
    pki.write_revocation_list(REVOKED)?;
    let running: Vec<_> = Contender::ALL
        .into_iter()
        .map(|contender| Running::start(contender, pki.folder()))
        .collect::<Result<_, _>>()?;
    let mut samples = Vec::new();
    let mut others = Vec::new();
    for round in 0..ROUNDS {
        writeln!(io::stderr(), "round {} of {ROUNDS}", round + 1)?;
        for server in &running {
            let ours: Vec<_> = running.iter().map(Running::process).collect();
            let ours = [&ours[..], &[std::process::id()]].concat();
            let watch = Watch::begin(&ours)?;
            let (before, began) = (used_by(server.process())?, Instant::now());
            let count = clients::connect_for(LENGTH, server.address, &pki)?;
            let wall = began.elapsed();
            let used = used_by(server.process())?.saturating_sub(before);
            others.push(watch.others()?);
            samples.push(Sample::new(server.contender, count, wall, used));
        }
    }
    let text = report::write(&samples);
    writeln!(io::stdout(), "{text}")?;
    refuse_if_disturbed(others)?;
    let page = Page::Performance.replace_section("handshakes", &text)?;
    writeln!(io::stdout(), "written into {}", page.display())?;
    Ok(())
}

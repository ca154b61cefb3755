//! The tables.

use std::error::Error;
use std::fmt::Write;

use certsession_benches::{describe_machine, grouped};

use crate::figures::Figures;
use crate::population::Plan;

const MILLION: usize = 1_000_000;

/// The report, from figures that `measure` gets for one population after the other.
pub(crate) fn write(
    measure: impl Fn(Plan) -> Result<Figures, Box<dyn Error>>,
) -> Result<String, Box<dyn Error>> {
    let mut text = format!(
        "## The memory store up to a million sessions\n\n\
         `just bench-memory` wrote this, on: {}. One thread, no TLS and no HTTP: what the store\n\
         and the rules cost by themselves, with an allocator that counts.\n\n",
        describe_machine()
    );
    write_bytes(&mut text, &measure)?;
    write_times(&mut text, &measure)?;
    text.push_str(
        "\nThe rules and the store do the same work at every size: where a million sessions are\n\
         held and requests come for a thousand of them, the times are those of a thousand. What\n\
         grows is the time to fetch a record that is in none of the processor's caches.\n",
    );
    Ok(text)
}

fn write_bytes(
    text: &mut String,
    measure: &impl Fn(Plan) -> Result<Figures, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    text.push_str(
        "### Bytes per session\n\n\
         At 1,000,000 sessions. *Resident* is what the system counts for the process, *requested*\n\
         what the store asked of the allocator; bindings, indexes and deadlines included.\n\n\
         | session | resident | requested |\n|---|---:|---:|\n",
    );
    for (with_data, signed_in) in [(false, false), (true, false), (true, true)] {
        for share_certificate in [true, false] {
            let plan = Plan {
                sessions: MILLION,
                used: MILLION,
                with_data,
                signed_in,
                share_certificate,
            };
            let figures = measure(plan)?;
            let (resident, requested) = (figures.resident, figures.requested);
            writeln!(text, "| {plan} | {resident} | {requested} |")?;
        }
    }
    text.push('\n');
    Ok(())
}

fn write_times(
    text: &mut String,
    measure: &impl Fn(Plan) -> Result<Figures, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    text.push_str(
        "### Time per step\n\n\
         Microseconds; sessions of six keys (500 bytes), signed in, with a certificate each, in\n\
         random order. *Load* opens the session of a cookie, *commit* writes one of its keys,\n\
         *create* begins one, *refuse* fails to because the store is full, and *sweep* begins one\n\
         while all the others have expired and are cleared away, a few by each step. *Random\n\
         read* is one read at a random place of as much memory as those sessions take, in\n\
         nanoseconds: the part of the processor's caches in the times.\n\n\
         | sessions | in use | step | p50 | p99 | p99.9 | max | allocations | random read |\n\
         |---:|---:|---|---:|---:|---:|---:|---:|---:|\n",
    );
    for (sessions, used) in [
        (1_000, 1_000),
        (100_000, 100_000),
        (MILLION, MILLION),
        (MILLION, 1_000),
    ] {
        let figures = measure(Plan {
            sessions,
            used,
            with_data: true,
            signed_in: true,
            share_certificate: false,
        })?;
        let read = format!("{} ns", figures.random_read);
        let sweep = format!("sweep ({} steps)", figures.sweep_steps);
        let count = |allocations: u64| allocations.to_string();
        for (step, taken, allocations, read) in [
            (
                "load",
                figures.load,
                count(figures.load_allocations),
                &*read,
            ),
            (
                "commit",
                figures.commit,
                count(figures.commit_allocations),
                "",
            ),
            ("create", figures.create, String::new(), ""),
            ("refuse", figures.refuse, String::new(), ""),
            (&sweep, figures.sweep, String::new(), ""),
        ] {
            let row = format!("{step} | {taken} | {allocations} | {read}");
            writeln!(
                text,
                "| {} | {} | {row} |",
                grouped(sessions),
                grouped(used)
            )?;
        }
    }
    Ok(())
}

//! The tables.

use std::error::Error;
use std::fmt::Write;

use certsession_benches::{describe_machine, grouped, verdict};

use crate::figures::Figures;
use crate::population::Plan;

const MILLION: usize = 1_000_000;

/// The longest that one step of a sweep may take, in nanoseconds: a request waits for it.
const LONGEST_STEP: u64 = 5_000_000;

/// The report, from the figures that `measure` returns for one population after another.
pub(crate) fn write(
    measure: impl Fn(Plan) -> Result<Figures, Box<dyn Error>>,
) -> Result<String, Box<dyn Error>> {
    let mut text = format!(
        "## The memory store up to a million sessions\n\n\
         `just bench-memory` wrote this, on: {}. One thread, no TLS and no HTTP: only the cost\n\
         of the store and the rules, measured with a counting allocator.\n\n",
        describe_machine()
    );
    write_bytes(&mut text, &measure)?;
    write_times(&mut text, &measure)?;
    text.push_str(
        "\nThe rules and the store do the same work at every size: if a million sessions are held\n\
         and a thousand of them are in use, the times are those of a thousand sessions. Only the\n\
         time to fetch a record that is in none of the processor's caches grows.\n",
    );
    Ok(text)
}

fn write_bytes(
    text: &mut String,
    measure: &impl Fn(Plan) -> Result<Figures, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    text.push_str(
        "### Bytes per session\n\n\
         At 1,000,000 sessions. *Resident* is the process's memory as the system counts it,\n\
         *requested* is what the store requested from the allocator, including bindings, indexes\n\
         and deadlines.\n\n\
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
        "### Time per operation\n\n\
         Microseconds; sessions of six keys (500 bytes), signed in, with a certificate each, in\n\
         random order. *Load* opens the session of a cookie, *commit* writes one of its keys,\n\
         *create* begins one, *refuse* fails because the store is full, and *sweep* begins one\n\
         while all others have expired and are removed, a few with each operation. *Random read*\n\
         is one read at a random position in as much memory as those sessions take, in\n\
         nanoseconds: it shows the influence of the processor's caches on the times.\n\n\
         | sessions | in use | step | p50 | p99 | p99.9 | max | allocations | random read |\n\
         |---:|---:|---|---:|---:|---:|---:|---:|---:|\n",
    );
    let mut longest = 0;
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
        longest = longest.max(figures.sweep.max);
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
    let verdict = verdict(longest <= LONGEST_STEP);
    writeln!(
        text,
        "\nThe longest step of a sweep took {:.1} ms; the budget is {} ms at most: {verdict}. What bounds\n\
         it is the scheduler: a step removes a few sessions, and its p99.9 is what that takes.",
        longest as f64 / 1e6,
        LONGEST_STEP / 1_000_000,
    )?;
    Ok(())
}

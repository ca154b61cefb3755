//! The tables.

use std::fmt::Write;

use certsession_benches::{describe_machine, grouped};

use crate::TURNS;
use crate::figures::Figures;
use crate::meter::Cost;
use crate::steps::AT_A_TIME;

/// The report, from the smallest size to the largest.
pub(crate) fn write(sizes: &[Figures]) -> String {
    let version = sizes.first().map_or("", |figures| &figures.version);
    let mut text = format!(
        "## The Redis store up to a million sessions\n\n\
         `just bench-redis-scale` wrote this, on: {}, Redis {version} (by TCP, one for each size). \
         Sessions of six keys (500 bytes), signed in, with a certificate each. *Bytes* is the \
         growth of `used_memory` per session, including its indexes; *begun* is how many sessions \
         began per second, 64 concurrently, while the server was filled.\n\n\
         | sessions | bytes per session | begun per second |\n|---:|---:|---:|\n",
        describe_machine()
    );
    for figures in sizes {
        let (bytes, begun) = (figures.bytes, grouped(figures.begun.round() as usize));
        let sessions = grouped(figures.sessions);
        line(&mut text, &format!("| {sessions} | {bytes:.0} | {begun} |"));
    }
    write_steps(&mut text, sizes);
    if let [first, .., last] = sizes {
        compare(&mut text, first, last);
    }
    text
}

fn write_steps(text: &mut String, sizes: &[Figures]) {
    let head = format!(
        "\nMicroseconds of {} operations of each kind, one request at a time, with random \
         sessions; the sizes take turns. *Load* opens the session of a cookie, *commit* writes one \
         of its keys, *sign-out* ends it, and *create* begins another, signed in. *Redis* is the \
         processor time of the server per operation, including its wake-up for each request.\n\n\
         | sessions | step | p50 | p99 | p99.9 | max | Redis |\n|---:|---|---:|---:|---:|---:|---:|",
        grouped(TURNS * AT_A_TIME)
    );
    line(text, &head);
    for figures in sizes {
        let sessions = grouped(figures.sessions);
        for (step, Cost { took, server }) in figures.costs {
            line(
                text,
                &format!("| {sessions} | {step} | {took} | {server:.1} |"),
            );
        }
    }
}

/// Compares the costs of the smallest and the largest size.
fn compare(text: &mut String, first: &Figures, last: &Figures) {
    let head = format!(
        "\nWith {} sessions, of what it takes with {}:\n\n\
         | step | p50 | Redis |\n|---|---:|---:|",
        grouped(last.sessions),
        grouped(first.sessions)
    );
    line(text, &head);
    for ((step, few), (_, many)) in first.costs.into_iter().zip(last.costs) {
        let p50 = many.took.p50 as f64 / few.took.p50 as f64;
        let server = many.server / few.server;
        line(text, &format!("| {step} | {p50:.2} | {server:.2} |"));
    }
}

/// Writing to a string cannot fail.
fn line(text: &mut String, line: &str) {
    let _ = writeln!(text, "{line}");
}

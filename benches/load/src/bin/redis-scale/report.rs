//! The tables.

use std::fmt::Write;

use certsession_benches::{describe_machine, grouped};

use crate::figures::{Figures, STEPS};
use crate::meter::Cost;

/// The report, from the smallest size to the largest.
pub(crate) fn write(sizes: &[Figures]) -> String {
    let version = sizes.first().map_or("", |figures| &figures.version);
    let mut text = format!(
        "## The Redis store up to a million sessions\n\n\
         `just bench-redis-scale` wrote this, on: {}, Redis {version} (by TCP, a fresh one for each \
         size). Sessions of six keys (500 bytes), signed in, with a certificate each. *Bytes* is \
         what `used_memory` grew by for each session, its indexes included; *begun* is how many \
         began in a second, 64 at once, while the server was filled.\n\n\
         | sessions | bytes per session | begun per second |\n|---:|---:|---:|\n",
        describe_machine()
    );
    for figures in sizes {
        let (bytes, begun) = (figures.bytes, grouped(figures.begun.round() as usize));
        let sessions = grouped(figures.sessions);
        line(&mut text, &format!("| {sessions} | {bytes:.0} | {begun} |"));
    }
    let steps = grouped(STEPS);
    text.push_str(&format!(
        "\nMicroseconds of {steps} steps of each kind, one request at a time, with random sessions. \
         *Load* opens the session of a cookie, *commit* writes one of its keys, *sign-out* ends it, \
         and *create* begins another, signed in. *Redis* is what a step takes of the server's \
         processor, waking up for each request included.\n\n\
         | sessions | step | p50 | p99 | p99.9 | max | Redis |\n|---:|---|---:|---:|---:|---:|---:|\n",
    ));
    for figures in sizes {
        let sessions = grouped(figures.sessions);
        for (step, cost) in costs(figures) {
            let Cost { took, server } = cost;
            line(
                &mut text,
                &format!("| {sessions} | {step} | {took} | {server:.1} |"),
            );
        }
    }
    if let [first, .., last] = sizes {
        compare(&mut text, first, last);
    }
    text
}

/// What becomes of the costs with the size.
fn compare(text: &mut String, first: &Figures, last: &Figures) {
    line(
        text,
        &format!(
            "\nWith {} sessions, of what it takes with {}:\n\n\
             | step | p50 | Redis |\n|---|---:|---:|",
            grouped(last.sessions),
            grouped(first.sessions)
        ),
    );
    for ((step, few), (_, many)) in costs(first).into_iter().zip(costs(last)) {
        let p50 = many.took.p50 as f64 / few.took.p50 as f64;
        let server = many.server / few.server;
        line(text, &format!("| {step} | {p50:.2} | {server:.2} |"));
    }
}

fn costs(figures: &Figures) -> [(&'static str, Cost); 4] {
    [
        ("load", figures.load),
        ("commit", figures.commit),
        ("sign-out", figures.sign_out),
        ("create", figures.create),
    ]
}

/// Writing into a string does not fail.
fn line(text: &mut String, line: &str) {
    let _ = writeln!(text, "{line}");
}

//! The table.

use std::fmt::Write;
use std::time::Duration;

use certsession_benches::{Percentiles, describe_machine, grouped, verdict};
use certsession_tests::redis::RedisServer;

use crate::cause::Cause;
use crate::window::{Figures, Plan};
use crate::{ENDS, LOSSES, MAX_AGE};

/// The maximum of the 99th percentile while the connection is healthy.
const BUDGET: Duration = Duration::from_millis(100);

/// The section, which is built row by row.
pub(crate) struct Report(String);

impl Report {
    pub(crate) fn new(redis: &RedisServer) -> Self {
        Self(format!(
            "## The window of the near cache\n\n\
             `just bench-near` wrote this, on: {}, Redis {} (by TCP). For how long a node with a \
             near cache ({} s) accepts a session after another node has ended it, in microseconds: \
             {} sessions in each row, and {} in the last two. The reading node has one thread, and \
             repeatedly opens a session with `SessionManager::open_near`, of which it has a copy. \
             In addition it serves the given number of readers; one of sixteen reads bypasses the \
             copies. The window ends at the start of the first attempt that did not accept the \
             session; *last look* is how long before that the last accepted attempt started (p50, \
             p99), which is the accuracy of the window. The budget: p99 at most {} ms while the \
             connection is healthy.\n\n\
             *Acknowledged* counts from the moment when the call that ended the session returned, \
             after its index entries were removed too; if the reading node knew earlier, it is 0, \
             and *before* is how often that happened. *Sent* counts from the start of that call. \
             In the rows in which the server closes the reading node's connection (`CLIENT KILL`), \
             the window ends when the copy is dropped; the benchmark checks that the next attempt \
             uses the server over a new connection.\n\n\
             | | readers | their reads/s | from | p50 | p99 | p99.9 | max | before | last look | \
             |\n\
             |---|---:|---:|---|---:|---:|---:|---:|---:|---:|---|\n",
            describe_machine(),
            redis.info("redis_version"),
            MAX_AGE.as_secs(),
            grouped(ENDS),
            grouped(LOSSES),
            BUDGET.as_millis(),
        ))
    }

    pub(crate) fn add(&mut self, plan: Plan, figures: &Figures) {
        let Plan { cause, readers, .. } = plan;
        let reads = grouped(figures.reads.round() as usize);
        let before = format!("{:.1} %", 100.0 * figures.gone_before);
        let micros = |nanos: u64| nanos as f64 / 1e3;
        let (p50, p99) = (micros(figures.unseen.p50), micros(figures.unseen.p99));
        for (from, taken, before) in [
            ("sent", figures.sent, String::new()),
            ("acknowledged", figures.acknowledged, before),
        ] {
            let verdict = verdict_of(cause, taken);
            // Writing to a string cannot fail.
            let _ = writeln!(
                self.0,
                "| {cause} | {readers} | {reads} | {from} | {taken} | {before} | {p50:.1}, \
                 {p99:.1} | {verdict} |",
            );
        }
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// The budget is for a healthy connection.
fn verdict_of(cause: Cause, taken: Percentiles) -> &'static str {
    match cause {
        Cause::LostConnection => "",
        Cause::EndElsewhere => verdict(u128::from(taken.p99) <= BUDGET.as_nanos()),
    }
}

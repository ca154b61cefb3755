//! The table.

use std::fmt::Write;
use std::time::Duration;

use certsession_benches::{Percentiles, describe_machine, grouped};
use certsession_tests::redis::RedisServer;

use crate::cause::Cause;
use crate::window::{Figures, Plan};
use crate::{ENDS, LOSSES, MAX_AGE};

/// The longest that one end in a hundred may be missed for, while the connection is sound.
const BUDGET: Duration = Duration::from_millis(100);

/// The section, as it grows.
pub(crate) struct Report(String);

impl Report {
    pub(crate) fn new(redis: &RedisServer) -> Self {
        Self(format!(
            "## The window of the near cache\n\n\
             `just bench-near` wrote this, on: {}, Redis {} (by TCP). For how long a node with a \
             near cache ({} s) still admits a session that another node has ended, in microseconds: \
             {} sessions in each row, and {} in the last two. The reading node has one thread, \
             and looks again and again by `SessionManager::open_near` at a session of which it has a \
             copy; beside that it serves so many readers, of whom one read in sixteen goes past the \
             copies. The window ends where the first look began that did not admit the session; \
             *last look* is how long before that the last one began that did (p50, p99), and so how \
             exactly the window is known. The budget: p99 at most {} ms while the connection is \
             healthy.\n\n\
             *Acknowledged* counts from when the end had returned to whoever asked for it, the \
             session's index entries being gone as well; where the reading node knew before, it is 0, \
             and *before* is how often that was. *Sent* counts from when the end was asked for. Where \
             the server closes the reading node's connection (`CLIENT KILL`), the window ends where \
             the copy is gone; the next look asks the server over a new connection, which is checked.\n\n\
             | | readers | their reads/s | from | p50 | p99 | p99.9 | max | before | last look | |\n\
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
            let verdict = verdict(cause, taken);
            // Writing into a string does not fail.
            let _ = writeln!(
                self.0,
                "| {cause} | {readers} | {reads} | {from} | {taken} | {before} | {p50:.1}, {p99:.1} | {verdict} |",
            );
        }
    }

    pub(crate) fn into_text(self) -> String {
        self.0
    }
}

/// The budget is for a healthy connection.
fn verdict(cause: Cause, taken: Percentiles) -> &'static str {
    match cause {
        Cause::LostConnection => "",
        Cause::EndElsewhere if u128::from(taken.p99) <= BUDGET.as_nanos() => "kept",
        Cause::EndElsewhere => "**missed**",
    }
}

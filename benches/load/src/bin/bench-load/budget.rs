//! The limits to be kept: ratios, at 16 connections.

use certsession_benches::verdict;

use crate::load::{Figures, Workload};
use crate::rounds::{Rounds, median};

const CONNECTIONS: usize = 16;

/// A ratio of two figures, and its limit.
pub(crate) struct Line {
    pub(crate) what: &'static str,
    of: [&'static str; 2],
    work: Workload,
    figure: fn(&Figures) -> f64,
    limit: Option<Limit>,
}

/// A limit, and what bounds the ratio in any case.
#[derive(Clone, Copy)]
struct Limit {
    bound: Bound,
    by: &'static str,
}

#[derive(Clone, Copy)]
enum Bound {
    AtLeast(f64),
    AtMost(f64),
}

/// The lines of the budget.
pub(crate) const BUDGET: &[Line] = &[
    line(
        "requests/s, memory, read: of bare actix",
        ["certsession-memory", "bare"],
        Workload::Read,
        rate,
        Some(limit(
            Bound::AtLeast(0.90),
            "a SHA-256 and a look-up: the ratio of the baseline, below",
        )),
    ),
    line(
        "requests/s, memory, read: of the baseline",
        ["certsession-memory", "baseline-memory"],
        Workload::Read,
        rate,
        Some(limit(
            Bound::AtLeast(0.95),
            "1.00: it does the same, without certificates",
        )),
    ),
    line(
        "requests/s, memory, write: of bare actix",
        ["certsession-memory", "bare"],
        Workload::Write,
        rate,
        Some(limit(
            Bound::AtLeast(0.82),
            "the ratio of the baseline, below, which only replaces a value",
        )),
    ),
    line(
        "requests/s, Redis, read: of actix-session over ConnectionManager",
        ["certsession-redis", "actix-session-redis"],
        Workload::Read,
        rate,
        Some(limit(
            Bound::AtLeast(1.8),
            "one round trip: the ratio of the baseline, below",
        )),
    ),
    line(
        "CPU of the server, Redis, read: of the same",
        ["certsession-redis", "actix-session-redis"],
        Workload::Read,
        server,
        Some(limit(
            Bound::AtMost(0.55),
            "one round trip over a connection of the thread's own",
        )),
    ),
    line(
        "requests/s, Redis, write: of actix-session over ConnectionManager",
        ["certsession-redis", "actix-session-redis"],
        Workload::Write,
        rate,
        Some(limit(
            Bound::AtLeast(1.6),
            "two round trips, and a script that compares: the baseline, below, overwrites what others wrote",
        )),
    ),
    line(
        "CPU of the server, Redis, write: of the same",
        ["certsession-redis", "actix-session-redis"],
        Workload::Write,
        server,
        Some(limit(
            Bound::AtMost(0.56),
            "two round trips; the old and the new record are sent",
        )),
    ),
    line(
        "requests/s, Valkey, write by its own compare-and-set: of actix-session on Valkey",
        ["certsession-valkey", "actix-session-valkey"],
        Workload::Write,
        rate,
        Some(limit(
            Bound::AtLeast(1.95),
            "two round trips; the old record is sent along",
        )),
    ),
    line(
        "CPU of the server: of the same",
        ["certsession-valkey", "actix-session-valkey"],
        Workload::Write,
        server,
        Some(limit(Bound::AtMost(0.5), "two round trips")),
    ),
    line(
        "CPU of Valkey, write: by its own compare-and-set, of the script's",
        ["certsession-valkey", "certsession-valkey-script"],
        Workload::Write,
        database,
        Some(limit(
            Bound::AtMost(0.6),
            "a GET and a SET, and what a wake-up costs",
        )),
    ),
    line(
        "CPU of the server, cluster, read: of a single Redis",
        ["certsession-cluster", "certsession-redis"],
        Workload::Read,
        server,
        Some(limit(
            Bound::AtMost(1.25),
            "three connections have less to send at a time than one",
        )),
    ),
    line(
        "requests/s, Redis, read, sliding expiry: of actix-session with a TTL update per request",
        ["certsession-redis", "actix-session-redis-sliding"],
        Workload::Read,
        rate,
        Some(limit(Bound::AtLeast(2.6), "one round trip in place of two")),
    ),
    line(
        "CPU of Redis, read: of actix-session's",
        ["certsession-redis", "actix-session-redis"],
        Workload::Read,
        database,
        Some(limit(Bound::AtMost(1.0), "one GET each")),
    ),
    line(
        "requests/s, Redis with a near cache, read: of bare actix",
        ["certsession-redis-near", "bare"],
        Workload::Read,
        rate,
        Some(limit(Bound::AtLeast(0.90), "the memory store")),
    ),
    line(
        "requests/s, Redis with a near cache, read: of the memory store",
        ["certsession-redis-near", "certsession-memory"],
        Workload::Read,
        rate,
        Some(limit(
            Bound::AtLeast(0.98),
            "1.00: a look-up in the process each",
        )),
    ),
    line(
        "requests/s, axum, memory, read: of bare axum",
        ["certsession-axum-memory", "axum"],
        Workload::Read,
        rate,
        Some(limit(
            Bound::AtLeast(0.90),
            "the ratio of the baseline on actix, and a boxed future for each layer",
        )),
    ),
    line(
        "requests/s, axum, memory, read: of tower-sessions",
        ["certsession-axum-memory", "tower-sessions-memory"],
        Workload::Read,
        rate,
        Some(limit(
            Bound::AtLeast(1.25),
            "bare axum is this much faster than tower-sessions, below",
        )),
    ),
    line(
        "requests/s, axum, Redis, read: of tower-sessions over fred",
        ["certsession-axum-redis", "tower-sessions-redis"],
        Workload::Read,
        rate,
        Some(limit(Bound::AtLeast(1.4), "one round trip each")),
    ),
    line(
        "requests/s, axum, Redis, write: of tower-sessions over fred",
        ["certsession-axum-redis", "tower-sessions-redis"],
        Workload::Write,
        rate,
        Some(limit(
            Bound::AtLeast(1.3),
            "two round trips each; a script against a SET",
        )),
    ),
];

/// Further ratios for information, without a limit.
pub(crate) const ASIDE: &[Line] = &[
    line(
        "requests/s, baseline, memory, read: of bare actix",
        ["baseline-memory", "bare"],
        Workload::Read,
        rate,
        None,
    ),
    line(
        "requests/s, baseline, memory, write: of bare actix",
        ["baseline-memory", "bare"],
        Workload::Write,
        rate,
        None,
    ),
    line(
        "requests/s, bare axum, read: of tower-sessions in memory",
        ["axum", "tower-sessions-memory"],
        Workload::Read,
        rate,
        None,
    ),
    line(
        "requests/s, memory, write: of the baseline",
        ["certsession-memory", "baseline-memory"],
        Workload::Write,
        rate,
        None,
    ),
    line(
        "requests/s, Redis, read: of the baseline",
        ["certsession-redis", "baseline-redis"],
        Workload::Read,
        rate,
        None,
    ),
    line(
        "requests/s, Redis, write: of the baseline",
        ["certsession-redis", "baseline-redis"],
        Workload::Write,
        rate,
        None,
    ),
    line(
        "requests/s, baseline, Redis, read: of actix-session over ConnectionManager",
        ["baseline-redis", "actix-session-redis"],
        Workload::Read,
        rate,
        None,
    ),
    line(
        "requests/s, baseline, Redis, write: of the same",
        ["baseline-redis", "actix-session-redis"],
        Workload::Write,
        rate,
        None,
    ),
];

/// One connection of each worker, compared with the other ways to connect.
pub(crate) const CONNECTED: &[Line] = &[
    line(
        "one multiplexed connection made in `main`, read: requests/s of one per worker (baseline)",
        ["baseline-redis-shared", "baseline-redis"],
        Workload::Read,
        rate,
        None,
    ),
    line(
        "the same: CPU of the server",
        ["baseline-redis-shared", "baseline-redis"],
        Workload::Read,
        server,
        None,
    ),
    line(
        "one `ConnectionManager` made in `main`, read: requests/s of one per worker (baseline)",
        ["baseline-redis-manager", "baseline-redis"],
        Workload::Read,
        rate,
        None,
    ),
    line(
        "the same: CPU of the server",
        ["baseline-redis-manager", "baseline-redis"],
        Workload::Read,
        server,
        None,
    ),
    line(
        "`RedisStore::from_pool`, read: requests/s of `RedisStore::connect`",
        ["certsession-redis-pool", "certsession-redis"],
        Workload::Read,
        rate,
        None,
    ),
    line(
        "the same: CPU of the server",
        ["certsession-redis-pool", "certsession-redis"],
        Workload::Read,
        server,
        None,
    ),
    line(
        "the same: CPU of Redis",
        ["certsession-redis-pool", "certsession-redis"],
        Workload::Read,
        database,
        None,
    ),
];

const fn line(
    what: &'static str,
    of: [&'static str; 2],
    work: Workload,
    figure: fn(&Figures) -> f64,
    limit: Option<Limit>,
) -> Line {
    Line {
        what,
        of,
        work,
        figure,
        limit,
    }
}

const fn limit(bound: Bound, by: &'static str) -> Limit {
    Limit { bound, by }
}

impl Line {
    /// The row of a table: name and ratio; and of a line with a limit the spread, the limit, whether
    /// it is kept, and what bounds it.
    pub(crate) fn row(&self, rounds: &Rounds) -> String {
        let ratios = rounds.ratios(self.of, self.work, CONNECTIONS, self.figure);
        let ratio = median(ratios.clone());
        let row = format!("| {} | {ratio:.2} |", self.what);
        let (Some(limit), Some(least), Some(greatest)) =
            (self.limit, ratios.first(), ratios.last())
        else {
            return row;
        };
        let (bound, is_kept, value) = match limit.bound {
            Bound::AtLeast(bound) => (format!("at least {bound:.2}"), ratio >= bound, bound),
            Bound::AtMost(bound) => (format!("at most {bound:.2}"), ratio <= bound, bound),
        };
        let verdict = verdict(is_kept);
        let close = match (*least..*greatest).contains(&value) {
            true => ", close",
            false => "",
        };
        let by = limit.by;
        format!("{row} {least:.2} to {greatest:.2} | {bound} | {verdict}{close} | {by} |")
    }
}

const fn rate(figures: &Figures) -> f64 {
    figures.rate
}

const fn server(figures: &Figures) -> f64 {
    figures.server
}

const fn database(figures: &Figures) -> f64 {
    figures.database
}

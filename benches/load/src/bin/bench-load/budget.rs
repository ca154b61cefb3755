//! The limits to be kept: ratios, at 16 connections.

use crate::load::{Figures, Workload};
use crate::rounds::Rounds;

const CONNECTIONS: usize = 16;

/// A ratio of two figures, and its limit.
pub(crate) struct Line {
    pub(crate) what: &'static str,
    of: [&'static str; 2],
    work: Workload,
    figure: fn(&Figures) -> f64,
    bound: Option<Bound>,
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
        Some(Bound::AtLeast(0.90)),
    ),
    line(
        "requests/s, memory, read: of the baseline",
        ["certsession-memory", "baseline-memory"],
        Workload::Read,
        rate,
        Some(Bound::AtLeast(0.95)),
    ),
    line(
        "requests/s, memory, write: of bare actix",
        ["certsession-memory", "bare"],
        Workload::Write,
        rate,
        Some(Bound::AtLeast(0.82)),
    ),
    line(
        "requests/s, Redis, read: of actix-session over ConnectionManager",
        ["certsession-redis", "actix-session-redis"],
        Workload::Read,
        rate,
        Some(Bound::AtLeast(1.8)),
    ),
    line(
        "CPU of the server, Redis, read: of the same",
        ["certsession-redis", "actix-session-redis"],
        Workload::Read,
        server,
        Some(Bound::AtMost(0.55)),
    ),
    line(
        "requests/s, Redis, write: of actix-session over ConnectionManager",
        ["certsession-redis", "actix-session-redis"],
        Workload::Write,
        rate,
        Some(Bound::AtLeast(1.6)),
    ),
    line(
        "CPU of the server, Redis, write: of the same",
        ["certsession-redis", "actix-session-redis"],
        Workload::Write,
        server,
        Some(Bound::AtMost(0.56)),
    ),
    line(
        "requests/s, Redis, read, sliding expiry: of actix-session with a TTL update per request",
        ["certsession-redis", "actix-session-redis-sliding"],
        Workload::Read,
        rate,
        Some(Bound::AtLeast(2.6)),
    ),
    line(
        "CPU of Redis, read: of actix-session's",
        ["certsession-redis", "actix-session-redis"],
        Workload::Read,
        redis,
        Some(Bound::AtMost(1.0)),
    ),
    line(
        "requests/s, Redis with a near cache, read: of bare actix",
        ["certsession-redis-near", "bare"],
        Workload::Read,
        rate,
        Some(Bound::AtLeast(0.90)),
    ),
    line(
        "requests/s, Redis with a near cache, read: of the memory store",
        ["certsession-redis-near", "certsession-memory"],
        Workload::Read,
        rate,
        Some(Bound::AtLeast(0.98)),
    ),
    line(
        "requests/s, axum, memory, read: of bare axum",
        ["certsession-axum-memory", "axum"],
        Workload::Read,
        rate,
        Some(Bound::AtLeast(0.90)),
    ),
    line(
        "requests/s, axum, memory, read: of tower-sessions",
        ["certsession-axum-memory", "tower-sessions-memory"],
        Workload::Read,
        rate,
        Some(Bound::AtLeast(1.25)),
    ),
    line(
        "requests/s, axum, Redis, read: of tower-sessions over fred",
        ["certsession-axum-redis", "tower-sessions-redis"],
        Workload::Read,
        rate,
        Some(Bound::AtLeast(1.4)),
    ),
    line(
        "requests/s, axum, Redis, write: of tower-sessions over fred",
        ["certsession-axum-redis", "tower-sessions-redis"],
        Workload::Write,
        rate,
        Some(Bound::AtLeast(1.3)),
    ),
];

/// Further ratios for information, without a limit.
pub(crate) const ASIDE: &[Line] = &[
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
        redis,
        None,
    ),
];

const fn line(
    what: &'static str,
    of: [&'static str; 2],
    work: Workload,
    figure: fn(&Figures) -> f64,
    bound: Option<Bound>,
) -> Line {
    Line {
        what,
        of,
        work,
        figure,
        bound,
    }
}

impl Line {
    /// The row of a table: name, ratio, limit, and whether it is kept.
    pub(crate) fn row(&self, rounds: &Rounds) -> String {
        let ratio = rounds.ratio(self.of, self.work, CONNECTIONS, self.figure);
        let (bound, verdict) = match self.bound {
            None => return format!("| {} | {ratio:.2} |", self.what),
            Some(Bound::AtLeast(bound)) => (format!("at least {bound:.2}"), ratio >= bound),
            Some(Bound::AtMost(bound)) => (format!("at most {bound:.2}"), ratio <= bound),
        };
        let verdict = if verdict { "kept" } else { "**missed**" };
        format!("| {} | {ratio:.2} | {bound} | {verdict} |", self.what)
    }
}

const fn rate(figures: &Figures) -> f64 {
    figures.rate
}

const fn server(figures: &Figures) -> f64 {
    figures.server
}

const fn redis(figures: &Figures) -> f64 {
    figures.redis
}

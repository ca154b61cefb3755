//! The contenders, taking turns.

use std::io::{self, Write};
use std::time::Duration;

use bench_load::{Fault, Pki, Server};
use certsession_tests::redis::RedisServer;

use crate::load::{Figures, Work, measure};

/// Every contender, in the order of the tables.
pub(crate) const CONTENDERS: [&str; 16] = [
    "bare",
    "floor-memory",
    "certsession-memory",
    "actix-session-cookie",
    "floor-redis",
    "floor-redis-shared",
    "floor-redis-manager",
    "certsession-redis",
    "certsession-redis-near",
    "certsession-redis-pool",
    "actix-session-redis",
    "actix-session-redis-sliding",
    "actix-session-redis-pool",
    "axum",
    "tower-sessions-memory",
    "tower-sessions-redis",
];

/// How much is measured.
pub(crate) struct Plan {
    /// What was typed for it.
    pub(crate) command: &'static str,
    /// How many connections, and how many rounds with so many.
    pub(crate) rounds: [(usize, usize); 3],
    /// How long each measurement takes.
    pub(crate) length: Duration,
}

/// One measurement.
struct Turn {
    contender: &'static str,
    work: Work,
    connections: usize,
    round: usize,
    figures: Figures,
}

/// All measurements.
pub(crate) struct Rounds(Vec<Turn>);

impl Rounds {
    pub(crate) fn run(plan: &Plan, pki: &Pki, redis: &RedisServer) -> Result<Self, Fault> {
        let url = redis.url();
        let start = |name: &&'static str| Ok((*name, Server::start(name, pki.folder(), &url)?));
        let servers: Vec<_> = CONTENDERS.iter().map(start).collect::<Result<_, Fault>>()?;
        let mut turns = Vec::new();
        for (connections, count) in plan.rounds {
            for round in 0..count {
                writeln!(
                    io::stderr(),
                    "{connections} connections, round {} of {count}",
                    round + 1
                )?;
                for (contender, server) in &servers {
                    for work in Work::ALL {
                        let process = redis.process_id();
                        let figures = measure(server, process, pki, connections, work, plan.length)
                            .map_err(|fault| format!("{contender}: {fault}"))?;
                        turns.push(Turn {
                            contender,
                            work,
                            connections,
                            round,
                            figures,
                        });
                    }
                }
            }
        }
        Ok(Self(turns))
    }

    /// The median of one figure.
    pub(crate) fn median(
        &self,
        contender: &str,
        work: Work,
        connections: usize,
        figure: impl Fn(&Figures) -> f64,
    ) -> f64 {
        let turns = self.turns(contender, work, connections);
        median(turns.map(|turn| figure(&turn.figures)).collect())
    }

    /// The median of the ratios of one figure within each round.
    pub(crate) fn ratio(
        &self,
        [one, other]: [&str; 2],
        work: Work,
        connections: usize,
        figure: impl Fn(&Figures) -> f64,
    ) -> f64 {
        let ratios = self.turns(one, work, connections).filter_map(|turn| {
            let mut others = self.turns(other, work, connections);
            let other = others.find(|other| other.round == turn.round)?;
            Some(figure(&turn.figures) / figure(&other.figures))
        });
        median(ratios.collect())
    }

    /// The share of the machine that others had, at the median of all measurements.
    pub(crate) fn others(&self) -> f64 {
        median(self.0.iter().map(|turn| turn.figures.others).collect())
    }

    /// How many rounds there were with so many connections.
    pub(crate) fn count(&self, connections: usize) -> usize {
        self.turns(CONTENDERS[0], Work::Read, connections).count()
    }

    fn turns(
        &self,
        contender: &str,
        work: Work,
        connections: usize,
    ) -> impl Iterator<Item = &Turn> {
        self.0.iter().filter(move |turn| {
            turn.contender == contender && turn.work == work && turn.connections == connections
        })
    }
}

fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() % 2 {
        _ if figures.is_empty() => f64::NAN,
        0 => f64::midpoint(figures[middle - 1], figures[middle]),
        _ => figures[middle],
    }
}

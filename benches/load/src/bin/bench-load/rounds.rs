//! The candidates, taking turns.

use std::io::{self, Write};
use std::time::Duration;

use bench_load::{Fault, Pki, Server, Watch};

use crate::databases::Databases;
use crate::load::{Figures, Load, Tally, Workload};

/// Every candidate, in the order of the tables.
pub(crate) const CANDIDATES: [&str; 23] = [
    "bare",
    "baseline-memory",
    "certsession-memory",
    "actix-session-cookie",
    "baseline-redis",
    "baseline-redis-shared",
    "baseline-redis-manager",
    "certsession-redis",
    "certsession-redis-near",
    "certsession-redis-pool",
    "actix-session-redis",
    "actix-session-redis-sliding",
    "actix-session-redis-pool",
    "certsession-valkey",
    "certsession-valkey-script",
    "actix-session-valkey",
    "certsession-cluster",
    "axum",
    "certsession-axum-memory",
    "certsession-axum-redis",
    "certsession-axum-firestore",
    "tower-sessions-memory",
    "tower-sessions-redis",
];

/// The extent of a measurement.
pub(crate) struct Plan {
    /// The command that was run.
    pub(crate) command: &'static str,
    /// The numbers of connections, and the number of rounds with each.
    pub(crate) rounds: [(usize, usize); 3],
    /// How many turns each candidate has in a round.
    pub(crate) turns: usize,
    /// The length of a turn: short, because the speed of a machine may change from second to
    /// second.
    pub(crate) length: Duration,
}

/// The result of a candidate in a round.
struct Entry {
    candidate: &'static str,
    work: Workload,
    connections: usize,
    round: usize,
    figures: Figures,
}

/// A candidate in a round.
struct Lane {
    candidate: &'static str,
    load: Load,
    tallies: [Tally; Workload::ALL.len()],
}

/// All rounds.
pub(crate) struct Rounds {
    entries: Vec<Entry>,
    /// The share of the machine that other programs used, in each round.
    others: Vec<f64>,
}

impl Rounds {
    pub(crate) fn run(plan: &Plan, pki: &Pki, databases: &Databases) -> Result<Self, Fault> {
        let start = |name: &&'static str| {
            let url = databases.of(name).url;
            Ok((*name, Server::start(name, pki.folder(), &url)?))
        };
        let servers: Vec<_> = CANDIDATES.iter().map(start).collect::<Result<_, Fault>>()?;
        let ours: Vec<_> = servers.iter().map(|(_, server)| server.process()).collect();
        let ours = [ours, databases.processes(), vec![std::process::id()]].concat();
        let mut rounds = Self {
            entries: Vec::new(),
            others: Vec::new(),
        };
        for (connections, count) in plan.rounds {
            for round in 0..count {
                writeln!(
                    io::stderr(),
                    "{connections} connections, round {} of {count}",
                    round + 1
                )?;
                let connect = |(candidate, server): &(&'static str, Server)| {
                    let database = databases.of(candidate).processes;
                    let load = Load::connect(server, database, pki, connections);
                    Ok(Lane {
                        candidate,
                        load: load.map_err(|fault| format!("{candidate}: {fault}"))?,
                        tallies: Default::default(),
                    })
                };
                let lanes = servers.iter().map(connect).collect::<Result<_, Fault>>()?;
                let (lanes, others) = taking_turns(plan, lanes, &ours)?;
                rounds.others.push(others);
                for lane in lanes {
                    for (work, tally) in Workload::ALL.into_iter().zip(lane.tallies) {
                        rounds.entries.push(Entry {
                            candidate: lane.candidate,
                            work,
                            connections,
                            round,
                            figures: tally.figures(),
                        });
                    }
                }
            }
        }
        Ok(rounds)
    }

    /// The median of one figure.
    pub(crate) fn median(
        &self,
        candidate: &str,
        work: Workload,
        connections: usize,
        figure: impl Fn(&Figures) -> f64,
    ) -> f64 {
        let entries = self.entries(candidate, work, connections);
        median(entries.map(|entry| figure(&entry.figures)).collect())
    }

    /// The ratios of one figure within each round, the least first.
    pub(crate) fn ratios(
        &self,
        [one, other]: [&str; 2],
        work: Workload,
        connections: usize,
        figure: impl Fn(&Figures) -> f64,
    ) -> Vec<f64> {
        let ratios = self.entries(one, work, connections).filter_map(|entry| {
            let mut others = self.entries(other, work, connections);
            let other = others.find(|other| other.round == entry.round)?;
            Some(figure(&entry.figures) / figure(&other.figures))
        });
        let mut ratios: Vec<_> = ratios.collect();
        ratios.sort_by(f64::total_cmp);
        ratios
    }

    /// The share of the machine that other programs used, in each round.
    pub(crate) fn others(&self) -> &[f64] {
        &self.others
    }

    /// How many rounds there were with this number of connections.
    pub(crate) fn count(&self, connections: usize) -> usize {
        let read = Workload::Read;
        self.entries(CANDIDATES[0], read, connections).count()
    }

    fn entries(
        &self,
        candidate: &str,
        work: Workload,
        connections: usize,
    ) -> impl Iterator<Item = &Entry> {
        self.entries.iter().filter(move |entry| {
            entry.candidate == candidate && entry.work == work && entry.connections == connections
        })
    }
}

/// Runs one round, and returns the share of the machine that other programs used in it.
fn taking_turns(
    plan: &Plan,
    mut lanes: Vec<Lane>,
    ours: &[u32],
) -> Result<(Vec<Lane>, f64), Fault> {
    let watch = Watch::begin(ours)?;
    for _ in 0..plan.turns {
        for Lane {
            candidate,
            load,
            tallies,
        } in &mut lanes
        {
            for (work, tally) in Workload::ALL.into_iter().zip(tallies) {
                load.turn(work, plan.length, tally)
                    .map_err(|fault| format!("{candidate}: {fault}"))?;
            }
        }
        // Alternate the direction, so that no candidate always follows the same other one.
        lanes.reverse();
    }
    Ok((lanes, watch.others()?))
}

pub(crate) fn median(mut figures: Vec<f64>) -> f64 {
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match figures.len() % 2 {
        _ if figures.is_empty() => f64::NAN,
        0 => f64::midpoint(figures[middle - 1], figures[middle]),
        _ => figures[middle],
    }
}

//! The cost of one population, measured in a separate process.

use std::error::Error;
use std::hint::black_box;
use std::time::Instant;

use certsession_benches::{Percentiles, Random, Samples};
use serde::{Deserialize, Serialize};

use crate::footprint::{Footprint, allocations};
use crate::population::{Plan, Population};

/// How many requests of each kind are timed.
const REQUESTS: usize = 200_000;

/// How many sessions the full store refuses, for timing.
const REFUSALS: usize = 1_000;

/// How many random reads make an average.
const READS: usize = 2_000_000;

const LINE: usize = 64;

/// The cost of one population.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// Bytes per session, as the system counts them.
    pub(crate) resident: u64,
    /// Bytes per session, as they were requested from the allocator.
    pub(crate) requested: u64,
    /// The beginning of a request: cookie, certificate, record.
    pub(crate) load: Percentiles,
    /// The end of a request, with one key written.
    pub(crate) commit: Percentiles,
    /// How many allocations a load and a commit make.
    pub(crate) load_allocations: u64,
    pub(crate) commit_allocations: u64,
    /// A new session.
    pub(crate) create: Percentiles,
    /// A new session that the store has no room for.
    pub(crate) refuse: Percentiles,
    /// A new session while all others have expired and are being removed.
    pub(crate) sweep: Percentiles,
    /// How many sessions were created until the expired ones were gone.
    pub(crate) sweep_steps: u64,
    /// One read at a random position in as much memory, in nanoseconds.
    pub(crate) random_read: u64,
}

impl Figures {
    pub(crate) fn measure(plan: Plan) -> Result<Self, Box<dyn Error>> {
        let mut figures = Self::default();
        let mut creations = Samples::with_capacity(plan.sessions);
        let mut population = Population::new(plan)?;

        let before = Footprint::now()?;
        population.fill(&mut creations)?;
        let after = Footprint::now()?;
        let per_session = |bytes: usize| (bytes / plan.sessions) as u64;
        let resident = after.resident - before.resident;
        figures.resident = per_session(resident);
        figures.requested = per_session(after.requested - before.requested);
        figures.create = creations.percentiles();

        figures.time_requests(&population)?;
        figures.refuse = refusals(&population)?;
        population.let_expire();
        (figures.sweep, figures.sweep_steps) = sweep(&population)?;
        drop(population);
        figures.random_read = random_read(resident / plan.sessions * plan.used);
        Ok(figures)
    }

    fn time_requests(&mut self, population: &Population) -> Result<(), Box<dyn Error>> {
        let mut loads = Samples::with_capacity(REQUESTS);
        let mut commits = Samples::with_capacity(REQUESTS);
        let mut random = Random::default();
        let (mut load_allocations, mut commit_allocations) = (0, 0);
        for _ in 0..REQUESTS {
            let client = population.client(random.below(population.used()))?;
            let at_first = allocations();
            let mut session = loads.time(|| population.open(&client))?;
            load_allocations = allocations() - at_first;
            population.change(&mut session)?;
            let changed = allocations();
            commits.time(|| population.commit(&mut session))?;
            commit_allocations = allocations() - changed;
        }
        self.load = loads.percentiles();
        self.commit = commits.percentiles();
        self.load_allocations = load_allocations as u64;
        self.commit_allocations = commit_allocations as u64;
        Ok(())
    }
}

/// Sessions that the full store refuses to begin.
fn refusals(population: &Population) -> Result<Percentiles, Box<dyn Error>> {
    let mut samples = Samples::with_capacity(REFUSALS);
    for number in 0..REFUSALS {
        if population.begin(number, &mut samples).is_ok() {
            return Err("the store is not full".into());
        }
    }
    Ok(samples.percentiles())
}

/// Creates sessions until every expired one is removed.
fn sweep(population: &Population) -> Result<(Percentiles, u64), Box<dyn Error>> {
    let mut samples = Samples::with_capacity(population.held());
    let mut begun = 0;
    while population.held() > begun {
        population.begin(begun, &mut samples)?;
        begun += 1;
    }
    Ok((samples.percentiles(), begun as u64))
}

/// The time of one read at a random position in this many bytes, where each position contains the
/// next.
fn random_read(bytes: usize) -> u64 {
    let stride = LINE / size_of::<usize>();
    let lines = (bytes / LINE).max(2);
    let mut places = vec![0_usize; lines * stride];
    for line in 0..lines {
        places[line * stride] = line;
    }
    // Sattolo's shuffle creates one cycle of all positions.
    let mut random = Random::default();
    for line in (1..lines).rev() {
        places.swap(line * stride, random.below(line) * stride);
    }
    let mut line = 0;
    let begun = Instant::now();
    for _ in 0..READS {
        line = places[line * stride];
    }
    black_box(line);
    (begun.elapsed().as_nanos() / READS as u128) as u64
}

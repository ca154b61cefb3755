//! The counted figures, and the baseline.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bench_instructions::Work;
use bench_server::Candidate;
use serde::{Deserialize, Serialize};

use crate::Fault;
use crate::count::{allocations, instructions};
use crate::future::{MOST, Sizes};

/// The candidates in the table, besides the bare framework.
pub(crate) const CANDIDATES: [Candidate; 6] = [
    Candidate::BaselineMemory,
    Candidate::CertsessionMemory,
    Candidate::ActixSessionCookie,
    Candidate::BaselineRedis,
    Candidate::CertsessionRedis,
    Candidate::ActixSessionRedis,
];

/// The candidates in the baseline: only this project's own figures must not grow.
pub(crate) const OURS: [Candidate; 2] = [Candidate::CertsessionMemory, Candidate::CertsessionRedis];

/// The tolerated difference from the baseline, in per cent: with Redis, counts differ by one from
/// run to run, and by more from compiler to compiler.
pub(crate) const TOLERANCE: u64 = 5;

/// The cost of a request, as the difference from one without a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Above {
    pub(crate) instructions: i64,
    pub(crate) allocations: i64,
}

/// All figures.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct Figures {
    /// The middleware's future.
    pub(crate) future: Sizes,
    /// For each candidate and each kind of work.
    above_bare: BTreeMap<String, Above>,
}

impl Figures {
    pub(crate) fn count(candidates: &[Candidate], url: &str) -> Result<Self, Fault> {
        let mut figures = BTreeMap::new();
        for work in Work::ALL {
            let count = |candidate| -> Result<(i64, i64), Fault> {
                let instructions = instructions(candidate, work, url)?;
                let allocations = allocations(candidate, work, url)?;
                Ok((instructions.try_into()?, allocations.try_into()?))
            };
            let bare = count(Candidate::Bare)?;
            for &candidate in candidates {
                let (instructions, allocations) = count(candidate)?;
                let above = Above {
                    instructions: instructions - bare.0,
                    allocations: allocations - bare.1,
                };
                figures.insert(name(candidate, work), above);
            }
        }
        Ok(Self {
            future: Sizes::measure(url)?,
            above_bare: figures,
        })
    }

    pub(crate) fn get(&self, candidate: Candidate, work: Work) -> Option<Above> {
        self.above_bare.get(&name(candidate, work)).copied()
    }

    /// Reads the stored figures.
    pub(crate) fn baseline() -> Result<Self, Fault> {
        Ok(serde_json::from_slice(&fs::read(path())?)?)
    }

    pub(crate) fn keep(&self) -> Result<(), Fault> {
        Ok(fs::write(
            path(),
            serde_json::to_string_pretty(self)? + "\n",
        )?)
    }

    /// Fails if a request takes more than in the baseline.
    pub(crate) fn compare(&self, baseline: &Self) -> Result<(), Fault> {
        let mut worse = Vec::new();
        for (store, now, kept) in [
            ("memory", self.future.memory, baseline.future.memory),
            ("Redis", self.future.redis, baseline.future.redis),
        ] {
            if now > kept.max(MOST) {
                worse.push(format!(
                    "{store}: a future of {now} bytes, {kept} in the baseline"
                ));
            }
        }
        for (name, now) in &self.above_bare {
            let kept = baseline.above_bare.get(name);
            let kept = kept.ok_or_else(|| format!("{name} is not in the baseline"))?;
            let most = kept.instructions + kept.instructions * TOLERANCE.cast_signed() / 100;
            if now.instructions > most {
                let (now, kept) = (now.instructions, kept.instructions);
                worse.push(format!(
                    "{name}: {now} instructions, {kept} in the baseline"
                ));
            }
            if now.allocations > kept.allocations {
                let (now, kept) = (now.allocations, kept.allocations);
                worse.push(format!("{name}: {now} allocations, {kept} in the baseline"));
            }
        }
        match worse.is_empty() {
            true => Ok(()),
            false => Err(worse.join("; ").into()),
        }
    }
}

fn name(candidate: Candidate, work: Work) -> String {
    format!("{} {}", candidate.name(), work.name())
}

fn path() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("baseline.json")
}

//! What a request costs the server.

use std::time::{Duration, Instant};

use certsession_benches::Percentiles;

use crate::processor::{Watch, used_by};
use crate::{Crowd, Fault, Server};

/// More than this share of the machine in the hands of others disturbs the figures.
const DISTURBED: f64 = 0.04;

/// How often a cost is measured, and for how long each time: what others have is counted in
/// hundredths of a second, which is one in a hundred then.
const TIMES: usize = 5;
const LENGTH: Duration = Duration::from_secs(1);

/// What a request costs.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Microseconds of the server's processor for each request.
    pub server: f64,
    /// Requests a second.
    pub rate: f64,
    /// How long they took.
    pub took: Percentiles,
    /// The share of the machine that others had.
    pub others: f64,
}

impl Cost {
    /// Of reading one key: several times for a while, after one request over each connection. Of
    /// those it is the one whose cost for the server is the median. Redis is none of the others.
    ///
    /// # Errors
    ///
    /// If a request is not answered, or an answer is wrong.
    pub fn of_reading(
        server: &Server,
        redis: Option<u32>,
        crowd: &mut Crowd,
    ) -> Result<Self, Fault> {
        crowd.each("/read")?;
        let mut costs = (0..TIMES)
            .map(|_| Self::once(server, redis, crowd))
            .collect::<Result<Vec<_>, _>>()?;
        costs.sort_by(|one, other| one.server.total_cmp(&other.server));
        Ok(costs[TIMES / 2])
    }

    fn once(server: &Server, redis: Option<u32>, crowd: &mut Crowd) -> Result<Self, Fault> {
        let ours: Vec<_> = [server.process(), std::process::id()]
            .into_iter()
            .chain(redis)
            .collect();
        let watch = Watch::begin(&ours)?;
        let (before, began) = (used_by(server.process())?, Instant::now());
        let samples = crowd.read(LENGTH)?;
        let (wall, after) = (began.elapsed().as_secs_f64(), used_by(server.process())?);
        let others = watch.others()?;

        let count = samples.len() as f64;
        Ok(Self {
            server: 1e6 * after.saturating_sub(before).as_secs_f64() / count,
            rate: count / wall,
            took: samples.percentiles(),
            others,
        })
    }
}

/// Fails if other programs had such shares of the machine, in the median, that the figures are
/// worth nothing.
///
/// # Errors
///
/// See above.
pub fn refuse_if_disturbed(others: impl IntoIterator<Item = f64>) -> Result<(), Fault> {
    let mut others: Vec<_> = others.into_iter().collect();
    others.sort_by(f64::total_cmp);
    match others.get(others.len() / 2) {
        None => Err("nothing was measured".into()),
        Some(&others) if others > DISTURBED => Err(format!(
            "other programs had {:.0} % of the machine: nothing is written into the page",
            100.0 * others
        )
        .into()),
        Some(_) => Ok(()),
    }
}

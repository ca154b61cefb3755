//! The cost of a request for the server.

use std::time::{Duration, Instant};

use certsession_benches::Percentiles;

use crate::processor::{Watch, used_by};
use crate::{Crowd, Fault, Server};

/// If other programs use more than this share of the machine, the figures are unreliable.
const DISTURBED: f64 = 0.04;

/// How often a cost is measured, and for how long each time: the use by other programs is counted
/// in hundredths of a second, which is one per cent of that time.
const TIMES: usize = 5;
const LENGTH: Duration = Duration::from_secs(1);

/// The cost of a request.
#[derive(Clone, Copy, Debug)]
pub struct Cost {
    /// Microseconds of the server's processor for each request.
    pub server: f64,
    /// Requests a second.
    pub rate: f64,
    /// The response times.
    pub took: Percentiles,
    /// The share of the machine that other programs used.
    pub others: f64,
}

impl Cost {
    /// Measures the cost of reading one key, several times for some time, after one request over
    /// each connection. Returns the measurement with the median cost for the server. Redis does not
    /// count as another program.
    ///
    /// # Errors
    ///
    /// If a request gets no response, or a wrong one.
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

/// Fails if the median share of the machine that other programs used makes the figures unreliable.
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

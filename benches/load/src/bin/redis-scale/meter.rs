//! How long a step takes, and what it costs the server.

use std::time::Instant;

use certsession_benches::{Percentiles, Samples};
use certsession_tests::redis::RedisServer;

use crate::Fault;

/// Takes a step's times, and asks the server what it has spent meanwhile.
#[derive(Default)]
pub(crate) struct Meter {
    samples: Samples,
    /// Seconds of the server's processor.
    spent: f64,
    /// What it had spent when the steps under way began.
    at_first: f64,
}

/// What a step costs.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// How long it takes.
    pub(crate) took: Percentiles,
    /// Microseconds of the server's processor.
    pub(crate) server: f64,
}

impl Meter {
    /// From here on, the server works for these steps alone.
    pub(crate) fn begin(&mut self, redis: &RedisServer) -> Result<(), Fault> {
        self.at_first = spent_by(redis)?;
        Ok(())
    }

    /// Takes a step and notes how long it took.
    pub(crate) async fn time<T>(&mut self, step: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let made = step.await;
        self.samples.add(began.elapsed());
        made
    }

    /// Up to here.
    pub(crate) fn end(&mut self, redis: &RedisServer) -> Result<(), Fault> {
        self.spent += spent_by(redis)? - self.at_first;
        Ok(())
    }

    pub(crate) fn cost(self) -> Result<Cost, Fault> {
        if self.samples.is_empty() {
            return Err("a step was never taken".into());
        }
        Ok(Cost {
            server: 1e6 * self.spent / self.samples.len() as f64,
            took: self.samples.percentiles(),
        })
    }
}

/// What the server has spent so far, in seconds.
fn spent_by(redis: &RedisServer) -> Result<f64, Fault> {
    let seconds = |field| redis.info(field).parse::<f64>();
    Ok(seconds("used_cpu_user")? + seconds("used_cpu_sys")?)
}

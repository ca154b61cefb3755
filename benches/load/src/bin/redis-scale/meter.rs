//! The time of an operation, and its cost for the server.

use std::time::Instant;

use certsession_benches::{Percentiles, Samples};
use certsession_tests::redis::RedisServer;

use crate::Fault;

/// Measures an operation's times, and the processor time that the server uses meanwhile.
#[derive(Default)]
pub(crate) struct Meter {
    samples: Samples,
    /// Seconds of the server's processor.
    spent: f64,
    /// The processor time that the server had used when the current operations began.
    at_first: f64,
}

/// The cost of an operation.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Cost {
    /// How long it takes.
    pub(crate) took: Percentiles,
    /// Microseconds of the server's processor.
    pub(crate) server: f64,
}

impl Meter {
    /// Starts the measurement: from here on, the server works only for these operations.
    pub(crate) fn begin(&mut self, redis: &RedisServer) -> Result<(), Fault> {
        self.at_first = spent_by(redis)?;
        Ok(())
    }

    /// Runs an operation and records its time.
    pub(crate) async fn time<T>(&mut self, step: impl Future<Output = T>) -> T {
        let began = Instant::now();
        let made = step.await;
        self.samples.add(began.elapsed());
        made
    }

    /// Ends the measurement.
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

/// The processor time that the server has used so far, in seconds.
fn spent_by(redis: &RedisServer) -> Result<f64, Fault> {
    let seconds = |field| redis.info(field).parse::<f64>();
    Ok(seconds("used_cpu_user")? + seconds("used_cpu_sys")?)
}

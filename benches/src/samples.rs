//! Medians and percentiles.

use std::fmt;
use std::hint::black_box;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

/// The durations of an operation.
#[derive(Debug, Default)]
pub struct Samples {
    nanos: Vec<u64>,
}

/// The percentiles of many samples, in nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Percentiles {
    /// Half took less.
    pub p50: u64,
    /// One in a hundred took longer.
    pub p99: u64,
    /// One in a thousand took longer.
    pub p999: u64,
    /// The longest.
    pub max: u64,
}

impl Samples {
    /// Creates room for this many, in memory that is resident already, so that adding a sample does
    /// not change the footprint.
    pub fn with_capacity(capacity: usize) -> Self {
        let mut nanos = vec![u64::MAX; capacity];
        nanos.clear();
        Self { nanos }
    }

    /// Runs an operation and records how long it took.
    pub fn time<T>(&mut self, step: impl FnOnce() -> T) -> T {
        let begun = Instant::now();
        let made = black_box(step());
        self.add(begun.elapsed());
        made
    }

    /// Records how long an operation took.
    pub fn add(&mut self, taken: Duration) {
        self.nanos
            .push(u64::try_from(taken.as_nanos()).unwrap_or(u64::MAX));
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.nanos.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.nanos.is_empty()
    }

    /// The percentiles; zeros if there are no samples.
    pub fn percentiles(mut self) -> Percentiles {
        self.nanos.sort_unstable();
        let at = |share: f64| {
            let last = self.nanos.len().saturating_sub(1);
            let index = (last as f64 * share).round() as usize;
            self.nanos.get(index).copied().unwrap_or_default()
        };
        Percentiles {
            p50: at(0.5),
            p99: at(0.99),
            p999: at(0.999),
            max: at(1.0),
        }
    }
}

/// Formats them as cells of a table, in microseconds.
impl fmt::Display for Percentiles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let micros = |nanos: u64| nanos as f64 / 1_000.0;
        write!(
            f,
            "{:.2} | {:.2} | {:.2} | {:.0}",
            micros(self.p50),
            micros(self.p99),
            micros(self.p999),
            micros(self.max)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_the_sorted_samples() {
        let mut samples = Samples::default();
        for nanos in (0..=1_000).rev() {
            samples.add(Duration::from_nanos(nanos));
        }
        let expected = Percentiles {
            p50: 500,
            p99: 990,
            p999: 999,
            max: 1_000,
        };
        assert_eq!(samples.percentiles(), expected);
        assert_eq!(Samples::default().percentiles(), Percentiles::default());
    }
}

//! Metrics, through the facade of the crate `metrics`.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

use certsession_core::Timestamp;
use metrics::{counter, gauge};

/// Counts a handshake that was refused for its certificate.
pub(crate) fn handshake_refused(stack: &'static str) {
    counter!("certsession_handshakes_refused_total", "stack" => stack).increment(1);
}

/// The gauges of when certificates expire, and of which they were set last.
#[derive(Debug, Default)]
pub(crate) struct ExpiryGauges(Mutex<Vec<Labels>>);

/// The role and the subject.
pub(crate) type Labels = (&'static str, String);

impl ExpiryGauges {
    /// Sets when each certificate expires, in seconds since 1970; of several with one subject, such
    /// as an old CA and its successor, the first. What is gone is set to NaN.
    #[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
    pub(crate) fn set(&self, certificates: impl Iterator<Item = (Labels, Timestamp)>) {
        let mut expiries: BTreeMap<Labels, f64> = BTreeMap::new();
        for (labels, not_after) in certificates {
            let seconds = not_after.as_millis() as f64 / 1_000.0;
            let first = expiries.entry(labels).or_insert(seconds);
            *first = first.min(seconds);
        }
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in last.iter().filter(|labels| !expiries.contains_key(labels)) {
            expiry(gone, f64::NAN);
        }
        for (labels, seconds) in &expiries {
            expiry(labels, *seconds);
        }
        *last = expiries.into_keys().collect();
    }
}

fn expiry((role, subject): &Labels, seconds: f64) {
    gauge!(
        "certsession_certificate_not_after_seconds",
        "role" => *role,
        "subject" => subject.clone(),
    )
    .set(seconds);
}

//! Metrics, through the facade of the crate `metrics`. docs/metrics.md lists them.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use metrics::{counter, gauge, histogram};

use crate::event::{SessionEvent, StoreOperation};
use crate::revocation::CrlStatus;
use crate::time::Timestamp;

/// Counts an event.
pub(crate) fn count(event: &SessionEvent) {
    match event {
        SessionEvent::Issued { .. } => counter!("certsession_sessions_begun_total").increment(1),
        SessionEvent::SignedIn { .. } => counter!("certsession_sign_ins_total").increment(1),
        SessionEvent::Refused { reason, .. } => {
            counter!("certsession_refusals_total", "reason" => reason.as_str()).increment(1);
        }
        SessionEvent::Replayed { .. } => counter!("certsession_replays_total").increment(1),
        SessionEvent::Ended { reason, .. } => ended(event, reason.as_str()),
        SessionEvent::Revoked { reason, .. } => ended(event, reason.as_str()),
        SessionEvent::StoreFailed { operation, kind } => counter!(
            "certsession_store_failures_total",
            "operation" => operation.as_str(),
            "kind" => kind.as_str(),
        )
        .increment(1),
        // Part of a sign-in or of a beginning, or upkeep.
        SessionEvent::Bound { .. }
        | SessionEvent::ActingFor { .. }
        | SessionEvent::Elevated { .. }
        | SessionEvent::Rotated { .. }
        | SessionEvent::Rebound { .. }
        // Counted as the refusal that follows.
        | SessionEvent::CertificateRejected { .. } => {}
    }
}

fn ended(event: &SessionEvent, reason: &'static str) {
    counter!("certsession_sessions_ended_total", "event" => event.name(), "reason" => reason)
        .increment(1);
}

/// Records how long a step of the store took.
pub(crate) fn step(operation: StoreOperation, took: Duration) {
    histogram!("certsession_store_seconds", "operation" => operation.as_str()).record(took);
}

/// Sets how many sessions the store holds.
#[allow(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; no store holds 2^53 sessions"
)]
pub(crate) fn live_sessions(sessions: usize) {
    gauge!("certsession_sessions_live").set(sessions as f64);
}

/// The gauges of the revocation lists, and the issuers that they were set for last.
#[derive(Debug, Default)]
pub(crate) struct ListGauges(Mutex<Vec<String>>);

/// What is known of an issuer's lists: an issuer may have several, and a gauge has one value.
#[derive(Clone, Copy, Debug, PartialEq)]
struct OfIssuer {
    /// Of all lists together.
    entries: usize,
    /// Of the oldest list that should have a successor.
    age: f64,
    /// Of the list among these whose successor is due first.
    overdue: f64,
}

impl ListGauges {
    /// Sets what is known of the lists. An issuer that has none any more is set to NaN: a gauge
    /// that stays as it was would still look good when nothing is known.
    pub(crate) fn set(&self, lists: &[CrlStatus], now: Timestamp) {
        let issuers = by_issuer(lists, now);
        let mut last = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for gone in last.iter().filter(|name| !issuers.contains_key(&***name)) {
            set_list(gone, f64::NAN, f64::NAN, f64::NAN);
        }
        for (issuer, it) in &issuers {
            #[allow(
                clippy::cast_precision_loss,
                reason = "a gauge is a float; no list has 2^53 entries"
            )]
            set_list(issuer, it.entries as f64, it.age, it.overdue);
        }
        *last = issuers.into_keys().map(str::to_owned).collect();
    }
}

fn by_issuer(lists: &[CrlStatus], now: Timestamp) -> BTreeMap<&str, OfIssuer> {
    let mut issuers = BTreeMap::new();
    for list in lists {
        let it = issuers.entry(list.issuer()).or_insert(OfIssuer {
            entries: 0,
            age: f64::NEG_INFINITY,
            overdue: f64::NEG_INFINITY,
        });
        it.entries += list.entries();
        if list.counts(now) {
            it.age = it.age.max(seconds_between(list.this_update(), now));
            it.overdue = it.overdue.max(seconds_between(list.next_update(), now));
        }
    }
    issuers
}

fn set_list(issuer: &str, entries: f64, age: f64, overdue: f64) {
    let issuer = || issuer.to_owned();
    gauge!("certsession_crl_entries", "issuer" => issuer()).set(entries);
    gauge!("certsession_crl_age_seconds", "issuer" => issuer()).set(age);
    gauge!("certsession_crl_overdue_seconds", "issuer" => issuer()).set(overdue);
}

/// Negative if the second comes first.
#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_millis() as f64 - from.as_millis() as f64) / 1_000.0
}

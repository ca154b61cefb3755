//! Metrics, through the facade of the crate `metrics`. docs/metrics.md lists them.

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

/// Sets what is known of the revocation lists.
#[allow(
    clippy::cast_precision_loss,
    reason = "a gauge is a float; no list has 2^53 entries"
)]
pub(crate) fn lists(lists: &[CrlStatus], now: Timestamp) {
    for list in lists {
        let issuer = || list.issuer().to_owned();
        gauge!("certsession_crl_entries", "issuer" => issuer()).set(list.entries() as f64);
        gauge!("certsession_crl_age_seconds", "issuer" => issuer())
            .set(seconds_between(list.this_update(), now));
        gauge!("certsession_crl_overdue_seconds", "issuer" => issuer())
            .set(seconds_between(list.next_update(), now));
    }
}

/// Negative if the second comes first.
#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
fn seconds_between(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_millis() as f64 - from.as_millis() as f64) / 1_000.0
}

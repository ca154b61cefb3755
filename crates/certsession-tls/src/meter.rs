//! Metrics, through the facade of the crate `metrics`.

use certsession_core::Timestamp;
use metrics::{counter, gauge};

/// Counts a handshake that was refused for its certificate.
pub(crate) fn handshake_refused(stack: &'static str) {
    counter!("certsession_handshakes_refused_total", "stack" => stack).increment(1);
}

/// Sets when a certificate expires, in seconds since 1970.
#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
pub(crate) fn expiry(role: &'static str, subject: &str, not_after: Timestamp) {
    gauge!(
        "certsession_certificate_not_after_seconds",
        "role" => role,
        "subject" => subject.to_owned(),
    )
    .set(not_after.as_millis() as f64 / 1_000.0);
}

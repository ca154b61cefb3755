//! Metrics, through the facade of the crate `metrics`.

use metrics::{counter, gauge};

use crate::in_force::CertificateInForce;

/// Counts a handshake that was refused for its certificate.
pub(crate) fn handshake_refused(stack: &'static str) {
    counter!("certsession_handshakes_refused_total", "stack" => stack).increment(1);
}

/// Sets when certificates expire, in seconds since 1970.
#[allow(clippy::cast_precision_loss, reason = "milliseconds since 1970 fit")]
pub(crate) fn expiries(certificates: &[CertificateInForce]) {
    for certificate in certificates {
        gauge!(
            "certsession_certificate_not_after_seconds",
            "role" => certificate.role().as_str(),
            "subject" => certificate.subject().to_owned(),
        )
        .set(certificate.not_after().as_millis() as f64 / 1_000.0);
    }
}

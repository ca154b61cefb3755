//! Says in the log why a client certificate was refused in the handshake.
//!
//! actix drops handshake errors without a word, so that a user who cannot get in, and an
//! attacker who tries, both leave no trace. Not seen from here, since no verifier runs: a
//! client that sends no certificate where one is required.

use std::fmt::Display;

use certsession_core::PeerCertificate;

/// Writes one warning, target `certsession::tls`. The certificate is named by fingerprint
/// and serial number alone: its names come from a stranger, and may be personal.
pub(super) fn client_refused(stack: &'static str, leaf: Option<&[u8]>, reason: &dyn Display) {
    match leaf.map(PeerCertificate::from_der) {
        Some(Ok(certificate)) => tracing::warn!(
            target: "certsession::tls",
            stack,
            %reason,
            sha256 = %certificate.fingerprint(),
            serial = %certificate.serial(),
            "a client certificate was refused in the TLS handshake",
        ),
        _ => tracing::warn!(
            target: "certsession::tls",
            stack,
            %reason,
            "a client certificate that cannot be parsed was refused in the TLS handshake",
        ),
    }
}

//! Verifying a certificate that no TLS handshake of this process has verified.

use std::fmt;

use super::PeerState;

/// Verifies chains against the client CAs, for certificates that come by another way than a TLS
/// handshake: from a proxy that ended the client's connection.
///
/// `certsession-tls` has one for each TLS stack. An own one has to refuse what it cannot judge.
pub trait ChainVerifier: fmt::Debug + Send + Sync + 'static {
    /// Verifies a leaf, with the intermediates that came with it, as a handshake would do now:
    /// [`PeerState::Verified`] or [`PeerState::Rejected`], never absent.
    ///
    /// It leaves revocation to the rules, which judge it on each request.
    fn verify_chain(&self, leaf: &[u8], intermediates: &[&[u8]]) -> PeerState;

    /// A number that changes whenever an earlier verdict may no longer hold, because client CAs
    /// were replaced: what was verified before is verified again.
    fn generation(&self) -> u64;
}

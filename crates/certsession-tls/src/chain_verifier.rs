//! Verifies the certificates that a proxy forwards.

use std::sync::Arc;

use certsession_core::{ChainVerifier, PeerState};

use crate::in_force::CertificatesInForce;
use crate::reload::Reloader;

/// Verifies a certificate against the client CAs where no TLS handshake of this process has: it came
/// from a proxy. For `TrustedProxies` of certsession-http.
///
/// ```no_run
/// # #[cfg(feature = "rustls-0_23")] {
/// use certsession_tls::MutualTls;
///
/// let verifier = MutualTls::builder()
///     .client_ca_file("client-ca.pem")
///     .intermediate_file("client-intermediates.pem")
///     .build_rustls_chain_verifier()?;
/// # }
/// # Ok::<(), certsession_tls::MutualTlsError>(())
/// ```
///
/// Clones verify against the same CAs, which are read again when their files change.
#[derive(Clone, Debug)]
pub struct ClientChainVerifier {
    chains: Arc<dyn ChainVerifier>,
    reloader: Reloader,
    certificates: CertificatesInForce,
}

impl ClientChainVerifier {
    pub(crate) fn new(
        chains: Arc<dyn ChainVerifier>,
        reloader: Reloader,
        certificates: CertificatesInForce,
    ) -> Self {
        Self {
            chains,
            reloader,
            certificates,
        }
    }

    /// A handle with which the application can reload changed files at once.
    pub fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }

    /// Which client CAs are in force, and when they expire: keep it for a health check.
    pub fn certificates(&self) -> CertificatesInForce {
        self.certificates.clone()
    }
}

impl ChainVerifier for ClientChainVerifier {
    fn verify_chain(&self, leaf: &[u8], intermediates: &[&[u8]]) -> PeerState {
        self.chains.verify_chain(leaf, intermediates)
    }

    fn generation(&self) -> u64 {
        self.chains.generation()
    }
}

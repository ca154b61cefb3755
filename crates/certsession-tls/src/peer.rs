//! Who the peer of a finished handshake is.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};

use certsession_core::{CertificateError, PeerState, TrustAnchor};
#[cfg(feature = "rustls-0_23")]
use rustls_pki_types::CertificateDer;

#[cfg(feature = "openssl")]
use crate::openssl_stack::{self, OpenSslConfig};
#[cfg(feature = "rustls-0_23")]
use crate::rustls_stack::{self, RustlsConfig};

/// Turns a finished handshake into a [`PeerState`](certsession_core::PeerState): what a session is
/// bound to.
///
/// A [`MutualTls`](crate::MutualTls) comes with the verifier of its own configuration
/// ([`into_parts`](crate::MutualTls::into_parts)). On a resumed connection, on which the TLS stack
/// asks no verifier, it verifies the certificate again. What it cannot judge is rejected: an
/// unfinished handshake, a connection of the other stack, a certificate that does not verify.
///
/// For a TLS configuration of the application's own there are constructors whose names say what
/// the application vouches for.
#[derive(Clone)]
pub struct PeerVerifier(Kind);

#[derive(Clone)]
enum Kind {
    #[cfg(feature = "rustls-0_23")]
    Rustls(Arc<RustlsConfig>),
    #[cfg(feature = "openssl")]
    OpenSsl(Arc<OpenSslConfig>),
    /// A verifier of the application's own, which judges resumed connections as well.
    #[cfg(feature = "rustls-0_23")]
    OwnRustls(Arc<dyn rustls::server::danger::ClientCertVerifier>),
    /// The application vouches for full handshakes. Nothing can judge a resumed one.
    FullHandshakes,
}

impl PeerVerifier {
    /// For a TLS configuration of the application's own, of either stack: the caller vouches that
    /// each *full* handshake of it verifies the client certificate.
    ///
    /// The certificate of a resumed connection is rejected, as nothing here could verify it
    /// again: turn resumption off, or use
    /// [`caller_vouches_for_rustls_verifier`](Self::caller_vouches_for_rustls_verifier).
    pub fn caller_vouches_for_full_handshakes() -> Self {
        Self(Kind::FullHandshakes)
    }

    /// For a `rustls::ServerConfig` with a client certificate verifier of the application's own,
    /// such as one for SPIFFE workloads: the caller vouches that `verifier` is the one that the
    /// configuration asks. The certificate of a resumed connection is verified again by it.
    #[cfg(feature = "rustls-0_23")]
    pub fn caller_vouches_for_rustls_verifier(
        verifier: Arc<dyn rustls::server::danger::ClientCertVerifier>,
    ) -> Self {
        Self(Kind::OwnRustls(verifier))
    }

    #[cfg(feature = "rustls-0_23")]
    pub(crate) fn of_rustls(config: Arc<RustlsConfig>) -> Self {
        Self(Kind::Rustls(config))
    }

    #[cfg(feature = "openssl")]
    pub(crate) fn of_openssl(config: Arc<OpenSslConfig>) -> Self {
        Self(Kind::OpenSsl(config))
    }

    /// The peer of a rustls connection whose handshake is finished, for as long as the connection is
    /// open.
    #[cfg(feature = "rustls-0_23")]
    pub fn rustls_connection(&self, connection: &rustls::ServerConnection) -> ConnectionPeer {
        let generation = self.generation();
        let certificates = connection.peer_certificates().unwrap_or_default();
        let chain = certificates.iter().map(|der| der.to_vec()).collect();
        ConnectionPeer::new(self, generation, chain, self.rustls_peer(connection))
    }

    /// The peer of an OpenSSL connection whose handshake is finished, for as long as the connection
    /// is open.
    #[cfg(feature = "openssl")]
    pub fn openssl_connection(&self, connection: &openssl::ssl::SslRef) -> ConnectionPeer {
        let generation = self.generation();
        let leaf = connection
            .peer_certificate()
            .and_then(|leaf| leaf.to_der().ok());
        // On a server, OpenSSL's chain is without the leaf.
        let sent = connection.peer_cert_chain().into_iter().flatten();
        let chain = leaf
            .into_iter()
            .chain(sent.filter_map(|ca| ca.to_der().ok()));
        ConnectionPeer::new(
            self,
            generation,
            chain.collect(),
            self.openssl_peer(connection),
        )
    }

    /// How often the client CAs were replaced.
    fn generation(&self) -> u64 {
        match &self.0 {
            #[cfg(feature = "rustls-0_23")]
            Kind::Rustls(config) => config.generation(),
            #[cfg(feature = "openssl")]
            Kind::OpenSsl(config) => config.generation(),
            #[cfg(feature = "rustls-0_23")]
            Kind::OwnRustls(_) => 0,
            Kind::FullHandshakes => 0,
        }
    }

    /// Which CA verifies a chain now. Where the application vouches for the chain, nothing is
    /// replaced, and nothing is asked.
    fn reverify(&self, chain: &[Vec<u8>]) -> Option<TrustAnchor> {
        let (leaf, rest) = chain.split_first()?;
        match &self.0 {
            #[cfg(feature = "rustls-0_23")]
            Kind::Rustls(config) => {
                let der = |der: &Vec<u8>| CertificateDer::from(der.clone());
                let rest: Vec<_> = rest.iter().map(der).collect();
                config.reverify(&der(leaf), &rest)
            }
            #[cfg(feature = "openssl")]
            Kind::OpenSsl(config) => config.reverify(leaf, rest),
            #[cfg(feature = "rustls-0_23")]
            Kind::OwnRustls(_) => None,
            Kind::FullHandshakes => None,
        }
    }

    /// The peer of a rustls connection whose handshake is finished.
    #[cfg(feature = "rustls-0_23")]
    pub fn rustls_peer(&self, connection: &rustls::ServerConnection) -> PeerState {
        use rustls::HandshakeKind;
        use rustls_stack::Presented;

        let rejected = PeerState::Rejected(CertificateError::Unverified);
        let own = match &self.0 {
            Kind::Rustls(config) => return config.peer(connection),
            Kind::OwnRustls(verifier) => Some(verifier),
            Kind::FullHandshakes => None,
            #[cfg(feature = "openssl")]
            Kind::OpenSsl(_) => return rejected,
        };
        let (leaf, intermediates) = match rustls_stack::presented(connection) {
            Presented::Nothing => return PeerState::Absent,
            Presented::Unfinished => return rejected,
            Presented::Chain(leaf, intermediates) => (leaf, intermediates),
        };
        let is_verified = match (connection.handshake_kind(), own) {
            (Some(HandshakeKind::Full | HandshakeKind::FullWithHelloRetryRequest), _) => true,
            (Some(HandshakeKind::Resumed), Some(verifier)) => {
                let now = rustls_pki_types::UnixTime::now();
                let verified = verifier.verify_client_cert(leaf, intermediates, now);
                verified.is_ok()
            }
            _ => false,
        };
        match is_verified {
            true => PeerState::from_leaf(Some(leaf)),
            false => rejected,
        }
    }

    /// The peer of an OpenSSL connection whose handshake is finished.
    #[cfg(feature = "openssl")]
    pub fn openssl_peer(&self, connection: &openssl::ssl::SslRef) -> PeerState {
        use openssl_stack::Presented;

        let rejected = PeerState::Rejected(CertificateError::Unverified);
        match &self.0 {
            Kind::OpenSsl(config) => return config.peer(connection),
            Kind::FullHandshakes => {}
            #[cfg(feature = "rustls-0_23")]
            Kind::Rustls(_) | Kind::OwnRustls(_) => return rejected,
        }
        match openssl_stack::presented(connection) {
            Presented::Nothing => PeerState::Absent,
            Presented::Leaf(leaf) if !connection.session_reused() => match leaf.to_der() {
                Ok(der) => PeerState::from_leaf(Some(&der)),
                Err(_) => rejected,
            },
            Presented::Leaf(_) | Presented::Unusable => rejected,
        }
    }
}

/// The peer of an open connection. When client CAs are taken away, or others come, its chain is
/// verified again, once for each change, when it is next asked for: an adapter asks on each
/// request. Asking costs an atomic load otherwise.
#[derive(Debug)]
pub struct ConnectionPeer {
    verifier: PeerVerifier,
    /// The certificates that the client sent, its own first.
    chain: Box<[Vec<u8>]>,
    current: Mutex<(u64, PeerState)>,
}

impl ConnectionPeer {
    fn new(
        verifier: &PeerVerifier,
        generation: u64,
        chain: Vec<Vec<u8>>,
        state: PeerState,
    ) -> Self {
        Self {
            verifier: verifier.clone(),
            chain: chain.into(),
            current: Mutex::new((generation, state)),
        }
    }

    /// Who the peer is, by the client CAs that are configured now. A certificate that no longer
    /// verifies is rejected, for good: the client has to connect again.
    pub fn state(&self) -> PeerState {
        let generation = self.verifier.generation();
        let mut current = self.current.lock().unwrap_or_else(PoisonError::into_inner);
        if current.0 != generation {
            current.0 = generation;
            if let PeerState::Verified(certificate) = &current.1 {
                current.1 = match self.verifier.reverify(&self.chain) {
                    // The session stays with the CA that verified it first.
                    Some(_) => PeerState::Verified(Arc::clone(certificate)),
                    None => {
                        let error = CertificateError::NoLongerVerifies;
                        PeerState::Rejected(error.of(certificate.der()))
                    }
                };
            }
        }
        current.1.clone()
    }
}

impl fmt::Debug for PeerVerifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            #[cfg(feature = "rustls-0_23")]
            Kind::Rustls(_) => "PeerVerifier(rustls)",
            #[cfg(feature = "openssl")]
            Kind::OpenSsl(_) => "PeerVerifier(openssl)",
            #[cfg(feature = "rustls-0_23")]
            Kind::OwnRustls(_) => "PeerVerifier(caller's rustls verifier)",
            Kind::FullHandshakes => "PeerVerifier(caller vouches for full handshakes)",
        })
    }
}

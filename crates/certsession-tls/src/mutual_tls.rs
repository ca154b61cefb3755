//! What is built: a configuration of one TLS stack, and the verifier of its peers.

use std::fmt;
use std::time::Duration;

use crate::in_force::CertificatesInForce;
use crate::peer::PeerVerifier;
use crate::reload::Reloader;
use crate::settings::Alpn;

/// A server-side TLS configuration that asks its clients for certificates, for one of both TLS
/// stacks. An adapter binds a server with it.
///
/// ```no_run
/// use certsession_tls::{ClientAuth, MutualTls};
///
/// # #[cfg(feature = "rustls-0_23")]
/// let tls = MutualTls::builder()
///     .server_identity_files("certs/server.pem", "certs/server.key")
///     .client_ca_file("certs/ca.pem")
///     .client_auth(ClientAuth::Optional)
///     .build_rustls()?;
/// # Ok::<(), certsession_tls::MutualTlsError>(())
/// ```
///
/// These hold for both stacks and cannot be changed:
///
/// - TLS 1.2 and 1.3 only. HTTP/2 and HTTP/1.1 by ALPN, as the adapter offers them.
/// - Client certificates are verified against the given CAs alone, never the system's
///   roots, and have to be usable as such (extended key usage `clientAuth`, or none).
/// - No session resumption unless it is asked for ([`Resumption`](crate::Resumption)): on a resumed
///   connection no verifier of the stack's runs.
/// - No renegotiation and no early data.
/// - Each refused client certificate is a warning in the log, target `certsession::tls`.
/// - Files are followed: a server certificate, client CAs or revocation lists that change are in
///   force within half a second, for the handshakes that begin then. Open connections stay open.
///   A file that is refused leaves what was in force, and the log says why.
pub struct MutualTls {
    pub(crate) stack: ServerTls,
    pub(crate) verifier: PeerVerifier,
    pub(crate) reloader: Reloader,
    pub(crate) certificates: CertificatesInForce,
    pub(crate) alpn: Alpn,
    pub(crate) handshake_timeout: Duration,
}

/// The configuration of one TLS stack.
#[non_exhaustive]
pub enum ServerTls {
    /// For rustls 0.23.
    #[cfg(feature = "rustls-0_23")]
    Rustls(Box<rustls::ServerConfig>),
    /// For OpenSSL.
    #[cfg(feature = "openssl")]
    OpenSsl(openssl::ssl::SslAcceptorBuilder),
}

impl MutualTls {
    /// Sets the application protocols that are offered, most preferred first. Default: `h2`,
    /// then `http/1.1`. An adapter calls it with the protocols that its server speaks.
    #[must_use]
    pub fn with_alpn(mut self, protocols: &[&str]) -> Self {
        self.alpn.set(protocols);
        match &mut self.stack {
            #[cfg(feature = "rustls-0_23")]
            ServerTls::Rustls(config) => config.alpn_protocols = self.alpn.protocols(),
            // Its callback reads the protocols in each handshake.
            #[cfg(feature = "openssl")]
            ServerTls::OpenSsl(_) => {}
        }
        self
    }

    /// How long a handshake may take; an adapter's server drops one that takes longer. See
    /// [`MutualTlsBuilder::handshake_timeout`](crate::MutualTlsBuilder::handshake_timeout).
    pub const fn handshake_timeout(&self) -> Duration {
        self.handshake_timeout
    }

    /// A handle with which the application can reload changed files at once.
    pub fn reloader(&self) -> Reloader {
        self.reloader.clone()
    }

    /// Which certificates are in force, and when they expire: keep it for a health check.
    pub fn certificates(&self) -> CertificatesInForce {
        self.certificates.clone()
    }

    /// The stack's configuration, and the verifier of its peers: for a server that is bound
    /// without an adapter's own call. What is changed in the configuration is no longer covered
    /// by the guarantees of this type.
    pub fn into_parts(self) -> (ServerTls, PeerVerifier) {
        (self.stack, self.verifier)
    }
}

impl fmt::Debug for MutualTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MutualTls")
            .field("stack", &self.stack)
            .field("alpn", &self.alpn)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match *self {
            #[cfg(feature = "rustls-0_23")]
            Self::Rustls(_) => "rustls",
            #[cfg(feature = "openssl")]
            Self::OpenSsl(_) => "openssl",
        })
    }
}

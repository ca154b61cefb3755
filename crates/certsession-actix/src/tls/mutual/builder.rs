//! Gathers the parts of a mutual TLS configuration and hands them to one TLS stack.

use std::fmt;
use std::path::PathBuf;

use certsession_core::{Clock, SystemClock};
use rustls_pki_types::CertificateDer;

use super::identity::ServerIdentity;
use super::pem::PemSource;
use super::{MutualTlsError, client_ca};

/// A server-side TLS configuration that asks its clients for certificates, for one of both
/// TLS stacks; [`bind_mutual_tls`](super::BindMutualTls::bind_mutual_tls) takes it.
///
/// ```no_run
/// use certsession_actix::{ClientAuth, MutualTls};
///
/// # #[cfg(feature = "rustls-0_23")]
/// let tls = MutualTls::builder()
///     .server_identity_files("certs/server.pem", "certs/server.key")
///     .client_ca_file("certs/ca.pem")
///     .client_auth(ClientAuth::Optional)
///     .build_rustls()?;
/// # Ok::<(), certsession_actix::MutualTlsError>(())
/// ```
///
/// What holds for both stacks, and is not for setting:
///
/// - TLS 1.2 and 1.3 only; HTTP/2 (with the crate's feature `http2`) and HTTP/1.1 by ALPN.
/// - Client certificates are verified against the given CAs alone, never the system's
///   roots, and have to be usable as such (extended key usage `clientAuth`, or none).
/// - No session resumption of any kind: on a resumed connection no verifier runs, so that
///   an expired or revoked certificate would go on being let in.
/// - No renegotiation and no early data.
/// - Each refused client certificate is a warning in the log, target `certsession::tls`.
pub struct MutualTls(pub(super) Stack);

pub(super) enum Stack {
    #[cfg(feature = "rustls-0_23")]
    Rustls(Box<rustls::ServerConfig>),
    #[cfg(feature = "openssl")]
    OpenSsl(openssl::ssl::SslAcceptorBuilder),
}

impl MutualTls {
    /// Starts an empty configuration; a server identity and a client CA have to be given.
    pub fn builder() -> MutualTlsBuilder {
        MutualTlsBuilder::default()
    }
}

impl fmt::Debug for MutualTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            #[cfg(feature = "rustls-0_23")]
            Stack::Rustls(_) => "MutualTls(rustls)",
            #[cfg(feature = "openssl")]
            Stack::OpenSsl(_) => "MutualTls(openssl)",
        })
    }
}

/// What a client without a certificate gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ClientAuth {
    /// No connection: the handshake fails. The default.
    #[default]
    Required,
    /// A connection, on which it is anonymous. A certificate that does not verify is
    /// refused all the same.
    Optional,
}

/// Builds a [`MutualTls`]: the same parts for both TLS stacks, the stack chosen last.
///
/// Files are read by the `build_*` methods, each time anew. So a builder that is kept can
/// build again after the files have changed.
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until one of its build_* methods is called"]
pub struct MutualTlsBuilder {
    identity: Option<(PemSource, PemSource)>,
    client_cas: Vec<PemSource>,
    client_auth: ClientAuth,
}

impl MutualTlsBuilder {
    /// The server's certificate chain, its own certificate first, and its private key
    /// (PKCS#8, PKCS#1 or SEC1, not encrypted), from PEM files. Both may be the same file.
    ///
    /// There is one server identity: a later call replaces an earlier one.
    pub fn server_identity_files(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.identity = Some((
            PemSource::File(certificate.into()),
            PemSource::File(key.into()),
        ));
        self
    }

    /// As [`server_identity_files`](Self::server_identity_files), from PEM in memory.
    pub fn server_identity_pem(
        mut self,
        certificate: impl Into<Vec<u8>>,
        key: impl Into<Vec<u8>>,
    ) -> Self {
        self.identity = Some((
            PemSource::Bytes {
                what: "server certificate",
                pem: certificate.into(),
            },
            PemSource::Bytes {
                what: "server key",
                pem: key.into(),
            },
        ));
        self
    }

    /// A PEM file with the certificates of the CAs that client certificates are verified
    /// against: one or several, roots or intermediates.
    ///
    /// Each call adds to those before. A CA that has expired is left out, with a warning.
    pub fn client_ca_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.client_cas.push(PemSource::File(path.into()));
        self
    }

    /// As [`client_ca_file`](Self::client_ca_file), from PEM in memory.
    pub fn client_ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.client_cas.push(PemSource::Bytes {
            what: "client CA",
            pem: pem.into(),
        });
        self
    }

    /// Whether a client has to have a certificate. Default: [`ClientAuth::Required`].
    pub fn client_auth(mut self, client_auth: ClientAuth) -> Self {
        self.client_auth = client_auth;
        self
    }

    /// Builds for rustls, with ring as its crypto provider.
    ///
    /// # Errors
    ///
    /// [`MutualTlsError`], which names the part that is missing, or the file and what is
    /// wrong in it.
    #[cfg(feature = "rustls-0_23")]
    pub fn build_rustls(&self) -> Result<MutualTls, MutualTlsError> {
        let config = self.build_rustls_0_23_config()?;
        Ok(MutualTls(Stack::Rustls(Box::new(config))))
    }

    /// Builds for OpenSSL, 1.1.1 or later.
    ///
    /// # Errors
    ///
    /// As [`build_rustls`](Self::build_rustls), with the same error for the same file.
    #[cfg(feature = "openssl")]
    pub fn build_openssl(&self) -> Result<MutualTls, MutualTlsError> {
        Ok(MutualTls(Stack::OpenSsl(self.build_openssl_acceptor()?)))
    }

    /// Builds the bare configuration of rustls 0.23, for actix's own `bind_rustls_0_23`
    /// and `listen_rustls_0_23`. Install [`capture_peer`](crate::capture_peer) before.
    ///
    /// What is changed in it is no longer covered by the promises of [`MutualTls`].
    ///
    /// # Errors
    ///
    /// As [`build_rustls`](Self::build_rustls).
    #[cfg(feature = "rustls-0_23")]
    pub fn build_rustls_0_23_config(&self) -> Result<rustls::ServerConfig, MutualTlsError> {
        let (identity, client_cas) = self.load()?;
        super::rustls_stack::config(identity, client_cas, self.client_auth)
    }

    /// Builds the bare acceptor of OpenSSL, for actix's own `bind_openssl` and
    /// `listen_openssl`. Install [`capture_peer`](crate::capture_peer) before.
    ///
    /// What is changed in it is no longer covered by the promises of [`MutualTls`].
    ///
    /// # Errors
    ///
    /// As [`build_rustls`](Self::build_rustls), with the same error for the same file.
    #[cfg(feature = "openssl")]
    pub fn build_openssl_acceptor(
        &self,
    ) -> Result<openssl::ssl::SslAcceptorBuilder, MutualTlsError> {
        let (identity, client_cas) = self.load()?;
        super::openssl_stack::acceptor(identity, client_cas, self.client_auth)
    }

    fn load(&self) -> Result<(ServerIdentity, Vec<CertificateDer<'static>>), MutualTlsError> {
        let now = SystemClock.now();
        let (certificate, key) = self
            .identity
            .as_ref()
            .ok_or(MutualTlsError::NoServerIdentity)?;
        if self.client_cas.is_empty() {
            return Err(MutualTlsError::NoClientCa);
        }
        let identity = ServerIdentity::load(certificate, key, now)?;
        Ok((identity, client_ca::load(&self.client_cas, now)?))
    }
}

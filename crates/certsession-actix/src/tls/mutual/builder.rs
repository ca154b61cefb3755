//! Gathers the parts of a mutual TLS configuration and hands them to one TLS stack.

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use certsession_core::{Clock, RevocationList, SystemClock, Timestamp};

use super::identity::ServerIdentity;
use super::pem::PemSource;
use super::reloadable::{Parts, SharedConfig};
use super::watch::Watch;
use super::{MutualTlsError, Resumption, client_ca, crl_file};

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
/// - No session resumption unless it is asked for ([`Resumption`]): on a resumed connection no
///   verifier of the stack's runs.
/// - No renegotiation and no early data.
/// - Each refused client certificate is a warning in the log, target `certsession::tls`.
/// - Files are followed: a server certificate, client CAs or revocation lists that change are
///   in force within half a second, for the handshakes that begin then. Open connections stay
///   open. A file that is refused leaves what was in force, and the log says why.
pub struct MutualTls {
    pub(super) stack: Stack,
    /// Absent only where tests have put a configuration together by themselves.
    pub(super) reloadable: Option<SharedConfig>,
}

/// What an application chose, besides what is in files.
pub(super) struct Choices {
    pub(super) client_auth: ClientAuth,
    pub(super) revocations: Option<RevocationList>,
    pub(super) resumption: Resumption,
}

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
        f.write_str(match self.stack {
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
/// Files are read by the `build_*` methods, each time anew, and whenever they change afterwards.
#[derive(Debug, Clone, Default)]
#[must_use = "a builder does nothing until one of its build_* methods is called"]
pub struct MutualTlsBuilder {
    identity: Option<(PemSource, PemSource)>,
    client_cas: Vec<PemSource>,
    client_auth: ClientAuth,
    revocations: Option<RevocationList>,
    crl_files: Vec<PathBuf>,
    resumption: Resumption,
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

    /// The list of revoked certificates that each handshake asks. Give the same one to
    /// [`SessionManagerBuilder::revocations`](certsession_core::SessionManagerBuilder::revocations),
    /// which asks it on each request, and ends the sessions of what is added to it.
    pub fn revocations(mut self, list: &RevocationList) -> Self {
        self.revocations = Some(list.clone());
        self
    }

    /// A file with certificate revocation lists, PEM or DER, for the list of
    /// [`revocations`](Self::revocations); each call adds a file. A PEM file may hold lists of
    /// several CAs.
    ///
    /// Each list has to be signed by one of the client CAs. When the file changes, its new lists
    /// take the place of the old ones; a file that is refused leaves them in force.
    pub fn crl_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.crl_files.push(path.into());
        self
    }

    /// Whether clients may resume an earlier TLS session. Default: [`Resumption::Off`].
    pub fn resumption(mut self, resumption: Resumption) -> Self {
        self.resumption = resumption;
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
        let (config, reloadable) = self.rustls(true)?;
        Ok(MutualTls {
            stack: Stack::Rustls(Box::new(config)),
            reloadable: Some(reloadable),
        })
    }

    /// Builds for OpenSSL, 1.1.1 or later.
    ///
    /// # Errors
    ///
    /// As [`build_rustls`](Self::build_rustls), with the same error for the same file.
    #[cfg(feature = "openssl")]
    pub fn build_openssl(&self) -> Result<MutualTls, MutualTlsError> {
        let (acceptor, reloadable) = self.openssl(true)?;
        Ok(MutualTls {
            stack: Stack::OpenSsl(acceptor),
            reloadable: Some(reloadable),
        })
    }

    /// Builds the bare configuration of rustls 0.23, for actix's own `bind_rustls_0_23`
    /// and `listen_rustls_0_23`. Install [`capture_peer`](crate::capture_peer) before.
    ///
    /// What is changed in it is no longer covered by the promises of [`MutualTls`]. Of the files
    /// it follows the revocation lists alone.
    ///
    /// # Errors
    ///
    /// As [`build_rustls`](Self::build_rustls), and if resumption is on, which needs the hook
    /// of [`bind_mutual_tls`](super::BindMutualTls::bind_mutual_tls).
    #[cfg(feature = "rustls-0_23")]
    pub fn build_rustls_0_23_config(&self) -> Result<rustls::ServerConfig, MutualTlsError> {
        self.refuse_resumption()?;
        Ok(self.rustls(false)?.0)
    }

    /// Builds the bare acceptor of OpenSSL, for actix's own `bind_openssl` and
    /// `listen_openssl`. Install [`capture_peer`](crate::capture_peer) before.
    ///
    /// What is changed in it is no longer covered by the promises of [`MutualTls`]. Of the files
    /// it follows the revocation lists alone.
    ///
    /// # Errors
    ///
    /// As [`build_rustls_0_23_config`](Self::build_rustls_0_23_config), with the same error for
    /// the same file.
    #[cfg(feature = "openssl")]
    pub fn build_openssl_acceptor(
        &self,
    ) -> Result<openssl::ssl::SslAcceptorBuilder, MutualTlsError> {
        self.refuse_resumption()?;
        Ok(self.openssl(false)?.0)
    }

    #[cfg(feature = "rustls-0_23")]
    fn rustls(
        &self,
        follows_parts: bool,
    ) -> Result<(rustls::ServerConfig, SharedConfig), MutualTlsError> {
        let watch = Watch::begin(self, follows_parts);
        let parts = self.load_all()?;
        let (config, reloadable) = super::rustls_stack::config(parts, &self.choices())?;
        let reloadable: SharedConfig = reloadable;
        watch.follow(self.clone(), Arc::downgrade(&reloadable))?;
        Ok((config, reloadable))
    }

    #[cfg(feature = "openssl")]
    fn openssl(
        &self,
        follows_parts: bool,
    ) -> Result<(openssl::ssl::SslAcceptorBuilder, SharedConfig), MutualTlsError> {
        let watch = Watch::begin(self, follows_parts);
        let parts = self.load_all()?;
        let (acceptor, reloadable) = super::openssl_stack::acceptor(parts, self.choices())?;
        let reloadable: SharedConfig = reloadable;
        watch.follow(self.clone(), Arc::downgrade(&reloadable))?;
        Ok((acceptor, reloadable))
    }

    fn choices(&self) -> Choices {
        Choices {
            client_auth: self.client_auth,
            revocations: self.revocations.clone(),
            resumption: self.resumption,
        }
    }

    /// The plain hook does not verify resumed connections, and who binds by themselves has no
    /// other.
    fn refuse_resumption(&self) -> Result<(), MutualTlsError> {
        match self.resumption {
            Resumption::Off => Ok(()),
            _ => Err(MutualTlsError::ResumptionIsUnverified),
        }
    }

    fn load_all(&self) -> Result<Parts, MutualTlsError> {
        let parts = self.load()?;
        for path in &self.crl_files {
            let list = self.list()?;
            crl_file::load(path, &parts.client_cas, list)?;
        }
        Ok(parts)
    }

    pub(super) fn load(&self) -> Result<Parts, MutualTlsError> {
        let now = SystemClock.now();
        let (certificate, key) = self
            .identity
            .as_ref()
            .ok_or(MutualTlsError::NoServerIdentity)?;
        if self.client_cas.is_empty() {
            return Err(MutualTlsError::NoClientCa);
        }
        Ok(Parts {
            identity: ServerIdentity::load(certificate, key, now)?,
            client_cas: client_ca::load(&self.client_cas, now)?,
        })
    }

    /// Reads one of the revocation lists anew; returns when it is overdue.
    pub(super) fn load_crl(&self, path: &Path) -> Result<Timestamp, MutualTlsError> {
        let client_cas = client_ca::load(&self.client_cas, SystemClock.now())?;
        crl_file::load(path, &client_cas, self.list()?)
    }

    fn list(&self) -> Result<&RevocationList, MutualTlsError> {
        self.revocations
            .as_ref()
            .ok_or(MutualTlsError::NoRevocations)
    }

    pub(super) fn crl_files(&self) -> &[PathBuf] {
        &self.crl_files
    }

    /// The files with the client CAs.
    pub(super) fn ca_files(&self) -> impl Iterator<Item = PathBuf> {
        let cas = self.client_cas.iter();
        cas.filter_map(|source| source.path().map(Path::to_owned))
    }

    /// The files with the server's identity and the client CAs.
    pub(super) fn part_files(&self) -> Vec<PathBuf> {
        let identity = self
            .identity
            .iter()
            .flat_map(|(first, second)| [first, second]);
        let identity = identity.filter_map(|source| source.path().map(Path::to_owned));
        identity.chain(self.ca_files()).collect()
    }
}

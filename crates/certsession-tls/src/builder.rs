//! Gathers the parts of a mutual TLS configuration and hands them to one TLS stack.

use std::path::PathBuf;
use std::sync::{Arc, Weak};
use std::time::Duration;

use certsession_core::{ChainVerifier, Clock, PublicKeyHash, RevocationList, SystemClock};

use crate::chain_verifier::ClientChainVerifier;
use crate::error::MutualTlsError;
use crate::mutual_tls::{MutualTls, ServerTls};
use crate::peer::PeerVerifier;
use crate::reload::{ReloadableConfig, Watch};
use crate::settings::{Alpn, ClientAuth, Resumption, Settings, SharedClock};
use crate::sources::{PemSource, Sources};

/// Builds a [`MutualTls`](crate::MutualTls): the same parts for both TLS stacks, the stack chosen
/// last.
///
/// Files are read by the `build_*` methods, each time again, and whenever they change afterwards.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until one of its build_* methods is called"]
pub struct MutualTlsBuilder {
    sources: Sources,
    client_keys: Vec<PublicKeyHash>,
    client_auth: ClientAuth,
    resumption: Resumption,
    clock: SharedClock,
    sends_ca_names: bool,
    handshake_timeout: Duration,
}

impl Default for MutualTlsBuilder {
    fn default() -> Self {
        Self {
            sources: Sources::default(),
            client_keys: Vec::new(),
            client_auth: ClientAuth::default(),
            resumption: Resumption::default(),
            clock: SharedClock::new(SystemClock),
            sends_ca_names: true,
            handshake_timeout: Duration::from_secs(30),
        }
    }
}

impl MutualTls {
    /// Starts an empty configuration; a server identity and a client CA have to be given.
    pub fn builder() -> MutualTlsBuilder {
        MutualTlsBuilder::default()
    }
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
        self.sources.identity = Some((
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
        self.sources.identity = Some((
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
        self.sources.client_cas.push(PemSource::File(path.into()));
        self
    }

    /// As [`client_ca_file`](Self::client_ca_file), from PEM in memory.
    pub fn client_ca_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.sources.client_cas.push(PemSource::Bytes {
            what: "client CA",
            pem: pem.into(),
        });
        self
    }

    /// Lets a client in by its public key, whichever CA issued its certificate; each call adds a key. For
    /// a socket whose one client is a proxy. There must be no client CA beside it; the certificate's
    /// dates, key usage and revocation still count.
    ///
    /// The hash is SHA-256 of the SubjectPublicKeyInfo:
    /// `openssl x509 -in proxy.pem -pubkey -noout | openssl pkey -pubin -outform der | sha256sum`.
    pub fn client_public_key(mut self, key: PublicKeyHash) -> Self {
        self.client_keys.push(key);
        self
    }

    /// A PEM file with intermediates between the client CAs and clients, for
    /// [`build_rustls_chain_verifier`](Self::build_rustls_chain_verifier): not every proxy forwards
    /// them. Each call adds a file. In a handshake clients send their own.
    pub fn intermediate_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.sources
            .intermediates
            .push(PemSource::File(path.into()));
        self
    }

    /// As [`intermediate_file`](Self::intermediate_file), from PEM in memory.
    pub fn intermediate_pem(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.sources.intermediates.push(PemSource::Bytes {
            what: "intermediate",
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
        self.sources.revocations = Some(list.clone());
        self
    }

    /// A file with certificate revocation lists, PEM or DER, for the list of
    /// [`revocations`](Self::revocations); each call adds a file. A PEM file may hold lists of
    /// several CAs.
    ///
    /// Each list has to be signed by one of the client CAs, or by one of
    /// [`crl_signer_file`](Self::crl_signer_file). When the file changes, each new list takes the
    /// place of the one that it succeeds; what is refused or missing leaves the old one in force.
    pub fn crl_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.sources.crl_files.push(path.into());
        self
    }

    /// A PEM file with certificates of CAs whose revocation lists count, although client
    /// certificates are not verified against them: an intermediate below a client CA, or a key of
    /// a client CA's name that signs lists alone. Each call adds a file.
    ///
    /// That they may is for the caller to know; of the certificate only the name, the key, the
    /// dates and the key usage (cRLSign) are looked at.
    pub fn crl_signer_file(mut self, path: impl Into<PathBuf>) -> Self {
        self.sources.crl_signers.push(PemSource::File(path.into()));
        self
    }

    /// How many bytes the revocation lists of a file may have, in DER. Default:
    /// [`MAX_CRL_SIZE`](certsession_core::MAX_CRL_SIZE), 8 MiB.
    ///
    /// A list is read whole. While it is read it takes twice its size in memory, and afterwards
    /// less than its size.
    pub fn max_crl_size(mut self, bytes: usize) -> Self {
        self.sources.crl_settings.max_size = bytes;
        self
    }

    /// Whether handshakes name the client CAs, so that a browser offers only certificates that
    /// can be accepted. Default: true, and more names than fit into a handshake (63 KiB) are an
    /// error.
    pub fn send_ca_names(mut self, sends_ca_names: bool) -> Self {
        self.sends_ca_names = sends_ca_names;
        self
    }

    /// How long a handshake may take. Default: 30 seconds, as a person may have to enter the PIN of
    /// a smart card, or to touch a key, in the middle of it.
    pub fn handshake_timeout(mut self, timeout: Duration) -> Self {
        self.handshake_timeout = timeout;
        self
    }

    /// Whether clients may resume an earlier TLS session. Default: [`Resumption::Off`].
    pub fn resumption(mut self, resumption: Resumption) -> Self {
        self.resumption = resumption;
        self
    }

    /// The clock by which certificates and lists are judged, in handshakes and when files are
    /// read. Default: [`SystemClock`].
    pub fn clock(mut self, clock: impl Clock) -> Self {
        self.clock = SharedClock::new(clock);
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
        self.check_server()?;
        let (mut watch, settings) = self.begin();
        let (config, reloadable) = crate::rustls_stack::config(watch.load()?, &settings)?;
        finish(
            ServerTls::Rustls(Box::new(config)),
            PeerVerifier::of_rustls(Arc::clone(&reloadable)),
            watch,
            reloadable,
            settings,
        )
    }

    /// Builds for OpenSSL, 3.0 or later.
    ///
    /// # Errors
    ///
    /// As [`build_rustls`](Self::build_rustls), with the same error for the same file.
    #[cfg(feature = "openssl")]
    pub fn build_openssl(&self) -> Result<MutualTls, MutualTlsError> {
        self.check_server()?;
        let (mut watch, settings) = self.with_openssl_signatures().begin();
        let (acceptor, reloadable) =
            crate::openssl_stack::acceptor(watch.load()?, settings.clone())?;
        finish(
            ServerTls::OpenSsl(acceptor),
            PeerVerifier::of_openssl(Arc::clone(&reloadable)),
            watch,
            reloadable,
            settings,
        )
    }

    /// Builds what verifies the certificates that a proxy forwards, by rustls' verifier: against the
    /// client CAs, with the intermediates. It needs no server identity. Files are followed, those
    /// with revocation lists too.
    ///
    /// # Errors
    ///
    /// As [`build_rustls`](Self::build_rustls).
    #[cfg(feature = "rustls-0_23")]
    pub fn build_rustls_chain_verifier(&self) -> Result<ClientChainVerifier, MutualTlsError> {
        self.check_client_cas()?;
        let (mut watch, _) = self.begin();
        let chains = crate::rustls_stack::RustlsChains::new(watch.load()?, self.clock.clone())?;
        follow_chains(Arc::new(chains), watch)
    }

    /// As [`build_rustls_chain_verifier`](Self::build_rustls_chain_verifier), by OpenSSL's verifier.
    ///
    /// # Errors
    ///
    /// As [`build_openssl`](Self::build_openssl).
    #[cfg(feature = "openssl")]
    pub fn build_openssl_chain_verifier(&self) -> Result<ClientChainVerifier, MutualTlsError> {
        self.check_client_cas()?;
        let (mut watch, _) = self.with_openssl_signatures().begin();
        let chains = crate::openssl_stack::OpenSslChains::new(watch.load()?, self.clock.clone())?;
        follow_chains(Arc::new(chains), watch)
    }

    #[cfg(feature = "openssl")]
    fn with_openssl_signatures(&self) -> Self {
        let mut this = self.clone();
        let signatures = Arc::new(crate::openssl_stack::Signatures);
        this.sources.crl_settings.signatures = Some(signatures);
        this
    }

    /// Whether everything is there that a server needs.
    fn check_server(&self) -> Result<(), MutualTlsError> {
        if self.sources.identity.is_none() {
            return Err(MutualTlsError::NoServerIdentity);
        }
        match (
            self.client_keys.is_empty(),
            self.sources.client_cas.is_empty(),
        ) {
            (false, false) => Err(MutualTlsError::KeysBesideCas),
            (false, true) => Ok(()),
            (true, _) => self.check_client_cas(),
        }
    }

    fn check_client_cas(&self) -> Result<(), MutualTlsError> {
        match self.sources.client_cas.is_empty() {
            true => Err(MutualTlsError::NoClientCa),
            false => Ok(()),
        }
    }

    fn begin(&self) -> (Watch, Settings) {
        let settings = Settings {
            client_auth: self.client_auth,
            client_keys: self.client_keys.clone(),
            revocations: self.sources.revocations.clone(),
            resumption: self.resumption,
            clock: self.clock.clone(),
            alpn: Alpn::default(),
            sends_ca_names: self.sends_ca_names,
            handshake_timeout: self.handshake_timeout,
        };
        let watch = Watch::begin(self.sources.clone(), self.clock.clone());
        (watch, settings)
    }
}

fn follow_chains<C: ReloadableConfig + ChainVerifier>(
    chains: Arc<C>,
    watch: Watch,
) -> Result<ClientChainVerifier, MutualTlsError> {
    let config: Arc<dyn ReloadableConfig> = Arc::clone(&chains) as Arc<_>;
    let certificates = watch.certificates();
    let reloader = watch.into_reloader(Arc::downgrade(&config));
    reloader.follow()?;
    Ok(ClientChainVerifier::new(chains, reloader, certificates))
}

fn finish<C: ReloadableConfig + 'static>(
    stack: ServerTls,
    verifier: PeerVerifier,
    watch: Watch,
    config: Arc<C>,
    settings: Settings,
) -> Result<MutualTls, MutualTlsError> {
    let config: Arc<dyn ReloadableConfig> = config;
    let config: Weak<dyn ReloadableConfig> = Arc::downgrade(&config);
    let certificates = watch.certificates();
    let reloader = watch.into_reloader(config);
    reloader.follow()?;
    Ok(MutualTls {
        certificates,
        stack,
        verifier,
        reloader,
        alpn: settings.alpn,
        handshake_timeout: settings.handshake_timeout,
    })
}

//! The configuration for rustls, with ring as its one crypto provider.

use std::any::Any;
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use actix_tls::accept::rustls_0_23::TlsStream;
use actix_web::rt::net::TcpStream;
use certsession_core::RevocationList;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::danger::ClientCertVerifier;
use rustls::server::{
    ClientHello, NoServerSessionStorage, ResolvesServerCert, ServerSessionMemoryCache,
    WebPkiClientVerifier,
};
use rustls::sign::CertifiedKey;
use rustls::version::{TLS12, TLS13};
use rustls::{Error, HandshakeKind, InconsistentKeys, RootCertStore, ServerConfig};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::builder::Choices;
use super::identity::ServerIdentity;
use super::reloadable::{Parts, ReloadableConfig};
use super::resumption::CACHE_SIZE;
use super::root_hint_subjects::RootHintSubjects;
use super::rustls_verifier::ReloadableVerifier;
use super::{ClientAuth, MutualTlsError, Resumption};

/// The provider is named at each step: nothing here reads or sets a process-wide default.
///
/// ALPN is left alone, since actix puts `h2` and `http/1.1` before whatever is set here.
pub(super) fn config(
    parts: Parts,
    choices: &Choices,
) -> Result<(ServerConfig, Arc<RustlsConfig>), MutualTlsError> {
    let reloadable = Arc::new(RustlsConfig::new(parts, choices)?);
    let verifier = ReloadableVerifier::new(Arc::clone(&reloadable));
    let mut config = ServerConfig::builder_with_provider(Arc::clone(&reloadable.provider))
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(stack)?
        .with_client_cert_verifier(Arc::new(verifier))
        .with_cert_resolver(Arc::clone(&reloadable) as Arc<dyn ResolvesServerCert>);
    set_resumption(&mut config, choices.resumption).map_err(stack)?;
    // The default, said because it matters: early data can be replayed.
    config.max_early_data_size = 0;
    Ok((config, reloadable))
}

/// The cache and the ticket key are made here, for this configuration alone.
fn set_resumption(config: &mut ServerConfig, resumption: Resumption) -> Result<(), Error> {
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 2;
    match resumption {
        // No verifier runs on a resumed connection: a certificate that has expired or was
        // revoked since the full handshake would be let in. So each one is a full handshake.
        Resumption::Off => config.send_tls13_tickets = 0,
        Resumption::Tickets => config.ticketer = ring::Ticketer::new()?,
        Resumption::Cache => config.session_storage = ServerSessionMemoryCache::new(CACHE_SIZE),
    }
    Ok(())
}

/// What can change while the server runs.
pub(super) struct RustlsConfig {
    provider: Arc<CryptoProvider>,
    client_auth: ClientAuth,
    pub(super) revocations: Option<RevocationList>,
    current: RwLock<Current>,
    pub(super) root_hint_subjects: RootHintSubjects,
}

#[derive(Clone)]
struct Current {
    certified: Arc<CertifiedKey>,
    verifier: Arc<dyn ClientCertVerifier>,
}

impl RustlsConfig {
    fn new(parts: Parts, choices: &Choices) -> Result<Self, MutualTlsError> {
        let provider = Arc::new(ring::default_provider());
        let current = Current::new(&provider, parts, choices.client_auth)?;
        Ok(Self {
            root_hint_subjects: RootHintSubjects::new(current.verifier.root_hint_subjects()),
            provider,
            client_auth: choices.client_auth,
            revocations: choices.revocations.clone(),
            current: RwLock::new(current),
        })
    }

    /// The verifier of webpki for the client CAs of now.
    pub(super) fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        self.current().verifier
    }

    fn current(&self) -> Current {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }
}

impl ReloadableConfig for RustlsConfig {
    fn replace(&self, parts: Parts) -> Result<(), MutualTlsError> {
        let new = Current::new(&self.provider, parts, self.client_auth)?;
        self.root_hint_subjects
            .replace(new.verifier.root_hint_subjects());
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        Ok(())
    }

    fn reverify(&self, connection: &dyn Any) -> bool {
        let Some(stream) = connection.downcast_ref::<TlsStream<TcpStream>>() else {
            return true;
        };
        let (_, tls) = stream.get_ref();
        if tls.handshake_kind() != Some(HandshakeKind::Resumed) {
            return true;
        }
        match tls.peer_certificates() {
            Some([leaf, intermediates @ ..]) => {
                let verifier = super::rustls_verifier::Audited(self);
                verifier
                    .verify(leaf, intermediates, UnixTime::now())
                    .is_ok()
            }
            _ => true,
        }
    }
}

impl ResolvesServerCert for RustlsConfig {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(self.current().certified)
    }
}

impl fmt::Debug for RustlsConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RustlsConfig").finish_non_exhaustive()
    }
}

impl Current {
    fn new(
        provider: &Arc<CryptoProvider>,
        parts: Parts,
        client_auth: ClientAuth,
    ) -> Result<Self, MutualTlsError> {
        Ok(Self {
            verifier: verifier(provider, parts.client_cas, client_auth)?,
            certified: Arc::new(certified_key(provider, parts.identity)?),
        })
    }
}

fn verifier(
    provider: &Arc<CryptoProvider>,
    client_cas: Vec<CertificateDer<'static>>,
    client_auth: ClientAuth,
) -> Result<Arc<dyn ClientCertVerifier>, MutualTlsError> {
    let mut roots = RootCertStore::empty();
    for ca in client_cas {
        roots.add(ca).map_err(stack)?;
    }
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    match client_auth {
        ClientAuth::Required => builder.build(),
        ClientAuth::Optional => builder.allow_unauthenticated().build(),
    }
    .map_err(stack)
}

fn certified_key(
    provider: &CryptoProvider,
    identity: ServerIdentity,
) -> Result<CertifiedKey, MutualTlsError> {
    let key = match provider.key_provider.load_private_key(identity.key) {
        Ok(key) => key,
        Err(error) => {
            return Err(MutualTlsError::UnusableKey {
                origin: identity.key_origin,
                source: error.into(),
            });
        }
    };
    let certified = CertifiedKey::new(identity.chain, key);
    match certified.keys_match() {
        Ok(()) => Ok(certified),
        Err(Error::InconsistentKeys(InconsistentKeys::KeyMismatch)) => {
            Err(MutualTlsError::KeyMismatch {
                certificate: identity.certificate_origin,
                key: identity.key_origin,
            })
        }
        Err(error) => Err(stack(error)),
    }
}

fn stack(error: impl std::error::Error + Send + Sync + 'static) -> MutualTlsError {
    MutualTlsError::Stack {
        stack: "rustls",
        source: Box::new(error),
    }
}

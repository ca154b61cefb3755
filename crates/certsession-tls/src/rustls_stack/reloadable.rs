//! What can change while a server over rustls runs, and who its peers are.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use certsession_core::{CertificateError, PeerState, TrustAnchor};
use rustls::CertificateError as Refusal;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{Error, HandshakeKind, InconsistentKeys, RootCertStore, ServerConnection};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::pinned::PinnedKeys;
use super::root_hint_subjects::RootHintSubjects;
use super::roots::{Roots, Unverified, stack, unix_time};
use crate::error::MutualTlsError;
use crate::handshake::{self, Denied, Leaf, VerifiedLeaves};
use crate::reload::ReloadableConfig;
use crate::settings::{ClientAuth, Settings};
use crate::sources::{Parts, ServerIdentity};

/// What can change while the server runs.
pub(crate) struct RustlsConfig {
    pub(super) provider: Arc<CryptoProvider>,
    pub(super) settings: Settings,
    current: RwLock<Current>,
    pub(super) root_hint_subjects: RootHintSubjects,
    pub(super) verified: VerifiedLeaves,
    /// How often the client CAs were replaced.
    generation: AtomicU64,
}

#[derive(Clone)]
struct Current {
    certified: Arc<CertifiedKey>,
    verifier: Arc<dyn ClientCertVerifier>,
    roots: Roots,
}

impl RustlsConfig {
    pub(super) fn new(parts: Parts, settings: &Settings) -> Result<Self, MutualTlsError> {
        let provider = Arc::new(ring::default_provider());
        let current = Current::new(&provider, parts, settings)?;
        Ok(Self {
            root_hint_subjects: RootHintSubjects::new(current.verifier.root_hint_subjects()),
            generation: AtomicU64::new(0),
            provider,
            settings: settings.clone(),
            current: RwLock::new(current),
            verified: VerifiedLeaves::default(),
        })
    }

    /// The peer of a finished handshake. A resumed connection is verified again, and so is one
    /// whose leaf this configuration does not remember to have verified.
    pub(crate) fn peer(&self, connection: &ServerConnection) -> PeerState {
        let rejected = PeerState::Rejected(CertificateError::Unverified);
        let (leaf, intermediates) = match presented(connection) {
            Presented::Nothing => return PeerState::Absent,
            Presented::Unfinished => return rejected,
            Presented::Chain(leaf, intermediates) => (leaf, intermediates),
        };
        if connection.handshake_kind() != Some(HandshakeKind::Resumed)
            && let Some(certificate) = self.verified.take(leaf)
        {
            return PeerState::Verified(certificate);
        }
        let now = unix_time(&self.settings.clock);
        match self.verify(leaf, intermediates, now) {
            Ok((_, leaf)) => leaf.into_state(),
            Err(_) => rejected,
        }
    }

    /// The verifier of webpki for the client CAs in force.
    pub(super) fn verifier(&self) -> Arc<dyn ClientCertVerifier> {
        self.current().verifier
    }

    fn current(&self) -> Current {
        let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
        current.clone()
    }
}

impl RustlsConfig {
    /// How often the client CAs were replaced.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Whether a chain that was verified before still verifies, and by which CA.
    pub(crate) fn reverify(
        &self,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
    ) -> Option<TrustAnchor> {
        let now = unix_time(&self.settings.clock);
        let roots = self.current().roots;
        let anchor = roots.anchor(&self.provider, leaf, intermediates, now);
        anchor.ok()
    }

    /// Verifies a chain and asks the list; each refusal is logged.
    pub(super) fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(ClientCertVerified, Leaf), Error> {
        if self.settings.pins_keys() {
            return match handshake::judge_pinned(&self.settings, end_entity) {
                Ok(leaf) => Ok((ClientCertVerified::assertion(), leaf)),
                Err(denied) => Err(refused(end_entity, &denied)),
            };
        }
        let current = self.current();
        let anchor = current
            .roots
            .anchor(&self.provider, end_entity, intermediates, now);
        let anchor = match anchor {
            Ok(anchor) => anchor,
            Err(Unverified::IntermediateMayNotSign) => {
                return Err(refused(end_entity, &Denied::IntermediateMayNotSign));
            }
            Err(Unverified::NoPath) => {
                // rustls says why.
                let verifier = &current.verifier;
                let theirs = verifier.verify_client_cert(end_entity, intermediates, now);
                logged(end_entity, theirs)?;
                // It asks for the time of each certificate of the chain but for the CA's.
                let denied = Denied::CaExpired;
                handshake::client_refused("rustls", Some(end_entity), &denied);
                return Err(Error::InvalidCertificate(Refusal::Expired));
            }
        };
        let list = self.settings.revocations.as_ref();
        match handshake::judge(list, end_entity, Some(anchor), self.settings.clock.now()) {
            Ok(leaf) => Ok((ClientCertVerified::assertion(), leaf)),
            Err(denied) => Err(refused(end_entity, &denied)),
        }
    }
}

/// Logs what the certificate was refused for, and returns it as the stack's error.
fn refused(leaf: &[u8], denied: &Denied) -> Error {
    handshake::client_refused("rustls", Some(leaf), denied);
    Error::InvalidCertificate(match denied {
        Denied::Revoked => Refusal::Revoked,
        Denied::Unknown => Refusal::UnknownRevocationStatus,
        Denied::OtherKey => Refusal::ApplicationVerificationFailure,
        _ => Refusal::InvalidPurpose,
    })
}

/// Logs a refusal.
pub(super) fn logged<T>(leaf: &[u8], outcome: Result<T, Error>) -> Result<T, Error> {
    if let Err(error) = &outcome {
        handshake::client_refused("rustls", Some(leaf), error);
    }
    outcome
}

impl ReloadableConfig for RustlsConfig {
    fn replace(&self, parts: Parts) -> Result<(), MutualTlsError> {
        let new = Current::new(&self.provider, parts, &self.settings)?;
        let is_changed = new.roots.differ_from(&self.current().roots);
        self.root_hint_subjects
            .replace(new.verifier.root_hint_subjects());
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        if is_changed {
            self.generation.fetch_add(1, Ordering::Release);
        }
        Ok(())
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

/// What the client of a connection presented. The chain is as the client sent it, and not as it
/// was verified: only its first certificate, the leaf, is what the key was proved for.
pub(crate) enum Presented<'c> {
    Unfinished,
    Nothing,
    Chain(&'c CertificateDer<'c>, &'c [CertificateDer<'c>]),
}

pub(crate) fn presented(connection: &ServerConnection) -> Presented<'_> {
    if connection.is_handshaking() {
        return Presented::Unfinished;
    }
    match connection.peer_certificates() {
        Some([leaf, intermediates @ ..]) => Presented::Chain(leaf, intermediates),
        _ => Presented::Nothing,
    }
}

impl Current {
    fn new(
        provider: &Arc<CryptoProvider>,
        mut parts: Parts,
        settings: &Settings,
    ) -> Result<Self, MutualTlsError> {
        settings.check_ca_names(&parts.client_cas)?;
        let identity = parts.server_identity()?;
        let roots = Roots::new(&parts.client_cas)?;
        Ok(Self {
            verifier: match settings.pins_keys() {
                true => Arc::new(PinnedKeys::new(provider, settings)),
                false => verifier(provider, roots.store(), settings)?,
            },
            roots,
            certified: Arc::new(certified_key(provider, identity)?),
        })
    }
}

fn verifier(
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    settings: &Settings,
) -> Result<Arc<dyn ClientCertVerifier>, MutualTlsError> {
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::clone(roots), Arc::clone(provider));
    let builder = match settings.sends_ca_names {
        true => builder,
        false => builder.clear_root_hint_subjects(),
    };
    match settings.client_auth {
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

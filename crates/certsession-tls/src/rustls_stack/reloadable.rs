//! What can change while a server over rustls runs, and who its peers are.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use certsession_core::{CertificateError, PeerState, Timestamp, TrustAnchor};
use rustls::CertificateError as Refusal;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{Error, HandshakeKind, InconsistentKeys, RootCertStore, ServerConnection};
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use super::root_hint_subjects::RootHintSubjects;
use crate::error::MutualTlsError;
use crate::handshake::{self, Denied, Leaf, VerifiedLeaves};
use crate::reload::ReloadableConfig;
use crate::settings::{ClientAuth, Settings, SharedClock};
use crate::sources::{ClientCa, Parts, ServerIdentity};

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
    roots: Arc<RootCertStore>,
    /// One for each root.
    anchors: Arc<[Anchor]>,
}

/// What webpki does not keep of a root.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Anchor {
    identity: TrustAnchor,
    not_after: Timestamp,
}

impl Anchor {
    fn of(ca: &ClientCa) -> Self {
        Self {
            identity: ca.anchor(),
            not_after: ca.certificate.not_after(),
        }
    }

    fn is_alive(&self, now: UnixTime) -> bool {
        now.as_secs() <= self.not_after.as_millis() / 1_000
    }
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
        self.current()
            .anchor(&self.provider, leaf, intermediates, now)
    }

    /// Verifies a chain and asks the list; each refusal is logged.
    pub(super) fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<(ClientCertVerified, Leaf), Error> {
        let current = self.current();
        let anchor = current.anchor(&self.provider, end_entity, intermediates, now);
        let verified = match &anchor {
            Some(_) => ClientCertVerified::assertion(),
            None => {
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
        match handshake::judge(list, end_entity, anchor, self.settings.clock.now()) {
            Ok(leaf) => Ok((verified, leaf)),
            Err(denied) => {
                handshake::client_refused("rustls", Some(end_entity), &denied);
                Err(Error::InvalidCertificate(match denied {
                    Denied::Revoked => Refusal::Revoked,
                    Denied::Unknown => Refusal::UnknownRevocationStatus,
                    _ => Refusal::InvalidPurpose,
                }))
            }
        }
    }
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
        let is_changed = new.anchors != self.current().anchors;
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

pub(crate) fn unix_time(clock: &SharedClock) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_millis(clock.now().as_millis()))
}

impl Current {
    fn new(
        provider: &Arc<CryptoProvider>,
        parts: Parts,
        settings: &Settings,
    ) -> Result<Self, MutualTlsError> {
        settings.check_ca_names(&parts.client_cas)?;
        let mut roots = RootCertStore::empty();
        for ca in &parts.client_cas {
            roots
                .add(ca.der.clone())
                .map_err(|error| ca.unusable(error))?;
        }
        let roots = Arc::new(roots);
        Ok(Self {
            verifier: verifier(provider, &roots, settings)?,
            anchors: parts.client_cas.iter().map(Anchor::of).collect(),
            roots,
            certified: Arc::new(certified_key(provider, parts.identity)?),
        })
    }

    /// Which client CA verifies a chain: what rustls' own verifier does, which does not tell, and
    /// which goes on trusting a CA that expires while the server runs.
    fn anchor(
        &self,
        provider: &CryptoProvider,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Option<TrustAnchor> {
        let leaf = EndEntityCert::try_from(leaf).ok()?;
        let is_alive = |anchor: &&Anchor| anchor.is_alive(now);
        let roots = match self.anchors.iter().all(|anchor| anchor.is_alive(now)) {
            true => Cow::Borrowed(&*self.roots.roots),
            false => {
                let roots = self.roots.roots.iter().zip(&*self.anchors);
                let living = roots.filter(|(_, anchor)| is_alive(anchor));
                Cow::Owned(living.map(|(root, _)| root.clone()).collect())
            }
        };
        let path = leaf.verify_for_usage(
            provider.signature_verification_algorithms.all,
            &roots,
            intermediates,
            now,
            KeyUsage::client_auth(),
            None,
            None,
        );
        let anchor = path.ok()?.anchor();
        let index = roots.iter().position(|root| std::ptr::eq(root, anchor))?;
        let anchor = self.anchors.iter().filter(is_alive).nth(index)?;
        Some(anchor.identity)
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

pub(super) fn stack(error: impl std::error::Error + Send + Sync + 'static) -> MutualTlsError {
    MutualTlsError::Stack {
        stack: "rustls",
        source: Box::new(error),
    }
}

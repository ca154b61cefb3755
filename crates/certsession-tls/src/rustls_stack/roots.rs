//! The client CAs, as rustls' verifier needs them.

use std::borrow::Cow;
use std::cell::Cell;
use std::sync::Arc;

use certsession_core::{CaCertificate, Timestamp, TrustAnchor};
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage, VerifiedPath};

use crate::error::MutualTlsError;
use crate::settings::SharedClock;
use crate::sources::ClientCa;

#[derive(Clone)]
pub(super) struct Roots {
    store: Arc<RootCertStore>,
    /// One for each root.
    anchors: Arc<[Anchor]>,
}

/// What webpki does not keep of a root.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Anchor {
    identity: TrustAnchor,
    not_after: Timestamp,
}

/// Why no client CA verifies a chain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unverified {
    /// There would be a path, through a CA whose key usage does not allow to sign certificates.
    IntermediateMayNotSign,
    /// rustls' own verifier says why, if it does not accept the chain.
    NoPath,
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

impl Roots {
    pub(super) fn new(client_cas: &[ClientCa]) -> Result<Self, MutualTlsError> {
        let mut store = RootCertStore::empty();
        for ca in client_cas {
            store
                .add(ca.der.clone())
                .map_err(|error| ca.unusable(error))?;
        }
        Ok(Self {
            anchors: client_cas.iter().map(Anchor::of).collect(),
            store: Arc::new(store),
        })
    }

    pub(super) const fn store(&self) -> &Arc<RootCertStore> {
        &self.store
    }

    pub(super) fn differ_from(&self, others: &Self) -> bool {
        self.anchors != others.anchors
    }

    /// Which client CA verifies a chain: what rustls' own verifier does, which does not tell, goes on
    /// trusting a CA that expires while the server runs, and does not look at the key usage of the
    /// CAs between.
    pub(super) fn anchor(
        &self,
        provider: &CryptoProvider,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<TrustAnchor, Unverified> {
        let leaf = EndEntityCert::try_from(leaf).map_err(|_| Unverified::NoPath)?;
        let is_alive = |anchor: &&Anchor| anchor.is_alive(now);
        let roots = match self.anchors.iter().all(|anchor| anchor.is_alive(now)) {
            true => Cow::Borrowed(&*self.store.roots),
            false => {
                let roots = self.store.roots.iter().zip(&*self.anchors);
                let living = roots.filter(|(_, anchor)| is_alive(anchor));
                Cow::Owned(living.map(|(root, _)| root.clone()).collect())
            }
        };
        let is_unusable = Cell::new(false);
        let verify_path = |path: &VerifiedPath<'_>| match all_may_sign(path) {
            true => Ok(()),
            false => {
                is_unusable.set(true);
                Err(webpki::Error::EndEntityUsedAsCa)
            }
        };
        let path = leaf.verify_for_usage(
            provider.signature_verification_algorithms.all,
            &roots,
            intermediates,
            now,
            KeyUsage::client_auth(),
            None,
            Some(&verify_path),
        );
        let Ok(path) = path else {
            return Err(match is_unusable.get() {
                true => Unverified::IntermediateMayNotSign,
                false => Unverified::NoPath,
            });
        };
        let index = roots
            .iter()
            .position(|root| std::ptr::eq(root, path.anchor()));
        let anchor = index.and_then(|index| self.anchors.iter().filter(is_alive).nth(index));
        anchor
            .map(|anchor| anchor.identity)
            .ok_or(Unverified::NoPath)
    }
}

/// Whether the key usage of each CA between leaf and client CA allows it to sign certificates. The
/// client CAs were asked when they were loaded.
fn all_may_sign(path: &VerifiedPath<'_>) -> bool {
    let mut cas = path.intermediate_certificates();
    cas.all(|ca| CaCertificate::from_der(&ca.der()).is_ok_and(|ca| ca.may_sign_certificates()))
}

pub(crate) fn unix_time(clock: &SharedClock) -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_millis(clock.now().as_millis()))
}

pub(super) fn stack(error: impl std::error::Error + Send + Sync + 'static) -> MutualTlsError {
    MutualTlsError::Stack {
        stack: "rustls",
        source: Box::new(error),
    }
}

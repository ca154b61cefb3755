//! The client CAs, as rustls' verifier needs them.

use std::sync::Arc;

use certsession_core::TrustAnchor;
use rustls::RootCertStore;
use rustls::crypto::CryptoProvider;
use rustls_pki_types::{CertificateDer, UnixTime};
use webpki::{EndEntityCert, KeyUsage};

use crate::error::MutualTlsError;
use crate::settings::SharedClock;
use crate::sources::ClientCa;

#[derive(Clone)]
pub(super) struct Roots {
    store: Arc<RootCertStore>,
    /// One for each root.
    anchors: Arc<[TrustAnchor]>,
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
            anchors: client_cas.iter().map(ClientCa::anchor).collect(),
            store: Arc::new(store),
        })
    }

    pub(super) const fn store(&self) -> &Arc<RootCertStore> {
        &self.store
    }

    pub(super) fn differ_from(&self, others: &Self) -> bool {
        self.anchors != others.anchors
    }

    /// Which client CA verifies a chain: what rustls' own verifier does, which does not tell.
    pub(super) fn anchor(
        &self,
        provider: &CryptoProvider,
        leaf: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Option<TrustAnchor> {
        let leaf = EndEntityCert::try_from(leaf).ok()?;
        let path = leaf.verify_for_usage(
            provider.signature_verification_algorithms.all,
            &self.store.roots,
            intermediates,
            now,
            KeyUsage::client_auth(),
            None,
            None,
        );
        let anchor = path.ok()?.anchor();
        let mut roots = self.store.roots.iter();
        let index = roots.position(|root| std::ptr::eq(root, anchor))?;
        self.anchors.get(index).copied()
    }
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

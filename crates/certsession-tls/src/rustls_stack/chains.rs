//! Chains that no handshake of this process has verified, by rustls' verifier.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use certsession_core::{ChainVerifier, PeerState};
use rustls::crypto::{CryptoProvider, ring};
use rustls_pki_types::CertificateDer;

use super::roots::{Roots, unix_time};
use crate::error::MutualTlsError;
use crate::handshake::{self, UNVERIFIED_CHAIN};
use crate::reload::ReloadableConfig;
use crate::settings::SharedClock;
use crate::sources::Parts;

/// The client CAs in force, and the intermediates that clients' chains come without.
pub(crate) struct RustlsChains {
    provider: CryptoProvider,
    clock: SharedClock,
    current: RwLock<Current>,
    generation: AtomicU64,
}

#[derive(Clone)]
struct Current {
    roots: Roots,
    intermediates: Vec<CertificateDer<'static>>,
}

impl RustlsChains {
    pub(crate) fn new(parts: Parts, clock: SharedClock) -> Result<Self, MutualTlsError> {
        Ok(Self {
            provider: ring::default_provider(),
            clock,
            current: RwLock::new(Current::new(parts)?),
            generation: AtomicU64::new(0),
        })
    }
}

impl ChainVerifier for RustlsChains {
    fn verify_chain(&self, leaf: &[u8], intermediates: &[&[u8]]) -> PeerState {
        let current = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            current.clone()
        };
        let sent = intermediates.iter().map(|der| CertificateDer::from(*der));
        let chain: Vec<_> = sent.chain(current.intermediates).collect();
        let der = CertificateDer::from(leaf);
        let now = unix_time(&self.clock);
        let anchor = current.roots.anchor(&self.provider, &der, &chain, now);
        match anchor {
            Ok(anchor) => handshake::accept_chain(leaf, anchor),
            Err(_) => PeerState::Rejected(UNVERIFIED_CHAIN.of(leaf)),
        }
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

impl ReloadableConfig for RustlsChains {
    fn replace(&self, parts: Parts) -> Result<(), MutualTlsError> {
        let new = Current::new(parts)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        self.generation.fetch_add(1, Ordering::Release);
        Ok(())
    }
}

impl Current {
    fn new(parts: Parts) -> Result<Self, MutualTlsError> {
        Ok(Self {
            roots: Roots::new(&parts.client_cas)?,
            intermediates: parts.intermediates,
        })
    }
}

impl fmt::Debug for RustlsChains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RustlsChains").finish_non_exhaustive()
    }
}

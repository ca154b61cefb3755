//! Chains that no handshake of this process has verified, by OpenSSL's verifier.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{PoisonError, RwLock};

use certsession_core::{ChainVerifier, PeerState, TrustAnchor};
use openssl::error::ErrorStack;
use openssl::stack::Stack;
use openssl::x509::X509;

use super::cas::{ClientCas, stack};
use super::verdict::{anchor_of, spells_issuers_alike};
use crate::error::MutualTlsError;
use crate::handshake::{self, UNVERIFIED_CHAIN};
use crate::reload::ReloadableConfig;
use crate::settings::SharedClock;
use crate::sources::Parts;

/// The client CAs in force, and the intermediates that clients' chains come without.
pub(crate) struct OpenSslChains {
    clock: SharedClock,
    current: RwLock<Current>,
    generation: AtomicU64,
}

#[derive(Clone)]
struct Current {
    cas: ClientCas,
    intermediates: Vec<X509>,
}

impl OpenSslChains {
    pub(crate) fn new(parts: Parts, clock: SharedClock) -> Result<Self, MutualTlsError> {
        Ok(Self {
            clock,
            current: RwLock::new(Current::new(&parts)?),
            generation: AtomicU64::new(0),
        })
    }

    fn anchor(
        &self,
        leaf: &[u8],
        intermediates: &[&[u8]],
    ) -> Result<Option<TrustAnchor>, ErrorStack> {
        let current = {
            let current = self.current.read().unwrap_or_else(PoisonError::into_inner);
            current.clone()
        };
        let mut chain = Stack::new()?;
        for der in intermediates {
            chain.push(X509::from_der(der)?)?;
        }
        for certificate in current.intermediates {
            chain.push(certificate)?;
        }
        let (leaf, now) = (X509::from_der(leaf)?, self.clock.now());
        current.cas.verify(
            &leaf,
            &chain,
            now,
            |anchors, context| match spells_issuers_alike(context) {
                true => anchor_of(anchors, context),
                false => None,
            },
        )
    }
}

impl ChainVerifier for OpenSslChains {
    fn verify_chain(&self, leaf: &[u8], intermediates: &[&[u8]]) -> PeerState {
        match self.anchor(leaf, intermediates) {
            Ok(Some(anchor)) => handshake::accept_chain(leaf, anchor),
            Ok(None) | Err(_) => PeerState::Rejected(UNVERIFIED_CHAIN.of(leaf)),
        }
    }

    fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }
}

impl ReloadableConfig for OpenSslChains {
    fn replace(&self, parts: Parts) -> Result<(), MutualTlsError> {
        let new = Current::new(&parts)?;
        *self.current.write().unwrap_or_else(PoisonError::into_inner) = new;
        self.generation.fetch_add(1, Ordering::Release);
        Ok(())
    }
}

impl Current {
    fn new(parts: &Parts) -> Result<Self, MutualTlsError> {
        let intermediates = parts.intermediates.iter().map(|der| X509::from_der(der));
        Ok(Self {
            cas: ClientCas::new(&parts.client_cas)?,
            intermediates: intermediates.collect::<Result<_, _>>().map_err(stack)?,
        })
    }
}

impl fmt::Debug for OpenSslChains {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("OpenSslChains").finish_non_exhaustive()
    }
}

//! The client CAs, as OpenSSL's verifier needs them.

use std::sync::Arc;

use certsession_core::{Timestamp, TrustAnchor};
use openssl::asn1::Asn1Time;
use openssl::error::ErrorStack;
use openssl::stack::StackRef;
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::X509VerifyFlags;
use openssl::x509::{X509, X509PurposeId, X509StoreContext, X509StoreContextRef};

use crate::error::MutualTlsError;
use crate::handshake;
use crate::sources::ClientCa;

/// Verifies chains outside of a handshake.
#[derive(Clone)]
pub(super) struct ClientCas {
    store: Arc<X509Store>,
    pub(super) anchors: Arc<[TrustAnchor]>,
}

impl ClientCas {
    pub(super) fn new(client_cas: &[ClientCa]) -> Result<Self, MutualTlsError> {
        Ok(Self {
            store: Arc::new(store_of(client_cas, X509VerifyFlags::NO_CHECK_TIME)?),
            anchors: client_cas.iter().map(ClientCa::anchor).collect(),
        })
    }

    /// Verifies a chain as a full handshake would do now, and asks what is to be made of it if it
    /// does.
    pub(super) fn verify<T>(
        &self,
        leaf: &X509,
        chain: &StackRef<X509>,
        now: Timestamp,
        accept: impl FnOnce(&[TrustAnchor], &mut X509StoreContextRef) -> Option<T>,
    ) -> Result<Option<T>, ErrorStack> {
        let now = Asn1Time::from_unix(seconds(now))?;
        X509StoreContext::new()?.init(&self.store, leaf, chain, |context| {
            let is_verified = context.verify_cert()?;
            // The store does not check the time, as it cannot be told which: each certificate of
            // the chain is checked here.
            let is_valid = |certificate: &X509| {
                Ok::<_, ErrorStack>(
                    certificate.not_before().compare(&now)?.is_le()
                        && certificate.not_after().compare(&now)?.is_ge(),
                )
            };
            let mut is_current = context.chain().is_some();
            for certificate in context.chain().into_iter().flatten() {
                is_current &= is_valid(&certificate.to_owned())?;
            }
            if is_verified && !is_current {
                let der = leaf.to_der().ok();
                let reason = "a certificate of its chain has expired or is not yet valid";
                handshake::client_refused("openssl", der.as_deref(), &reason);
                return Ok(None);
            }
            if !is_verified {
                let der = leaf.to_der().ok();
                handshake::client_refused("openssl", der.as_deref(), &context.error());
                return Ok(None);
            }
            Ok(accept(&self.anchors, context))
        })
    }
}

pub(super) fn store_of(
    client_cas: &[ClientCa],
    flags: X509VerifyFlags,
) -> Result<X509Store, MutualTlsError> {
    // A new store is empty: the system's roots are not in it.
    let mut store = X509StoreBuilder::new().map_err(stack)?;
    for ca in client_cas {
        let added = X509::from_der(&ca.der).and_then(|certificate| store.add_cert(certificate));
        added.map_err(|error| ca.unusable(error))?;
    }
    // The configured CAs are where trust begins, also if one of them is an intermediate whose
    // root is not configured, as with rustls. A leaf, which this flag would trust, never gets
    // into the store: `sources::client_ca` refuses it.
    let flags = X509VerifyFlags::PARTIAL_CHAIN | flags;
    store.set_flags(flags).map_err(stack)?;
    store
        .set_purpose(X509PurposeId::SSL_CLIENT)
        .map_err(stack)?;
    Ok(store.build())
}

pub(super) fn seconds(now: Timestamp) -> i64 {
    i64::try_from(now.as_millis() / 1_000).unwrap_or(i64::MAX)
}

pub(super) fn stack(error: ErrorStack) -> MutualTlsError {
    MutualTlsError::Stack {
        stack: "openssl",
        source: error.into(),
    }
}

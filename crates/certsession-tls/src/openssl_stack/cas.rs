//! The client CAs, as OpenSSL's verifier needs them.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::sync::Arc;

use certsession_core::{Timestamp, TrustAnchor};
use openssl::asn1::{Asn1Time, Asn1TimeRef};
use openssl::error::ErrorStack;
use openssl::stack::{Stack, StackRef};
use openssl::x509::store::{X509Store, X509StoreBuilder};
use openssl::x509::verify::{X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509PurposeId, X509Ref, X509StoreContext, X509StoreContextRef};

use crate::error::MutualTlsError;
use crate::handshake;
use crate::sources::ClientCa;

/// What OpenSSL calls 112 bits of security: no SHA-1, no MD5, no RSA key below 2048 bits. rustls
/// accepts none of these either.
pub(super) const SECURITY_LEVEL: u32 = 2;

/// Verifies chains outside of a handshake.
#[derive(Clone)]
pub(super) struct ClientCas {
    /// All of them.
    store: Arc<X509Store>,
    cas: Arc<[X509]>,
    /// One for each CA.
    pub(super) anchors: Arc<[TrustAnchor]>,
}

impl ClientCas {
    pub(super) fn new(client_cas: &[ClientCa]) -> Result<Self, MutualTlsError> {
        let cas = parsed(client_cas)?;
        let store = store_with(&cas, X509VerifyFlags::NO_CHECK_TIME).map_err(stack)?;
        Ok(Self {
            store: Arc::new(store),
            cas: cas.into(),
            anchors: client_cas.iter().map(ClientCa::anchor).collect(),
        })
    }

    /// Verifies a chain as a full handshake would do now, and asks what is to be made of it if it
    /// does.
    ///
    /// The store cannot be told which time it is, and so does not check it. A certificate that is
    /// not valid now is left out beforehand: OpenSSL would take the first that fits, and with an
    /// expired one there may be its renewal with the same name and key.
    pub(super) fn verify<T>(
        &self,
        leaf: &X509,
        chain: &StackRef<X509>,
        now: Timestamp,
        accept: impl FnOnce(&[TrustAnchor], &mut X509StoreContextRef) -> Option<T>,
    ) -> Result<Option<T>, ErrorStack> {
        let now = Asn1Time::from_unix(seconds(now))?;
        let mut current = Stack::new()?;
        for certificate in chain {
            if is_valid(certificate, &now) {
                current.push(certificate.to_owned())?;
            }
        }
        let (store, anchors) = self.valid(&now)?;
        let is_all = current.len() == chain.len() && anchors.len() == self.anchors.len();
        X509StoreContext::new()?.init(&store, leaf, &current, |context| {
            let refused = match (context.verify_cert()?, is_valid(leaf, &now)) {
                (true, true) => return Ok(accept(&anchors, context)),
                (true, false) => "it has expired or is not yet valid".to_owned(),
                (false, _) if is_all => context.error().to_string(),
                (false, _) => format!(
                    "{}; certificates of its chain, or client CAs, that have expired or are not yet \
                     valid were left out",
                    context.error()
                ),
            };
            handshake::client_refused("openssl", leaf.to_der().ok().as_deref(), &refused);
            Ok(None)
        })
    }

    /// The CAs that are valid at this time.
    fn valid(
        &self,
        now: &Asn1TimeRef,
    ) -> Result<(Arc<X509Store>, Cow<'_, [TrustAnchor]>), ErrorStack> {
        let mut valid = Vec::new();
        for (ca, anchor) in self.cas.iter().zip(&*self.anchors) {
            if is_valid(ca, now) {
                valid.push((ca, anchor));
            }
        }
        if valid.len() == self.cas.len() {
            return Ok((Arc::clone(&self.store), Cow::Borrowed(&self.anchors)));
        }
        let (cas, anchors): (Vec<_>, Vec<_>) = valid.into_iter().unzip();
        let store = store_with(cas, X509VerifyFlags::NO_CHECK_TIME)?;
        Ok((Arc::new(store), anchors.into_iter().copied().collect()))
    }
}

/// A time that cannot be read is none at which it is valid.
fn is_valid(certificate: &X509Ref, now: &Asn1TimeRef) -> bool {
    let begins = certificate.not_before().compare(now);
    let ends = certificate.not_after().compare(now);
    begins.is_ok_and(Ordering::is_le) && ends.is_ok_and(Ordering::is_ge)
}

/// The store of a TLS configuration, which each handshake tells the time.
pub(super) fn store_of(client_cas: &[ClientCa]) -> Result<X509Store, MutualTlsError> {
    store_with(&parsed(client_cas)?, X509VerifyFlags::empty()).map_err(stack)
}

fn parsed(client_cas: &[ClientCa]) -> Result<Vec<X509>, MutualTlsError> {
    let parse = |ca: &ClientCa| X509::from_der(&ca.der).map_err(|error| ca.unusable(error));
    client_cas.iter().map(parse).collect()
}

fn store_with<'c>(
    cas: impl IntoIterator<Item = &'c X509>,
    flags: X509VerifyFlags,
) -> Result<X509Store, ErrorStack> {
    // A new store is empty: the system's roots are not in it.
    let mut store = X509StoreBuilder::new()?;
    for ca in cas {
        store.add_cert(ca.clone())?;
    }
    // Without it OpenSSL verifies outside of a handshake at no level at all.
    let mut level = X509VerifyParam::new()?;
    level.set_auth_level(SECURITY_LEVEL.cast_signed());
    store.set_param(&level)?;
    // The configured CAs are where trust begins, also if one of them is an intermediate whose
    // root is not configured, as with rustls. A leaf, which this flag would trust, never gets
    // into the store: `sources::client_ca` refuses it.
    store.set_flags(X509VerifyFlags::PARTIAL_CHAIN | flags)?;
    store.set_purpose(X509PurposeId::SSL_CLIENT)?;
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

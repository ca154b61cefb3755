//! The configuration for rustls, with ring as its one crypto provider.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, WebPkiClientVerifier};
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::version::{TLS12, TLS13};
use rustls::{
    DigitallySignedStruct, DistinguishedName, Error, InconsistentKeys, RootCertStore, ServerConfig,
    SignatureScheme,
};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::identity::ServerIdentity;
use super::{ClientAuth, MutualTlsError, audit};

/// The provider is named at each step: nothing here reads or sets a process-wide default.
///
/// ALPN is left alone, since actix puts `h2` and `http/1.1` before whatever is set here.
pub(super) fn config(
    identity: ServerIdentity,
    client_cas: Vec<CertificateDer<'static>>,
    client_auth: ClientAuth,
) -> Result<ServerConfig, MutualTlsError> {
    let provider = Arc::new(ring::default_provider());
    let verifier = verifier(&provider, client_cas, client_auth)?;
    let certified = certified_key(&provider, identity)?;

    let mut config = ServerConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&TLS13, &TLS12])
        .map_err(stack)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(SingleCertAndKey::from(certified)));
    // No verifier runs on a resumed connection: a certificate that has expired or was
    // revoked since the full handshake would be let in. So each one is a full handshake.
    config.session_storage = Arc::new(NoServerSessionStorage {});
    config.send_tls13_tickets = 0;
    // The default, said because it matters: early data can be replayed.
    config.max_early_data_size = 0;
    Ok(config)
}

fn verifier(
    provider: &Arc<CryptoProvider>,
    client_cas: Vec<CertificateDer<'static>>,
    client_auth: ClientAuth,
) -> Result<Arc<AuditedVerifier>, MutualTlsError> {
    let mut roots = RootCertStore::empty();
    for ca in client_cas {
        roots.add(ca).map_err(stack)?;
    }
    let builder =
        WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
    let inner = match client_auth {
        ClientAuth::Required => builder.build(),
        ClientAuth::Optional => builder.allow_unauthenticated().build(),
    }
    .map_err(stack)?;
    Ok(Arc::new(AuditedVerifier { inner }))
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

/// The verifier of webpki, which decides alone, with a line in the log for each refusal.
#[derive(Debug)]
struct AuditedVerifier {
    inner: Arc<dyn ClientCertVerifier>,
}

impl AuditedVerifier {
    fn audited<T>(&self, leaf: &[u8], outcome: Result<T, Error>) -> Result<T, Error> {
        if let Err(error) = &outcome {
            audit::client_refused("rustls", Some(leaf), error);
        }
        outcome
    }
}

impl ClientCertVerifier for AuditedVerifier {
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let outcome = self
            .inner
            .verify_client_cert(end_entity, intermediates, now);
        self.audited(end_entity, outcome)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let outcome = self.inner.verify_tls12_signature(message, cert, dss);
        self.audited(cert, outcome)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let outcome = self.inner.verify_tls13_signature(message, cert, dss);
        self.audited(cert, outcome)
    }

    fn offer_client_auth(&self) -> bool {
        self.inner.offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.inner.client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.inner.root_hint_subjects()
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.inner.supported_verify_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.inner.requires_raw_public_keys()
    }
}

//! The verifier that rustls asks: webpki's verdict, then the list of revoked certificates.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::audit;
use super::revocation::{self, Denied};
use super::rustls_stack::RustlsConfig;

/// Verifies by whatever the configuration holds at that moment.
#[derive(Debug)]
pub(super) struct ReloadableVerifier(Arc<RustlsConfig>);

/// The verdict, with a line in the log for each refusal.
pub(super) struct Audited<'l>(pub(super) &'l RustlsConfig);

impl Audited<'_> {
    pub(super) fn verify(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let verifier = self.0.verifier();
        let outcome = audited(
            end_entity,
            verifier.verify_client_cert(end_entity, intermediates, now),
        )?;
        match revocation::check(self.0.revocations.as_ref(), end_entity) {
            Ok(()) => Ok(outcome),
            Err(denied) => {
                audit::client_refused("rustls", Some(end_entity), &denied);
                Err(Error::InvalidCertificate(match denied {
                    Denied::Revoked => CertificateError::Revoked,
                    Denied::Unknown => CertificateError::UnknownRevocationStatus,
                }))
            }
        }
    }
}

impl ReloadableVerifier {
    pub(super) fn new(reloadable: Arc<RustlsConfig>) -> Self {
        Self(reloadable)
    }
}

fn audited<T>(leaf: &[u8], outcome: Result<T, Error>) -> Result<T, Error> {
    if let Err(error) = &outcome {
        audit::client_refused("rustls", Some(leaf), error);
    }
    outcome
}

impl ClientCertVerifier for ReloadableVerifier {
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Audited(&self.0).verify(end_entity, intermediates, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verifier = self.0.verifier();
        audited(cert, verifier.verify_tls12_signature(message, cert, dss))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verifier = self.0.verifier();
        audited(cert, verifier.verify_tls13_signature(message, cert, dss))
    }

    fn offer_client_auth(&self) -> bool {
        self.0.verifier().offer_client_auth()
    }

    fn client_auth_mandatory(&self) -> bool {
        self.0.verifier().client_auth_mandatory()
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        self.0.root_hint_subjects.current()
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.verifier().supported_verify_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        self.0.verifier().requires_raw_public_keys()
    }
}

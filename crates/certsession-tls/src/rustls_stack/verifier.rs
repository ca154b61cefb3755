//! The verifier that rustls asks: webpki's verdict, then the list of revoked certificates.

use std::sync::Arc;

use rustls::client::danger::HandshakeSignatureValid;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::{DigitallySignedStruct, DistinguishedName, Error, SignatureScheme};
use rustls_pki_types::{CertificateDer, UnixTime};

use super::reloadable::{RustlsConfig, logged};

/// Verifies by what the configuration holds at that moment.
#[derive(Debug)]
pub(super) struct ReloadableVerifier(Arc<RustlsConfig>);

impl ReloadableVerifier {
    pub(super) fn new(reloadable: Arc<RustlsConfig>) -> Self {
        Self(reloadable)
    }
}

impl ClientCertVerifier for ReloadableVerifier {
    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        now: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        let (verified, leaf) = self.0.verify(end_entity, intermediates, now)?;
        self.0.verified.put(&leaf);
        Ok(verified)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verifier = self.0.verifier();
        logged(cert, verifier.verify_tls12_signature(message, cert, dss))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let verifier = self.0.verifier();
        logged(cert, verifier.verify_tls13_signature(message, cert, dss))
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

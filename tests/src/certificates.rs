//! The authority of a test, and the clients that it issues certificates for.

use certs_dev::{Authority, Identity, LeafRequest};
use certsession_actix::{MutualTls, MutualTlsBuilder};
use certsession_core::PeerCertificate;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// An authority, and a server certificate from it. Each test has its own.
pub struct Certificates {
    authority: Authority,
    server: Identity,
}

/// A client certificate with its key.
#[derive(Clone)]
pub struct Client {
    certificate: Vec<u8>,
    key: Vec<u8>,
}

impl Certificates {
    /// Creates an authority, and its server certificate for localhost.
    pub fn new() -> Self {
        let authority = Authority::new("certsession test CA").unwrap();
        let server = authority.issue(&LeafRequest::server("localhost")).unwrap();
        Self { authority, server }
    }

    /// The authority.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    /// The server's TLS configuration: its certificate, and the authority of its clients.
    pub fn tls(&self) -> MutualTlsBuilder {
        MutualTls::builder()
            .server_identity_pem(self.server.certificate_pem(), self.server.key().pem())
            .client_ca_pem(self.authority.certificate_pem())
    }

    /// Issues a certificate for a client with this name, valid for a year.
    pub fn client(&self, name: &str) -> Client {
        self.issue(&LeafRequest::client(name))
    }

    /// Issues a client certificate for this request.
    pub fn issue(&self, request: &LeafRequest) -> Client {
        Client::of(&self.authority.issue(request).unwrap())
    }
}

impl Default for Certificates {
    fn default() -> Self {
        Self::new()
    }
}

impl Client {
    /// Creates the client with this identity.
    pub fn of(identity: &Identity) -> Self {
        Self::from_der(identity.certificate_der(), identity.key().der())
    }

    /// Creates the client with this certificate and this PKCS#8 key.
    pub fn from_der(certificate: &[u8], key: &[u8]) -> Self {
        Self {
            certificate: certificate.to_vec(),
            key: key.to_vec(),
        }
    }

    /// The same key with other bytes as the certificate.
    pub fn presenting(&self, certificate: &[u8]) -> Self {
        Self::from_der(certificate, &self.key)
    }

    /// The certificate, as the framework reads it.
    pub fn certificate(&self) -> PeerCertificate {
        PeerCertificate::from_der(&self.certificate).unwrap()
    }

    /// The certificate, as it is sent.
    pub fn der(&self) -> &[u8] {
        &self.certificate
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from(self.certificate.clone())]
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()))
    }
}

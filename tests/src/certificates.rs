//! The authority of a test, and the clients that it certifies.

use certs_dev::{Authority, Identity, LeafRequest};
use certsession_core::PeerCertificate;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};

/// An authority, and a server that it certifies. Each test has its own.
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
    pub(crate) fn new() -> Self {
        let authority = Authority::new("certsession test CA").unwrap();
        let server = authority.issue(&LeafRequest::server("localhost")).unwrap();
        Self { authority, server }
    }

    /// The authority.
    pub fn authority(&self) -> &Authority {
        &self.authority
    }

    pub(crate) fn server(&self) -> &Identity {
        &self.server
    }

    /// A client of this name, valid for a year.
    pub fn client(&self, name: &str) -> Client {
        self.issue(&LeafRequest::client(name))
    }

    /// A client as the request says.
    pub fn issue(&self, request: &LeafRequest) -> Client {
        Client::of(&self.authority.issue(request).unwrap())
    }
}

impl Client {
    /// The client that holds this identity.
    pub fn of(identity: &Identity) -> Self {
        Self::from_der(identity.certificate_der(), identity.key().der())
    }

    /// The client that holds this certificate and this PKCS#8 key.
    pub fn from_der(certificate: &[u8], key: &[u8]) -> Self {
        Self {
            certificate: certificate.to_vec(),
            key: key.to_vec(),
        }
    }

    /// The certificate, as the framework reads it.
    pub fn certificate(&self) -> PeerCertificate {
        PeerCertificate::from_der(&self.certificate).unwrap()
    }

    pub(crate) fn chain(&self) -> Vec<CertificateDer<'static>> {
        vec![CertificateDer::from(self.certificate.clone())]
    }

    pub(crate) fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(self.key.clone()))
    }
}

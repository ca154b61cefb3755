//! Certificates for the servers and for each client.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use certs_dev::{Authority, LeafRequest};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;

use crate::Fault;

/// The most connections that there are at once.
pub(crate) const CLIENTS: usize = 64;

/// An authority, and what it has issued.
pub(crate) struct Pki {
    folder: TempDir,
    clients: Vec<Arc<ClientConfig>>,
}

impl Pki {
    /// A server for localhost, and a certificate for each client.
    pub(crate) fn new() -> Result<Self, Fault> {
        let authority = Authority::new("load CA")?;
        let server = authority.issue(&LeafRequest::server("localhost"))?;
        let folder = tempfile::tempdir()?;
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
        write("ca.pem", authority.certificate_pem())?;
        write("server.pem", server.certificate_pem())?;
        write("server.key", &server.key().pem())?;
        let clients = (0..CLIENTS)
            .map(|number| config(&authority, number))
            .collect::<Result<_, _>>()?;
        Ok(Self { folder, clients })
    }

    /// The folder that a server reads.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The TLS of one client.
    pub(crate) fn client(&self, number: usize) -> Arc<ClientConfig> {
        Arc::clone(&self.clients[number])
    }
}

fn config(authority: &Authority, number: usize) -> Result<Arc<ClientConfig>, Fault> {
    let client = authority.issue(&LeafRequest::client(format!("client {number}")))?;
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.certificate_der().to_vec()))?;
    let chain = vec![CertificateDer::from(client.certificate_der().to_vec())];
    let key = PrivatePkcs8KeyDer::from(client.key().der().to_vec());
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(chain, PrivateKeyDer::Pkcs8(key))?;
    Ok(Arc::new(config))
}

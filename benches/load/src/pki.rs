//! Certificates for the servers and for each client.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use certs_dev::{Authority, Identity, LeafRequest};
use certsession_benches::revocation_list;
use rustls::client::Resumption;
use rustls::crypto::{CryptoProvider, ring};
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};
use tempfile::TempDir;

use crate::Fault;

/// The default number of clients.
const CLIENTS: usize = 64;

/// An authority, and the certificates that it issued.
#[derive(Debug)]
pub struct Pki {
    folder: TempDir,
    authority: Authority,
    clients: Vec<Arc<ClientConfig>>,
}

impl Pki {
    /// Creates a server certificate for localhost, and 64 clients with a certificate each.
    ///
    /// # Errors
    ///
    /// If a certificate cannot be issued or written.
    pub fn new() -> Result<Self, Fault> {
        Self::with_clients(CLIENTS)
    }

    /// Creates this many clients, with a certificate each.
    ///
    /// # Errors
    ///
    /// If a certificate cannot be issued or written.
    pub fn with_clients(clients: usize) -> Result<Self, Fault> {
        let authority = Authority::new("load CA")?;
        let server = authority.issue(&LeafRequest::server("localhost"))?;
        let folder = tempfile::tempdir()?;
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text);
        write("ca.pem", authority.certificate_pem())?;
        write("server.pem", server.certificate_pem())?;
        write("server.key", &server.key().pem())?;
        let mut roots = RootCertStore::empty();
        roots.add(CertificateDer::from(authority.certificate_der().to_vec()))?;
        let roots = Arc::new(roots);
        let provider = Arc::new(ring::default_provider());
        let clients = (0..clients)
            .map(|number| {
                let leaf = authority.issue(&LeafRequest::client(format!("client {number}")))?;
                config(&provider, &roots, &leaf)
            })
            .collect::<Result<_, Fault>>()?;
        Ok(Self {
            folder,
            authority,
            clients,
        })
    }

    /// Writes `crl.pem` for the servers: this many revoked certificates, none of them a client's.
    ///
    /// # Errors
    ///
    /// If the list cannot be signed or written.
    pub fn write_revocation_list(&self, entries: u32) -> Result<(), Fault> {
        let list = revocation_list(&self.authority, entries)?;
        Ok(fs::write(self.folder.path().join("crl.pem"), list.pem())?)
    }

    /// The folder for a server.
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// The TLS configuration of one client.
    pub fn client(&self, number: usize) -> Arc<ClientConfig> {
        Arc::clone(&self.clients[number])
    }
}

fn config(
    provider: &Arc<CryptoProvider>,
    roots: &Arc<RootCertStore>,
    client: &Identity,
) -> Result<Arc<ClientConfig>, Fault> {
    let chain = vec![CertificateDer::from(client.certificate_der().to_vec())];
    let key = PrivatePkcs8KeyDer::from(client.key().der().to_vec());
    let mut config = ClientConfig::builder_with_provider(Arc::clone(provider))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(Arc::clone(roots))
        .with_client_auth_cert(chain, PrivateKeyDer::Pkcs8(key))?;
    // The servers support no resumption, and caches for it in ten thousand clients would need much
    // memory.
    config.resumption = Resumption::disabled();
    Ok(Arc::new(config))
}

//! The certificates of servers and of their clients.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use certs_dev::{Authority, Identity, LeafRequest};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ClientConfig, RootCertStore};

/// A private authority, and the certificates that it issued for servers and their clients. Clones
/// share them.
#[derive(Clone)]
pub struct RedisTls(Arc<Issued>);

struct Issued {
    authority: Authority,
    server: Identity,
    client: Identity,
}

impl RedisTls {
    /// Creates an authority.
    pub fn new() -> Self {
        let authority = Authority::new("certsession test CA of the store").unwrap();
        let server = authority.issue(&LeafRequest::server("127.0.0.1")).unwrap();
        let client = authority.issue(&LeafRequest::client("store")).unwrap();
        Self(Arc::new(Issued {
            authority,
            server,
            client,
        }))
    }

    /// The authority's certificate, in PEM.
    pub fn authority_pem(&self) -> &str {
        self.0.authority.certificate_pem()
    }

    /// The client's certificate, in PEM.
    pub fn client_pem(&self) -> &str {
        self.0.client.certificate_pem()
    }

    /// The client's key, in PEM.
    pub fn client_key_pem(&self) -> String {
        self.0.client.key().pem()
    }

    /// Writes the files to a folder, and returns the arguments for a server. Servers connect to
    /// each other with the client's certificate, so no certificate must serve both purposes.
    pub(super) fn arguments(&self, folder: &Path) -> Vec<String> {
        let write = |name: &str, pem: &str| fs::write(folder.join(name), pem).unwrap();
        let (server, client) = (&self.0.server, &self.0.client);
        write("authority.pem", self.authority_pem());
        write("server.pem", server.certificate_pem());
        write("server.key", &server.key().pem());
        write("client.pem", client.certificate_pem());
        write("client.key", &client.key().pem());
        let files = [
            ("--tls-ca-cert-file", "authority.pem"),
            ("--tls-cert-file", "server.pem"),
            ("--tls-key-file", "server.key"),
            ("--tls-client-cert-file", "client.pem"),
            ("--tls-client-key-file", "client.key"),
        ];
        let path = |name: &str| folder.join(name).display().to_string();
        let files = files.map(|(flag, name)| [flag.to_owned(), path(name)]);
        let flags = ["--tls-auth-clients", "yes", "--tls-replication", "yes"];
        let flags = flags.map(str::to_owned);
        files.into_iter().flatten().chain(flags).collect()
    }

    /// The configuration of a client that trusts this authority and has its certificate.
    pub(super) fn client_config(&self) -> Arc<ClientConfig> {
        let Issued {
            authority, client, ..
        } = &*self.0;
        let mut roots = RootCertStore::empty();
        let root = CertificateDer::from(authority.certificate_der().to_vec());
        roots.add(root).unwrap();
        let chain = vec![CertificateDer::from(client.certificate_der().to_vec())];
        let key = PrivatePkcs8KeyDer::from(client.key().der().to_vec());
        let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_root_certificates(roots)
            .with_client_auth_cert(chain, PrivateKeyDer::Pkcs8(key))
            .unwrap();
        Arc::new(config)
    }
}

impl Default for RedisTls {
    fn default() -> Self {
        Self::new()
    }
}

//! The server's certificate, from the folder in which the load generator stored it.

use std::path::Path;

use certsession_actix::{MutualTls, MutualTlsBuilder, PeerVerifier, ServerTls};

use crate::Fault;

/// The TLS configuration of every candidate.
#[derive(Debug)]
pub struct Tls(MutualTlsBuilder);

impl Tls {
    /// Reads `server.pem`, `server.key` and `ca.pem`.
    ///
    /// # Errors
    ///
    /// If one of them is missing.
    pub fn read(folder: &Path) -> Result<Self, Fault> {
        let read = |name: &str| std::fs::read_to_string(folder.join(name));
        let builder = MutualTls::builder()
            .server_identity_pem(read("server.pem")?, read("server.key")?)
            .client_ca_pem(read("ca.pem")?);
        Ok(Self(builder))
    }

    /// For a server that takes the whole configuration.
    #[cfg(feature = "comparison")]
    pub(crate) fn mutual_tls(&self) -> Result<MutualTls, Fault> {
        Ok(self.0.build_rustls()?)
    }

    /// A certificate is required, and there is no resumption. ALPN is left to the framework.
    pub(crate) fn config(&self) -> Result<(rustls::ServerConfig, PeerVerifier), Fault> {
        match self.0.build_rustls()?.with_alpn(&[]).into_parts() {
            (ServerTls::Rustls(config), verifier) => Ok((*config, verifier)),
            _ => Err("it was built for rustls".into()),
        }
    }
}

//! TLS: who may connect, and with which certificates.

use std::env;
use std::error::Error;

use certsession_actix::{BindMutualTls, MutualTls};

use crate::certs::file;

/// Binds a server that asks the employees' browsers for their certificates.
pub(crate) fn bind<B: BindMutualTls>(server: B, address: &str) -> Result<B, Box<dyn Error>> {
    if let Ok(key) = env::var("PARTS_NGINX_KEY") {
        return crate::nginx::bind(server, address, key.parse()?);
    }
    let tls = MutualTls::builder()
        .server_identity_files(file("server.pem"), file("server.key"))
        .client_ca_file(file("ca.pem"))
        .build_rustls()?;
    Ok(server.bind_mutual_tls(address, tls)?)
}

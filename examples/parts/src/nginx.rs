//! Behind nginx, which ends TLS and forwards the employees' certificates.

use std::error::Error;

use certsession_actix::{BindMutualTls, Dialect, MutualTls, PublicKeyHash, TrustedProxies};

use crate::certs::file;

/// Binds a server for nginx alone, which is known by its key.
pub(crate) fn bind<B: BindMutualTls>(
    server: B,
    address: &str,
    key: PublicKeyHash,
) -> Result<B, Box<dyn Error>> {
    let tls = MutualTls::builder()
        .server_identity_files(file("server.pem"), file("server.key"))
        .client_public_key(key)
        .build_rustls()?;
    let employees = MutualTls::builder()
        .client_ca_file(file("ca.pem"))
        .build_rustls_chain_verifier()?;
    let proxies = TrustedProxies::builder()
        .dialect(Dialect::nginx())
        .public_key(key)
        .verifier(employees)
        .build()?;
    Ok(server.bind_behind_proxy(address, tls, &proxies)?)
}

//! Behind nginx, which ends TLS and forwards the employees' certificates.

use std::error::Error;

use axum::Router;
use certsession_axum::{Dialect, MutualTls, PublicKeyHash, Serve, TrustedProxies, serve};
use tokio::net::TcpListener;

use crate::certs::file;

/// A server for nginx alone, which is known by its key.
pub(crate) fn server(
    listener: TcpListener,
    app: Router,
    key: PublicKeyHash,
) -> Result<Serve<Router>, Box<dyn Error>> {
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
    Ok(serve(listener, tls, app).behind_proxy(&proxies))
}

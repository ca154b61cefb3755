//! TLS: who may connect, and with which certificates.

use std::env;
use std::error::Error;

use axum::Router;
use certsession_axum::{MutualTls, Serve, serve};
use tokio::net::TcpListener;

use crate::certs::file;

/// A server that asks the employees' browsers for their certificates.
pub(crate) fn server(listener: TcpListener, app: Router) -> Result<Serve<Router>, Box<dyn Error>> {
    if let Ok(key) = env::var("PARTS_NGINX_KEY") {
        return crate::nginx::server(listener, app, key.parse()?);
    }
    let tls = MutualTls::builder()
        .server_identity_files(file("server.pem"), file("server.key"))
        .client_ca_file(file("ca.pem"))
        .build_rustls()?;
    Ok(serve(listener, tls, app))
}

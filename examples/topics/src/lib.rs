//! What the programs of this package share: the development certificates, and the port.
//!
//! | program | shows |
//! |---|---|
//! | `flash` | messages for the next page, on actix-web |
//! | `devices` | a user's sessions with their devices, on actix-web |
//! | `step-up` | roles, a recent sign-in, an elevation, on axum |
//! | `oauth-state` | OAuth 2.0 with state and PKCE, on axum |
//! | `second-factor` | the certificate first, then an identity provider (OpenID Connect), on axum |
//! | `crl-reload` | a revocation list that is followed while the server runs, on actix-web |
//! | `socket-activation` | a socket that systemd has opened, on actix-web |
//! | `health` | liveness and readiness on a second port, without a certificate, on axum |
//! | `request-ids` | each line of the log with the request that caused it, on axum |
//! | `prometheus` | metrics on a second port, on axum |
//!
//! How to test an application is in `tests/testing.rs`.
//!
//! `cargo run -p topics --bin flash`, or `… --bin flash -- 9443` for another port.

#![allow(clippy::print_stdout, reason = "it prints commands to try")]

use std::error::Error;

use certs_dev::Pki;
use certsession_tls::{MutualTls, MutualTlsBuilder};

/// The TLS of the development certificates, and the port of the command line or 8443.
///
/// # Errors
///
/// If the certificates cannot be read or made, or the port is no number.
pub fn set_up() -> Result<(MutualTls, u16), Box<dyn Error>> {
    Ok((tls(&Pki::ensure("certs-dev/out")?).build_rustls()?, port()?))
}

/// Mutual TLS with these certificates, for a program that adds something to it.
pub fn tls(pki: &Pki) -> MutualTlsBuilder {
    MutualTls::builder()
        .server_identity_files(pki.certificate_path("server"), pki.key_path("server"))
        .client_ca_file(pki.certificate_path("ca"))
}

/// The port of the command line, or 8443.
///
/// # Errors
///
/// If it is no number.
pub fn port() -> Result<u16, Box<dyn Error>> {
    let port = std::env::args().nth(1);
    Ok(port.map_or(Ok(8443), |port| port.parse())?)
}

/// Says where the program listens, and how to call it.
pub fn listening(port: u16, paths: &[&str]) {
    println!("listening on https://127.0.0.1:{port}");
    println!("alias c='curl --cacert certs-dev/out/ca.pem --cert certs-dev/out/alice.pem \\");
    println!("  --key certs-dev/out/alice.key --cookie jar --cookie-jar jar'");
    for path in paths {
        println!("c https://localhost:{port}{path}");
    }
}

/// Says where a program serves what is for this machine alone.
pub fn probes(port: u16, paths: &[&str]) {
    for path in paths {
        println!("curl http://127.0.0.1:{port}{path}");
    }
}

/// The port beside the server's, for probes; any, if the server's is any.
pub const fn beside(port: u16) -> u16 {
    match port {
        0 => 0,
        port => port.saturating_add(1),
    }
}

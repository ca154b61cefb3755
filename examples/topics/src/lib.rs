//! What the programs of this package share: the development certificates, and the port.
//!
//! | program | shows |
//! |---|---|
//! | `flash` | messages for the next page, on actix-web |
//! | `devices` | a user's sessions with their devices, on actix-web |
//! | `step-up` | roles, a recent sign-in, an elevation, on axum |
//! | `oauth-state` | OAuth 2.0 with state and PKCE, on axum |
//!
//! `cargo run -p topics --bin flash`, or `… --bin flash -- 9443` for another port.

use std::error::Error;

use certs_dev::Pki;
use certsession_tls::MutualTls;

/// The TLS of the development certificates, and the port of the command line or 8443. Says how to
/// call the program.
///
/// # Errors
///
/// If the certificates cannot be read or made, or the port is no number.
#[allow(clippy::print_stdout, reason = "it prints commands to try")]
pub fn set_up(paths: &[&str]) -> Result<(MutualTls, u16), Box<dyn Error>> {
    let pki = Pki::ensure("certs-dev/out")?;
    let tls = MutualTls::builder()
        .server_identity_files(pki.certificate_path("server"), pki.key_path("server"))
        .client_ca_file(pki.certificate_path("ca"))
        .build_rustls()?;
    let port = std::env::args()
        .nth(1)
        .map_or(Ok(8443), |port| port.parse())?;
    println!("alias c='curl --cacert certs-dev/out/ca.pem --cert certs-dev/out/alice.pem \\");
    println!("  --key certs-dev/out/alice.key --cookie jar --cookie-jar jar'");
    for path in paths {
        println!("c https://localhost:{port}{path}");
    }
    Ok((tls, port))
}

//! The smallest server with certificate-bound sessions on axum: `cargo run -p quickstart-axum`.
//! Where port 8443 is taken, `cargo run -p quickstart-axum -- 9443`; 0 takes a free one.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it tells its user what to try"
)]

use std::process::ExitCode;

use axum::{Router, routing::get};
use certs_dev::Pki;
use certsession_axum::{CertSession, CertSessionLayer, Error, Key, MemoryStore, MutualTls, serve};
use tokio::net::TcpListener;

const VISITS: Key<u64> = Key::new("visits");

async fn visit(session: CertSession) -> Result<String, Error> {
    let visits = session.get(&VISITS)?.unwrap_or(0) + 1;
    session.insert(&VISITS, &visits)?;
    Ok(format!("visit {visits}\n"))
}

#[tokio::main]
async fn main() -> ExitCode {
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A sentence that says what to do. `main` itself would print the error's `Debug`.
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn std::error::Error>> {
    let pki = Pki::ensure("certs-dev/out")?;
    let tls = MutualTls::builder()
        .server_identity_files(pki.certificate_path("server"), pki.key_path("server"))
        .client_ca_file(pki.certificate_path("ca"))
        .build_rustls()?;
    let sessions = CertSessionLayer::new(MemoryStore::new());
    let app = Router::new().route("/", get(visit)).layer(sessions);
    let port = std::env::args()
        .nth(1)
        .map_or(Ok(8443), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let port = listener.local_addr()?.port().to_string();
    let try_it = include_str!("../../quickstart/src/try.txt");
    print!("{}", try_it.replace("8443", &port));
    Ok(serve(listener, tls, app).await?)
}

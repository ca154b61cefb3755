//! A server over the folder `sessions`: `cargo run -p custom-store`, and again after Ctrl-C.

#![allow(clippy::print_stdout, reason = "it prints a command to try")]

use axum::{Router, routing::get};
use certs_dev::Pki;
use certsession_axum::{CertSession, CertSessionLayer, Error, Key, MutualTls, serve};
use custom_store::FolderStore;
use tokio::net::TcpListener;

const VISITS: Key<u64> = Key::new("visits");

async fn visit(session: CertSession) -> Result<String, Error> {
    let visits = session.get(&VISITS)?.unwrap_or(0) + 1;
    session.insert(&VISITS, &visits)?;
    Ok(format!("visit {visits}\n"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pki = Pki::ensure("certs-dev/out")?;
    let tls = MutualTls::builder()
        .server_identity_files(pki.certificate_path("server"), pki.key_path("server"))
        .client_ca_file(pki.certificate_path("ca"))
        .build_rustls()?;
    let sessions = CertSessionLayer::new(FolderStore::open("sessions")?);
    let app = Router::new().route("/", get(visit)).layer(sessions.clone());
    let port = std::env::args()
        .nth(1)
        .map_or(Ok(8443), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let port = listener.local_addr()?.port();
    println!("listening on https://127.0.0.1:{port}");
    println!(
        "curl --cacert certs-dev/out/ca.pem --cert certs-dev/out/alice.pem \
         --key certs-dev/out/alice.key --cookie jar --cookie-jar jar https://localhost:{port}/"
    );
    Ok(serve(listener, tls, app).with_sessions(&sessions).await?)
}

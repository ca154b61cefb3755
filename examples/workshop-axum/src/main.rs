//! The workshop's shop: `cargo run -p workshop-axum`, then `https://localhost:8443`.

use certs_dev::Pki;
use certsession_axum::{ClientAuth, MemoryStore, MutualTls, serve};
use tokio::net::TcpListener;
use workshop_axum::{Users, app, rules};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pki = Pki::ensure("certs-dev/out")?;
    let tls = MutualTls::builder()
        .server_identity_files(pki.certificate_path("server"), pki.key_path("server"))
        .client_ca_file(pki.certificate_path("ca"))
        // A cart begins without a certificate.
        .client_auth(ClientAuth::Optional)
        .build_rustls()?;
    let app = app(rules(MemoryStore::new()), Users::for_trying())?;
    let listener = TcpListener::bind("127.0.0.1:8443").await?;
    Ok(serve(listener, tls, app).await?)
}

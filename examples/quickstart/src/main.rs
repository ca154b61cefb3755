//! The smallest server with certificate-bound sessions: `cargo run -p quickstart`. Where port
//! 8443 is taken, `cargo run -p quickstart -- 9443`; 0 takes a free one.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it prints commands to try"
)]

use std::process::ExitCode;

use actix_web::{App, HttpServer, Responder, web};
use certs_dev::Pki;
use certsession_actix::{
    BindMutualTls, CertSession, CertSessionMiddleware, Error, Key, MemoryStore, MutualTls,
};

const VISITS: Key<u64> = Key::new("visits");

async fn visit(session: CertSession) -> Result<impl Responder, Error> {
    let visits = session.get(&VISITS)?.unwrap_or(0) + 1;
    session.insert(&VISITS, &visits)?;
    Ok(format!("visit {visits}\n"))
}

#[actix_web::main]
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
    let sessions = CertSessionMiddleware::new(MemoryStore::new());
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/", web::get().to(visit))
    };
    let port = std::env::args()
        .nth(1)
        .map_or(Ok(8443), |port| port.parse())?;
    let server = HttpServer::new(app).bind_mutual_tls(("127.0.0.1", port), tls)?;
    let port = server.addrs()[0].port().to_string();
    print!("{}", include_str!("try.txt").replace("8443", &port));
    Ok(server.run().await?)
}

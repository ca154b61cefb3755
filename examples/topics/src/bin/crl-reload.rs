//! A revocation list that is followed while the server runs: a certificate that is revoked loses its
//! connections and its sessions within a second.

use actix_web::{App, HttpServer, web};
use certs_dev::{CrlRequest, Pki};
use certsession_actix::{
    BindMutualTls, CertSession, CertSessionMiddleware, Error, MemoryStore, RevocationList,
    SessionManager,
};

async fn home(session: CertSession) -> Result<String, Error> {
    if session.principal().is_none() {
        session.sign_in("alice")?;
    }
    Ok("your sessions end when your certificate is revoked\n".to_owned())
}

#[actix_web::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pki = Pki::ensure("certs-dev/out")?;
    let file = pki.dir().join("crl.pem");
    if !file.exists() {
        // An authority publishes a list also if nothing is revoked. Without one the server does not
        // start: it could not tell what is revoked.
        let list = pki.authority().revocation_list(&CrlRequest::new())?;
        std::fs::write(&file, list.pem())?;
    }
    // One list for both: TLS asks it in each handshake, the rules on each request.
    let revocations = RevocationList::new();
    let tls = topics::tls(&pki)
        .crl_file(file)
        .revocations(&revocations)
        .build_rustls()?;
    let rules = SessionManager::builder(MemoryStore::new()).revocations(&revocations);
    let sessions = CertSessionMiddleware::new(rules.build());
    let app = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/", web::get().to(home))
    };
    let server = HttpServer::new(app).bind_mutual_tls(("127.0.0.1", topics::port()?), tls)?;
    // In another terminal: cargo run -p certs-dev -- revoke alice
    topics::listening(server.addrs()[0].port(), &["/"]);
    Ok(server.run().await?)
}

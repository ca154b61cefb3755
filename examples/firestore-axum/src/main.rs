//! Sessions in Firestore on axum: sign-in, rotation, sign-out, and the list of a user's sessions.
//!
//! `just firestore-example` starts it with the emulator. On a database of your own:
//! `GOOGLE_CLOUD_PROJECT=my-project cargo run -p firestore-axum`.

#![allow(clippy::print_stdout, reason = "it tells its user what to try")]

use std::env;
use std::fmt::Write;

use axum::Router;
use axum::http::StatusCode;
use axum::routing::{get, post};
use certs_dev::Pki;
use certsession_axum::{CertSession, CertSessionLayer, Error, MutualTls, Page, SignIn, serve};
use certsession_firestore::FirestoreStore;
use tokio::net::TcpListener;

/// No password is asked for: the certificate has shown whose device this is, and which of their
/// accounts they use is in the body. An application checks that the certificate, or a second
/// factor, allows the account.
async fn sign_in(session: CertSession, user: String) -> Result<StatusCode, Error> {
    // Whatever the browser sent before is dead now: there is nothing to fixate.
    session.sign_in(SignIn::principal(user))?;
    Ok(StatusCode::NO_CONTENT)
}

async fn me(session: CertSession) -> Result<String, Error> {
    Ok(format!("{}\n", session.signed_in()?))
}

/// Where a user gains rights: a new token, and the old one is dead in the same step.
async fn rotate(session: CertSession) -> Result<StatusCode, Error> {
    session.signed_in()?;
    session.rotate()?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends the session in the database; a slow request does not bring it back.
async fn sign_out(session: CertSession) -> Result<StatusCode, Error> {
    session.sign_out()?;
    Ok(StatusCode::NO_CONTENT)
}

/// The user's sessions on all devices. Handles are public names: no one can sign in with one.
async fn sessions(session: CertSession) -> Result<String, Error> {
    let mut list = String::new();
    let page = session.sessions(&Page::default()).await?;
    for record in page.sessions() {
        let here = match session.handle() == Some(record.handle()) {
            true => " (this one)",
            false => "",
        };
        // Writing into a `String` does not fail.
        let _ = writeln!(
            list,
            "{} since {}{here}",
            record.handle(),
            record.created_at().to_rfc3339()
        );
    }
    Ok(list)
}

/// Ends them all: "sign out everywhere".
async fn sign_out_everywhere(session: CertSession) -> Result<StatusCode, Error> {
    session.revoke_all().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The emulator's address is in the variable that Google's own libraries read.
fn database() -> Result<String, &'static str> {
    if let Ok(emulator) = env::var("FIRESTORE_EMULATOR_HOST") {
        return Ok(format!("firestore://demo?emulator={emulator}"));
    }
    match env::var("GOOGLE_CLOUD_PROJECT") {
        Ok(project) => Ok(format!("firestore://{project}")),
        Err(_) => Err(
            "neither FIRESTORE_EMULATOR_HOST nor GOOGLE_CLOUD_PROJECT is set; \
             `just firestore-example` starts the emulator and sets the first",
        ),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let pki = Pki::ensure("certs-dev/out")?;
    let tls = MutualTls::builder()
        .server_identity_files(pki.certificate_path("server"), pki.key_path("server"))
        .client_ca_file(pki.certificate_path("ca"))
        .build_rustls()?;
    let store = FirestoreStore::connect(&database()?).await?;
    let layer = CertSessionLayer::new(store);
    let app = Router::new()
        .route("/sign-in", post(sign_in))
        .route("/me", get(me))
        .route("/rotate", post(rotate))
        .route("/sign-out", post(sign_out))
        .route("/sessions", get(sessions).delete(sign_out_everywhere))
        .layer(layer.clone());
    let port = env::args().nth(1).map_or(Ok(8443), |port| port.parse())?;
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let port = listener.local_addr()?.port().to_string();
    print!("{}", include_str!("try.txt").replace("8443", &port));
    Ok(serve(listener, tls, app).with_sessions(&layer).await?)
}

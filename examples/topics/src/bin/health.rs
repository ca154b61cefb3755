//! Liveness and readiness on a second port, without TLS and for this machine alone: a probe has no
//! client certificate, and says nothing to the outside.

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::routing::get;
use certsession_axum::{
    CertSession, CertSessionLayer, Error, Key, MemoryStore, SessionManager, serve,
};
use certsession_tls::CertificatesInForce;
use tokio::net::TcpListener;

const VISITS: Key<u64> = Key::new("visits");

async fn home(session: CertSession) -> Result<String, Error> {
    let visits = session.get(&VISITS)?.unwrap_or(0) + 1;
    session.insert(&VISITS, &visits)?;
    Ok(format!("visit {visits}\n"))
}

#[derive(Clone)]
struct Checked {
    sessions: SessionManager<MemoryStore>,
    certificates: CertificatesInForce,
}

/// Whether requests can be served: where not, a load balancer asks another node. A process that
/// cannot reach its store is not restarted for that.
async fn ready(State(checked): State<Checked>) -> (StatusCode, &'static str) {
    match checked.sessions.health().await.store_error() {
        None => (StatusCode::OK, "ready\n"),
        Some(_) => (
            StatusCode::SERVICE_UNAVAILABLE,
            "the store cannot be reached\n",
        ),
    }
}

/// What an operator has to see to. It takes no node out of service: all nodes have the same lists
/// and CAs.
async fn warnings(State(checked): State<Checked>) -> String {
    let health = checked.sessions.health().await;
    let mut faults = Vec::new();
    if health.overdue_lists().next().is_some() {
        faults.push("a revocation list is overdue".to_owned());
    }
    let soon = health.checked_at() + Duration::from_secs(24 * 60 * 60);
    for certificate in checked.certificates.list().iter() {
        if certificate.not_after() < soon {
            faults.push(format!("{} expires", certificate.subject()));
        }
    }
    faults.iter().map(|fault| format!("{fault}\n")).collect()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (tls, port) = topics::set_up()?;
    let sessions = SessionManager::new(MemoryStore::new());
    let checked = Checked {
        sessions: sessions.clone(),
        certificates: tls.certificates(),
    };
    let probes = Router::new()
        .route("/live", get(async || "alive\n"))
        .route("/ready", get(ready))
        .route("/warnings", get(warnings))
        .with_state(checked);
    let layer = CertSessionLayer::new(sessions);
    let app = Router::new().route("/", get(home)).layer(layer.clone());

    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let for_probes = TcpListener::bind(("127.0.0.1", topics::beside(port))).await?;
    topics::listening(listener.local_addr()?.port(), &["/"]);
    topics::probes(
        for_probes.local_addr()?.port(),
        &["/live", "/ready", "/warnings"],
    );
    tokio::spawn(async move { axum::serve(for_probes, probes).await });
    Ok(serve(listener, tls, app).with_sessions(&layer).await?)
}

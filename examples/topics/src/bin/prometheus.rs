//! Metrics for Prometheus, on a second port for this machine alone.

use axum::Router;
use axum::extract::State;
use axum::routing::{get, post};
use certsession_axum::{
    CertSession, CertSessionLayer, Error, MemoryStore, SessionManager, SignedIn, serve,
};
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;

async fn sign_in(session: CertSession) -> Result<&'static str, Error> {
    session.sign_in("alice")?;
    Ok("welcome\n")
}

async fn home(user: SignedIn) -> String {
    format!("{user}\n")
}

#[derive(Clone)]
struct Scraped {
    recorder: PrometheusHandle,
    sessions: SessionManager<MemoryStore>,
}

async fn scrape(State(scraped): State<Scraped>) -> String {
    // Sets the gauges: of the live sessions, and of the revocation lists.
    scraped.sessions.health().await;
    scraped.recorder.render()
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    // Before anything is counted. The feature `metrics` of certsession-axum does the counting.
    let recorder = PrometheusBuilder::new().install_recorder()?;
    let (tls, port) = topics::set_up()?;
    let sessions = SessionManager::new(MemoryStore::new());
    let layer = CertSessionLayer::new(sessions.clone());
    let app = Router::new()
        .route("/", get(home))
        .route("/sign-in", post(sign_in))
        .layer(layer.clone());
    let scraped = Scraped { recorder, sessions };
    let metrics = Router::new()
        .route("/metrics", get(scrape))
        .with_state(scraped);

    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let for_metrics = TcpListener::bind(("127.0.0.1", topics::beside(port))).await?;
    topics::listening(listener.local_addr()?.port(), &["/sign-in --data ''", "/"]);
    topics::probes(for_metrics.local_addr()?.port(), &["/metrics"]);
    tokio::spawn(async move { axum::serve(for_metrics, metrics).await });
    Ok(serve(listener, tls, app).with_sessions(&layer).await?)
}

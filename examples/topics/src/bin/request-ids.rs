//! Each line of the log with the request that caused it, those of the sessions included.

use axum::Router;
use axum::extract::Request;
use axum::http::HeaderValue;
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::{get, post};
use certsession_axum::{CertSession, CertSessionLayer, Error, MemoryStore, Nonce, SignedIn, serve};
use tokio::net::TcpListener;
use tracing::{Instrument, info, info_span};

async fn sign_in(session: CertSession) -> Result<&'static str, Error> {
    session.sign_in("alice")?;
    info!("the application's own line");
    Ok("welcome\n")
}

async fn home(user: SignedIn) -> String {
    format!("{user}\n")
}

/// Around the sessions, so that their events are in the span too. The id is the server's own: one
/// that a client sends could be that of another's request.
async fn with_id(request: Request, next: Next) -> Response {
    let Ok(id) = Nonce::generate() else {
        return next.run(request).await;
    };
    let span = info_span!("request", id = id.as_str(), path = request.uri().path());
    let mut response = next.run(request).instrument(span).await;
    if let Ok(id) = HeaderValue::from_str(id.as_str()) {
        // What a user reports leads to the lines of the request.
        response.headers_mut().insert("x-request-id", id);
    }
    response
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let filter = tracing_subscriber::EnvFilter::try_from_default_env();
    tracing_subscriber::fmt()
        .with_env_filter(filter.unwrap_or_else(|_| "info".into()))
        .with_writer(std::io::stderr)
        .init();
    let (tls, port) = topics::set_up()?;
    let sessions = CertSessionLayer::new(MemoryStore::new());
    let app = Router::new()
        .route("/", get(home))
        .route("/sign-in", post(sign_in))
        .layer(sessions.clone())
        .layer(from_fn(with_id));
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    let paths = &["/sign-in --data '' --include", "/ --include"];
    topics::listening(listener.local_addr()?.port(), paths);
    Ok(serve(listener, tls, app).with_sessions(&sessions).await?)
}

//! The whole framework in one server on axum: `cargo run -p portal-axum -- --help`.

use std::error::Error;
use std::process::ExitCode;

use axum::http::StatusCode;
use certsession_axum::{CertSessionLayer, SessionStore, serve};
use portal_common::{Framework, Portal};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};

#[tokio::main]
async fn main() -> ExitCode {
    portal_common::run::<Axum>().await
}

struct Axum;

impl Framework for Axum {
    async fn serve<S: SessionStore>(portal: Portal<S>) -> Result<(), Box<dyn Error>> {
        let Portal {
            manager,
            guard,
            tls,
            addr,
            lab,
        } = portal;
        let sessions = CertSessionLayer::new(manager).with_cross_site_guard(guard);
        let app = match lab {
            true => portal_axum::routes().merge(portal_axum::lab_routes()),
            false => portal_axum::routes(),
        };
        let app = app
            .fallback(async || StatusCode::NOT_FOUND)
            .layer(sessions.clone());
        let listener = TcpListener::bind(&addr)
            .await
            .map_err(|error| format!("cannot listen on {addr}: {error}"))?;
        portal_common::say_listening(listener.local_addr()?)?;
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        serve(listener, tls, app)
            .with_sessions(&sessions)
            .with_graceful_shutdown(async move {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            })
            .await?;
        Ok(())
    }
}

//! The whole framework in one server on axum: `cargo run -p portal-axum -- --help`.

use std::error::Error;
use std::process::ExitCode;

use axum::http::StatusCode;
use axum::http::header::USER_AGENT;
use axum::http::request::Parts;
use axum::middleware::from_fn;
use certsession_axum::{CertSessionLayer, Device, SessionStore, serve, serve_unix};
use portal_common::{Framework, Portal, Socket};
use tokio::net::{TcpListener, UnixListener};
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
            socket,
            lab,
        } = portal;
        let sessions = CertSessionLayer::new(manager)
            .with_cross_site_guard(guard)
            .with_device(device);
        let app = match lab {
            true => portal_axum::routes().merge(portal_axum::lab_routes()),
            false => portal_axum::routes(),
        };
        let app = app
            .fallback(async || StatusCode::NOT_FOUND)
            .layer(sessions.clone())
            .layer(from_fn(portal_axum::error_pages));
        let server = match socket {
            Socket::Direct { addr, tls } => serve(listen(&addr).await?, tls, app),
            Socket::Proxy { addr, tls, proxies } => {
                serve(listen(&addr).await?, tls, app).behind_proxy(&proxies)
            }
            Socket::Unix { path, proxies } => {
                let listener = portal_common::bind_unix(&path)?;
                listener.set_nonblocking(true)?;
                portal_common::say_listening(format_args!("unix:{}", path.display()))?;
                serve_unix(UnixListener::from_std(listener)?, &proxies, app)
            }
        };
        let mut terminate = signal(SignalKind::terminate())?;
        let mut interrupt = signal(SignalKind::interrupt())?;
        server
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

async fn listen(addr: &str) -> Result<TcpListener, Box<dyn Error>> {
    let listener = TcpListener::bind(addr)
        .await
        .map_err(|error| format!("cannot listen on {addr}: {error}"))?;
    let address = listener.local_addr()?;
    portal_common::say_listening(format_args!("https://{address}"))?;
    Ok(listener)
}

/// What the list of sessions shows of a client, besides the name that its user gives it.
fn device(request: &Parts) -> Device {
    let agent = request.headers.get(USER_AGENT);
    let agent = agent.and_then(|agent| agent.to_str().ok());
    Device::new().with_agent(agent.unwrap_or_default())
}

//! Employees order parts: the application of the tutorial, on axum.

#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "it says where it listens, and why it stops"
)]

mod account;
mod approval;
mod cart;
mod certs;
mod devices;
mod nginx;
mod operator;
mod orders;
mod people;
mod tls;

use std::env;
use std::error::Error;
use std::process::ExitCode;

use axum::Router;
use certsession_axum::{CertSessionLayer, MemoryStore, SessionManager, SessionStore};
use tokio::net::TcpListener;
use tokio::signal::unix::{SignalKind, signal};
use tracing_subscriber::EnvFilter;

#[tokio::main]
async fn main() -> ExitCode {
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr);
    log.with_env_filter(EnvFilter::from_default_env()).init();
    match run().await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("parts: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run() -> Result<(), Box<dyn Error>> {
    if let Ok(url) = env::var("PARTS_REDIS") {
        return serve(certsession_redis::RedisStore::connect(&url).await?).await;
    }
    serve(MemoryStore::new()).await
}

async fn serve(store: impl SessionStore) -> Result<(), Box<dyn Error>> {
    let manager = SessionManager::builder(store)
        .binding(people::BINDING)
        .build();
    let sessions = CertSessionLayer::new(manager);
    let sessions = sessions.with_device(devices::of);
    let app = Router::new()
        .merge(account::routes())
        .merge(cart::routes())
        .merge(orders::routes())
        .merge(approval::routes())
        .merge(devices::routes())
        .with_state(orders::Orders::default())
        .layer(sessions.clone());
    let address = env::var("PARTS_LISTEN").unwrap_or_else(|_| "127.0.0.1:8443".to_owned());
    let listener = TcpListener::bind(&address).await?;
    println!("listening on https://{}", listener.local_addr()?);
    if let Ok(address) = env::var("PARTS_OPERATOR") {
        let pages = operator::pages(sessions.manager().admin())?;
        let listener = TcpListener::bind(&address).await?;
        tokio::spawn(async move { axum::serve(listener, pages).await });
    }
    let mut terminate = signal(SignalKind::terminate())?;
    tls::server(listener, app)?
        .with_sessions(&sessions)
        .with_graceful_shutdown(async move {
            terminate.recv().await;
        })
        .await?;
    Ok(())
}

//! Employees order parts: the application of the tutorial, on actix-web.

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
use std::time::Duration;

use actix_web::{App, HttpServer};
use certsession_actix::{CertSessionMiddleware, MemoryStore, SessionManager, SessionStore};
use tracing_subscriber::EnvFilter;

#[actix_web::main]
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
    let sessions = CertSessionMiddleware::new(manager);
    let sessions = sessions.with_device(devices::of);
    let orders = actix_web::web::Data::new(orders::Orders::default());
    let wrapped = sessions.clone();
    let server = HttpServer::new(move || {
        App::new()
            .wrap(wrapped.clone())
            .configure(account::routes)
            .configure(cart::routes)
            .app_data(orders.clone())
            .configure(orders::routes)
            .configure(approval::routes)
            .configure(devices::routes)
    });
    let address = env::var("PARTS_LISTEN").unwrap_or_else(|_| "127.0.0.1:8443".to_owned());
    let server = tls::bind(server, &address)?;
    for address in server.addrs() {
        println!("listening on https://{address}");
    }
    if let Ok(address) = env::var("PARTS_OPERATOR") {
        let pages = operator::server(&address, sessions.manager().admin())?;
        actix_web::rt::spawn(pages);
    }
    server.run().await?;
    // A sign-out whose client hung up is finished before the process ends.
    sessions.drain(Duration::from_secs(10)).await;
    Ok(())
}

//! The whole framework in one server: `cargo run -p portal -- --help`.

mod options;
mod store;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;
use std::time::Duration;

use actix_web::{App, HttpServer};
use certsession_actix::{
    BindMutualTls, CertSessionMiddleware, MemoryStore, RevocationList, SessionManager, SessionStore,
};
use certsession_firestore::FirestoreStore;
use clap::Parser;

use options::Options;
use store::Store;

/// How long a shutdown waits for ends that were begun.
const DRAIN: Duration = Duration::from_secs(10);

#[actix_web::main]
async fn main() -> ExitCode {
    let options = Options::parse();
    tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(io::stderr)
        .init();
    match run(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not returned from `main`, which would print its `Debug` output.
            let _ = writeln!(io::stderr(), "portal: {error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(options: &Options) -> Result<(), Box<dyn Error>> {
    match &options.store {
        Store::Memory => serve(options, MemoryStore::new()).await,
        Store::Firestore(url) => serve(options, FirestoreStore::connect(url).await?).await,
        Store::Redis(url) => serve(options, options.redis.open(url).await?).await,
    }
}

async fn serve(options: &Options, store: impl SessionStore) -> Result<(), Box<dyn Error>> {
    // One list: TLS checks it in each handshake, the rules on each request.
    let revocations = RevocationList::new();
    let manager: SessionManager<_> = options.rules(store, &revocations)?;
    let sessions = CertSessionMiddleware::new(manager);
    let lab = options.lab;
    let wrapped = sessions.clone();
    let app = move || {
        let app = App::new().wrap(wrapped.clone()).configure(portal::routes);
        match lab {
            true => app.configure(portal::lab_routes),
            false => app,
        }
    };
    let server = HttpServer::new(app)
        .bind_mutual_tls(&options.addr, options.tls(&revocations)?)
        .map_err(|error| format!("cannot listen on {}: {error}", options.addr))?;
    for address in server.addrs() {
        writeln!(io::stdout(), "listening on https://{address}")?;
    }
    server.run().await?;
    // A sign-out whose client hung up is finished before the process ends.
    sessions.drain(DRAIN).await;
    Ok(())
}

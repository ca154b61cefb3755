//! A portal as a program: from its flags to its server.

use std::error::Error;
use std::fmt::Display;
use std::io::{self, Write};
use std::process::ExitCode;

use certsession_core::{MemoryStore, RevocationList, SessionManager, SessionStore};
use certsession_firestore::FirestoreStore;
use certsession_http::CrossSiteGuard;
use clap::Parser;

use crate::options::{LogFormat, Options, Socket};
use crate::store::Store;

/// What the flags make, for a framework to serve.
#[derive(Debug)]
pub struct Portal<S> {
    /// The rules, over the store.
    pub manager: SessionManager<S>,
    /// Which pages may make requests.
    pub guard: CrossSiteGuard,
    /// Where to listen, with TLS, and who the peers are.
    pub socket: Socket,
    /// Whether to add the routes that only tests need.
    pub lab: bool,
}

/// How a framework serves a portal.
pub trait Framework {
    /// Serves it until the process is told to end. It says by [`say_listening`] where.
    fn serve<S: SessionStore>(
        portal: Portal<S>,
    ) -> impl Future<Output = Result<(), Box<dyn Error>>>;
}

/// Prints where the server listens: `https://` and an address, or `unix:` and a path.
///
/// # Errors
///
/// If it cannot be printed.
pub fn say_listening(place: impl Display) -> io::Result<()> {
    writeln!(io::stdout(), "listening on {place}")
}

/// Runs the program.
pub async fn run<F: Framework>() -> ExitCode {
    let options = Options::parse();
    start_log(options.log);
    match open_and_serve::<F>(&options).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // Not returned from `main`, which would print its `Debug`.
            let _ = writeln!(io::stderr(), "portal: {error}");
            ExitCode::FAILURE
        }
    }
}

fn start_log(format: LogFormat) {
    let log = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_writer(io::stderr);
    match format {
        LogFormat::Text => log.init(),
        LogFormat::Json => log.json().flatten_event(true).init(),
    }
}

async fn open_and_serve<F: Framework>(options: &Options) -> Result<(), Box<dyn Error>> {
    match &options.store {
        Store::Memory => serve::<F>(options, MemoryStore::new()).await,
        Store::Firestore(url) => serve::<F>(options, FirestoreStore::connect(url).await?).await,
        Store::Redis(url) => serve::<F>(options, options.redis.open(url).await?).await,
    }
}

async fn serve<F: Framework>(
    options: &Options,
    store: impl SessionStore,
) -> Result<(), Box<dyn Error>> {
    // One list: TLS asks it in each handshake, the rules on each request.
    let revocations = RevocationList::new();
    let manager = options.rules(store, &revocations)?;
    F::serve(Portal {
        manager,
        guard: options.cross_site_guard()?,
        socket: options.socket(&revocations)?,
        lab: options.lab,
    })
    .await
}

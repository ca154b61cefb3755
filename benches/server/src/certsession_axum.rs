//! This project on axum, on its own server.

use axum::Router;
use axum::routing::get;
use certsession_axum::{CertSession, CertSessionLayer, Error, Key, MemoryStore, SessionStore};
use certsession_benches::{KEYS, contents};
use certsession_firestore::FirestoreStore;
use certsession_redis::RedisStore;

use crate::candidate::Candidate;
use crate::host::KEEP_ALIVE;
use crate::{Fault, Host, Setup};

const FIRST: Key<String> = Key::new(KEYS[0].0);
const COUNT: Key<u64> = Key::new("count");

pub(crate) async fn serve(candidate: Candidate, setup: Setup<'_>) -> Result<(), Fault> {
    match candidate {
        Candidate::CertsessionAxumRedis => {
            let store = RedisStore::connect(setup.database()?).await?;
            with(store, setup).await
        }
        Candidate::CertsessionAxumFirestore => {
            let store = FirestoreStore::connect(setup.database()?).await?;
            with(store, setup).await
        }
        _ => with(MemoryStore::new(), setup).await,
    }
}

async fn with<S: SessionStore>(store: S, setup: Setup<'_>) -> Result<(), Fault> {
    let router = Router::new()
        .route("/ready", get(async || "ready"))
        .route("/fill", get(fill))
        .route("/read", get(read))
        .route("/count", get(count))
        .layer(CertSessionLayer::new(store));
    let Host::Server(listener, tls) = setup.host else {
        return Err("this candidate needs a server".into());
    };
    listener.set_nonblocking(true)?;
    let listener = tokio::net::TcpListener::from_std(listener)?;
    certsession_axum::serve(listener, tls.mutual_tls()?, router)
        .with_idle_timeout(KEEP_ALIVE)
        .await?;
    Ok(())
}

async fn fill(session: CertSession) -> Result<&'static str, Error> {
    for (key, value) in contents() {
        session.insert(&Key::<String>::named(key), &value)?;
    }
    Ok("filled")
}

async fn read(session: CertSession) -> Result<String, Error> {
    Ok(session.get(&FIRST)?.unwrap_or_default())
}

async fn count(session: CertSession) -> Result<String, Error> {
    let count = session.get(&COUNT)?.unwrap_or_default() + 1;
    session.insert(&COUNT, &count)?;
    Ok(count.to_string())
}

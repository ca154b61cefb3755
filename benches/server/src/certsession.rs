//! This project on actix-web.

use std::time::Duration;

use actix_web::{App, web};
use certsession_actix::{
    CertSession, CertSessionMiddleware, Error, Key, MemoryStore, SessionStore, capture_peer,
};
use certsession_benches::{KEYS, contents};
use certsession_redis::RedisStore;
use deadpool_redis::{Config, Runtime};

use crate::candidate::Candidate;
use crate::host::run;
use crate::{Fault, Setup};

const FIRST: Key<String> = Key::new(KEYS[0].0);
const COUNT: Key<u64> = Key::new("count");

/// The maximum age of a copy, as in the guide.
const MAX_AGE: Duration = Duration::from_secs(1);

pub(crate) async fn serve(candidate: Candidate, setup: Setup<'_>) -> Result<(), Fault> {
    match candidate {
        Candidate::CertsessionRedis
        | Candidate::CertsessionValkey
        | Candidate::CertsessionCluster => {
            let store = RedisStore::connect(setup.database()?).await?;
            with(store, setup).await
        }
        Candidate::CertsessionValkeyScript => {
            let settings = RedisStore::builder(setup.database()?)?.scripts_only();
            with(settings.connect().await?, setup).await
        }
        Candidate::CertsessionRedisNear => {
            let settings = RedisStore::builder(setup.database()?)?.near_cache(MAX_AGE);
            with(settings.connect().await?, setup).await
        }
        Candidate::CertsessionRedisPool => {
            let pool = Config::from_url(setup.database()?).create_pool(Some(Runtime::Tokio1))?;
            with(RedisStore::from_pool(pool, "cs:"), setup).await
        }
        _ => with(MemoryStore::new(), setup).await,
    }
}

async fn with<S: SessionStore>(store: S, setup: Setup<'_>) -> Result<(), Fault> {
    let sessions = CertSessionMiddleware::new(store);
    let application = move || {
        App::new()
            .wrap(sessions.clone())
            .route("/ready", web::get().to(async || "ready"))
            .route("/fill", web::get().to(fill))
            .route("/read", web::get().to(read))
            .route("/count", web::get().to(count))
    };
    run!(setup, application, on_connect = capture_peer)
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

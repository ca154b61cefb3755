//! axum, and tower-sessions on it.

use std::sync::Arc;

use axum::Router;
use axum::routing::get;
use axum_server::tls_rustls::RustlsConfig;
use certsession_benches::KEYS;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};

use crate::candidate::Candidate;
use crate::{Fault, Host, Setup};

/// The value from the documentation of the Redis store.
const CONNECTIONS: usize = 6;

pub(crate) async fn serve(candidate: Candidate, setup: Setup<'_>) -> Result<(), Fault> {
    let router = match candidate {
        Candidate::TowerSessionsMemory => {
            release_0_15::router(tower_sessions::MemoryStore::default())
        }
        Candidate::TowerSessionsRedis => {
            let config = Config::from_url(setup.database()?)?;
            let pool = Pool::new(config, None, None, None, CONNECTIONS)?;
            pool.init().await?;
            release_0_14::router(tower_sessions_redis_store::RedisStore::new(pool))
        }
        _ => bare(),
    };
    let Host::Server(listener, tls) = setup.host else {
        return Err("this candidate needs a server".into());
    };
    let tls = RustlsConfig::from_config(Arc::new(tls.config()?.0));
    let acceptor = axum_server::tls_rustls::RustlsAcceptor::new(tls)
        .acceptor(axum_server::accept::NoDelayAcceptor::new());
    axum_server::from_tcp(listener)?
        .acceptor(acceptor)
        .serve(router.into_make_service())
        .await?;
    Ok(())
}

fn bare() -> Router {
    Router::new()
        .route("/ready", get(async || "ready"))
        .route("/fill", get(async || "filled"))
        .route("/read", get(async || "x".repeat(KEYS[0].1)))
        .route("/count", get(async || 1_000_u64.to_string()))
}

/// The application with one release.
macro_rules! release {
    ($module:ident, $tower_sessions:ident) => {
        mod $module {
            use axum::Router;
            use axum::http::StatusCode;
            use axum::routing::get;
            use certsession_benches::{KEYS, contents};
            use $tower_sessions::session::Error;
            use $tower_sessions::{Session, SessionManagerLayer, SessionStore};

            pub(super) fn router(store: impl SessionStore + Clone) -> Router {
                Router::new()
                    .route("/ready", get(async || "ready"))
                    .route("/fill", get(fill))
                    .route("/read", get(read))
                    .route("/count", get(count))
                    .layer(SessionManagerLayer::new(store))
            }

            async fn fill(session: Session) -> Result<&'static str, StatusCode> {
                for (key, value) in contents() {
                    session.insert(key, value).await.map_err(unusable)?;
                }
                Ok("filled")
            }

            async fn read(session: Session) -> Result<String, StatusCode> {
                let value = session.get(KEYS[0].0).await.map_err(unusable)?;
                Ok(value.unwrap_or_default())
            }

            async fn count(session: Session) -> Result<String, StatusCode> {
                let count: Option<u64> = session.get("count").await.map_err(unusable)?;
                let count = count.unwrap_or_default() + 1;
                session.insert("count", count).await.map_err(unusable)?;
                Ok(count.to_string())
            }

            fn unusable(_: Error) -> StatusCode {
                StatusCode::INTERNAL_SERVER_ERROR
            }
        }
    };
}

release!(release_0_14, tower_sessions_0_14);
release!(release_0_15, tower_sessions);

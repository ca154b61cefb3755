//! actix-session: its cookie store, and its Redis store over a connection manager or a pool.

use actix_session::config::{PersistentSession, TtlExtensionPolicy};
use actix_session::storage::{CookieSessionStore, RedisSessionStore, SessionStore};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::Key;
use actix_web::{App, Error, web};
use certsession_benches::{KEYS, contents};
use deadpool_redis_0_22::{Config, Runtime};

use crate::candidate::Candidate;
use crate::host::run;
use crate::{Fault, Setup};

pub(crate) async fn serve(candidate: Candidate, setup: Setup<'_>) -> Result<(), Fault> {
    let policy = match candidate {
        Candidate::ActixSessionRedisSliding => TtlExtensionPolicy::OnEveryRequest,
        _ => TtlExtensionPolicy::OnStateChanges,
    };
    if candidate == Candidate::ActixSessionCookie {
        return with(CookieSessionStore::default, policy, setup).await;
    }
    // Created in `main`, as its documentation says.
    let store = match candidate {
        Candidate::ActixSessionRedisPool => {
            let pool = Config::from_url(setup.database()?).create_pool(Some(Runtime::Tokio1))?;
            RedisSessionStore::new_pooled(pool).await?
        }
        _ => RedisSessionStore::new(setup.database()?).await?,
    };
    with(move || store.clone(), policy, setup).await
}

async fn with<S: SessionStore + 'static>(
    store: impl Fn() -> S + Clone + Send + 'static,
    policy: TtlExtensionPolicy,
    setup: Setup<'_>,
) -> Result<(), Fault> {
    let key = Key::generate();
    let application = move || {
        let lifecycle = PersistentSession::default().session_ttl_extension_policy(policy.clone());
        let sessions = SessionMiddleware::builder(store(), key.clone())
            .session_lifecycle(lifecycle)
            .build();
        App::new()
            .wrap(sessions)
            .route("/ready", web::get().to(async || "ready"))
            .route("/fill", web::get().to(fill))
            .route("/read", web::get().to(read))
            .route("/count", web::get().to(count))
    };
    run!(setup, application)
}

async fn fill(session: Session) -> Result<&'static str, Error> {
    for (key, value) in contents() {
        session.insert(key, value)?;
    }
    Ok("filled")
}

async fn read(session: Session) -> Result<String, Error> {
    Ok(session.get(KEYS[0].0)?.unwrap_or_default())
}

async fn count(session: Session) -> Result<String, Error> {
    let count = session.get::<u64>("count")?.unwrap_or_default() + 1;
    session.insert("count", count)?;
    Ok(count.to_string())
}

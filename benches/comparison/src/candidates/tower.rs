//! tower-sessions on axum, with its memory store, its Redis store, and its Firestore store.
//!
//! The newest Redis store supports tower-sessions 0.14, and the newest Firestore store 0.10, so
//! they run with those releases; the releases behave the same in these scenarios.

use std::cell::RefCell;
use std::error::Error;
use std::fmt::Debug;
use std::rc::Rc;

use axum::http::StatusCode;
use certsession_tests::firestore::{new_collection, shared};
use certsession_tests::redis::RedisServer;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};

use super::axum::{Pair, Send, routes, sender};
use super::firestore::{Database, connect};
use crate::candidate::{ANONYMOUS, Candidate, NONE, Reply, Request, Timeouts, User, Waiting};
use crate::gate::Gate;

/// The value from its documentation.
const CONNECTIONS: usize = 6;

struct TowerSessions {
    send: Send,
    gate: Gate,
    /// The ids of the sessions in the store.
    ids: Box<dyn Fn() -> Waiting<Vec<String>>>,
}

pub(super) fn with_memory(timeouts: Timeouts) -> Rc<dyn Candidate> {
    let store = tower_sessions::MemoryStore::default();
    let gate = Gate::new();
    let send = release_0_15::sender(store.clone(), gate.clone(), timeouts);
    let ids = move || -> Waiting<Vec<String>> {
        let ids = numbers(&format!("{store:?}"));
        Box::pin(async move { ids })
    };
    Rc::new(TowerSessions {
        send,
        gate,
        ids: Box::new(ids),
    })
}

pub(super) async fn with_redis(
    redis: &RedisServer,
    timeouts: Timeouts,
) -> Result<Rc<dyn Candidate>, Box<dyn Error>> {
    let port = redis.port().ok_or("the client needs a port")?;
    let config = Config::from_url(&format!("redis://127.0.0.1:{port}"))?;
    let pool = Pool::new(config, None, None, None, CONNECTIONS)?;
    pool.init().await?;
    let gate = Gate::new();
    let store = tower_sessions_redis_store::RedisStore::new(pool);
    let send = release_0_14::sender(store, gate.clone(), timeouts);
    let client = RefCell::new(redis.connect()?);
    let ids = move || -> Waiting<Vec<String>> {
        let ids = super::redis_keys(&mut client.borrow_mut());
        Box::pin(async move { ids })
    };
    Ok(Rc::new(TowerSessions {
        send,
        gate,
        ids: Box::new(ids),
    }))
}

pub(super) async fn with_firestore(
    timeouts: Timeouts,
) -> Result<Rc<dyn Candidate>, Box<dyn Error>> {
    let (client, collection) = (connect(shared()).await?, new_collection());
    let gate = Gate::new();
    let store =
        tower_sessions_firestore_store::FirestoreStore::new(client.clone(), collection.clone());
    let database = Database { client, collection };
    Ok(Rc::new(TowerSessions {
        send: release_0_10::sender(store, gate.clone(), timeouts),
        gate,
        ids: Box::new(move || database.names()),
    }))
}

impl Candidate for TowerSessions {
    fn send(&self, request: Request) -> Waiting<Reply> {
        (self.send)(request)
    }

    fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The id of a session is its key in the store; the cookie is that id, encrypted where the
    /// release can.
    fn forge(&self) -> Waiting<Vec<String>> {
        let ids = (self.ids)();
        Box::pin(async move { ids.await.iter().map(|id| format!("id={id}")).collect() })
    }

    fn planted(&self) -> String {
        format!("id={}", tower_sessions::session::Id(42))
    }
}

/// The ids in the store's `Debug` output, in the form that cookies use.
pub(super) fn numbers(printed: &str) -> Vec<String> {
    let numbers = printed.split("Id(").skip(1);
    numbers
        .filter_map(|rest| rest.split(')').next()?.parse().ok())
        .map(|number| tower_sessions::session::Id(number).to_string())
        .collect()
}

/// What a handler answers; a failure with its status.
pub(super) type Answer = Result<String, (StatusCode, String)>;

/// The response of a handler that cannot use its session.
pub(super) fn unusable(error: impl Debug) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}"))
}

/// The response of a handler that fails for a reason unrelated to sessions.
pub(super) fn failure() -> (StatusCode, String) {
    unusable("a failure that has nothing to do with the session")
}

/// The application with one release, and the key of its cookies where it can encrypt them.
macro_rules! release {
    ($module:ident, $tower_sessions:ident, $axum:ident $(, $key:expr)?) => {
        mod $module {
            use super::*;
            use $axum::extract::{Query, State};
            use $tower_sessions::cookie::time::Duration;
            use $tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore};

            pub(super) fn sender(
                store: impl SessionStore + Clone,
                gate: Gate,
                timeouts: Timeouts,
            ) -> Send {
                let idle = Duration::seconds(timeouts.idle.as_secs().cast_signed());
                let layer = SessionManagerLayer::new(store)
                    .with_expiry(Expiry::OnInactivity(idle))
                    $(.with_private($key))?;
                let router = routes!($axum)
                    .layer(layer)
                    .with_state(gate);
                sender!($axum, router)
            }

            async fn whoami(session: Session) -> Answer {
                let user = session.get("user").await.map_err(unusable)?;
                Ok(user.unwrap_or_else(|| ANONYMOUS.to_owned()))
            }

            async fn put(session: Session, Query(pair): Query<Pair>) -> Answer {
                let written = session.insert(&pair.key, pair.value).await;
                written.map_err(unusable)?;
                Ok("done".to_owned())
            }

            async fn read(session: Session, Query(pair): Query<Pair>) -> Answer {
                let value = session.get(&pair.key).await.map_err(unusable)?;
                Ok(value.unwrap_or_else(|| NONE.to_owned()))
            }

            async fn slow_put(
                session: Session,
                State(gate): State<Gate>,
                pair: Query<Pair>,
            ) -> Answer {
                whoami(session.clone()).await?;
                gate.pass().await;
                put(session, pair).await
            }

            async fn sign_in(session: Session, Query(user): Query<User>) -> Answer {
                session.cycle_id().await.map_err(unusable)?;
                let written = session.insert("user", user.username).await;
                written.map_err(unusable)?;
                Ok("done".to_owned())
            }

            async fn sign_out(session: Session) -> Answer {
                session.flush().await.map_err(unusable)?;
                Ok("done".to_owned())
            }

            async fn sign_out_and_fail(session: Session) -> Answer {
                sign_out(session).await?;
                Err(failure())
            }

            async fn sign_out_and_put(session: Session, pair: Query<Pair>) -> Answer {
                sign_out(session.clone()).await?;
                put(session, pair).await
            }

            async fn rotate(session: Session) -> Answer {
                session.cycle_id().await.map_err(unusable)?;
                Ok("done".to_owned())
            }

            async fn rotate_and_fail(session: Session) -> Answer {
                rotate(session).await?;
                Err(failure())
            }

            async fn debug(session: Session) -> Answer {
                whoami(session.clone()).await?;
                Ok(format!("{session:?}"))
            }
        }
    };
}

release!(release_0_10, tower_sessions_0_10, axum_0_7);
release!(
    release_0_14,
    tower_sessions_0_14,
    axum,
    tower_sessions_0_14::cookie::Key::generate()
);
release!(
    release_0_15,
    tower_sessions,
    axum,
    tower_sessions::cookie::Key::generate()
);

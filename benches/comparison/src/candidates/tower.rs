//! tower-sessions on axum, with its memory store and with its Redis store.
//!
//! The newest Redis store supports tower-sessions 0.14, so it runs with that release; the two
//! releases behave the same in these scenarios.

use std::cell::RefCell;
use std::error::Error;
use std::fmt::Debug;
use std::rc::Rc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Query, State};
use axum::http::header::{COOKIE, SET_COOKIE};
use axum::http::{Request as HttpRequest, StatusCode};
use axum::middleware::{Next, from_fn};
use axum::response::Response;
use axum::routing::get;
use certsession_tests::redis::RedisServer;
use serde::Deserialize;
use tower::ServiceExt;
use tower_sessions_redis_store::fred::prelude::{ClientLike, Config, Pool};

use crate::candidate::{ALICE, ANONYMOUS, Candidate, IDLE, NONE, Reply, Request, Waiting};
use crate::gate::Gate;

/// The value from its documentation.
const CONNECTIONS: usize = 6;

struct TowerSessions {
    router: Router,
    gate: Gate,
    /// The ids of the sessions in the store.
    ids: Box<dyn Fn() -> Vec<String>>,
}

#[derive(Debug, Deserialize)]
struct Pair {
    key: String,
    #[serde(default)]
    value: String,
}

pub(super) fn with_memory() -> Rc<dyn Candidate> {
    let store = tower_sessions::MemoryStore::default();
    let gate = Gate::new();
    let router = release_0_15::router(store.clone(), gate.clone());
    let ids = move || numbers(&format!("{store:?}"));
    Rc::new(TowerSessions {
        router,
        gate,
        ids: Box::new(ids),
    })
}

pub(super) async fn with_redis(redis: &RedisServer) -> Result<Rc<dyn Candidate>, Box<dyn Error>> {
    let port = redis.port().ok_or("the client needs a port")?;
    let config = Config::from_url(&format!("redis://127.0.0.1:{port}"))?;
    let pool = Pool::new(config, None, None, None, CONNECTIONS)?;
    pool.init().await?;
    let gate = Gate::new();
    let store = tower_sessions_redis_store::RedisStore::new(pool);
    let router = release_0_14::router(store, gate.clone());
    let client = RefCell::new(redis.connect()?);
    Ok(Rc::new(TowerSessions {
        router,
        gate,
        ids: Box::new(move || super::redis_keys(&mut client.borrow_mut())),
    }))
}

impl Candidate for TowerSessions {
    fn send(&self, request: Request) -> Waiting<Reply> {
        let router = self.router.clone();
        Box::pin(async move {
            let mut sent = HttpRequest::get(request.target);
            if let Some(cookie) = request.cookie {
                sent = sent.header(COOKIE, cookie);
            }
            // The peer's certificate is available to every handler.
            let sent = sent.extension(request.peer).body(Body::empty());
            match sent {
                // A router cannot fail.
                Ok(sent) => match router.oneshot(sent).await {
                    Ok(response) => reply(response).await,
                    Err(never) => match never {},
                },
                Err(_) => Reply::default(),
            }
        })
    }

    fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The id of a session is its key in the store; the cookie is that id, encrypted.
    fn forge(&self) -> Waiting<Vec<String>> {
        let cookies = (self.ids)().into_iter().map(|id| format!("id={id}"));
        let cookies = cookies.collect();
        Box::pin(async move { cookies })
    }

    fn planted(&self) -> String {
        format!("id={}", tower_sessions::session::Id(42))
    }
}

async fn reply(response: Response) -> Reply {
    let fields = response.headers().get_all(SET_COOKIE).iter();
    let set_cookie = fields
        .map(|field| String::from_utf8_lossy(field.as_bytes()).into_owned())
        .collect();
    let status = response.status().as_u16();
    let body = to_bytes(response.into_body(), usize::MAX).await;
    Reply {
        status,
        body: String::from_utf8_lossy(&body.unwrap_or_default()).into_owned(),
        set_cookie,
    }
}

/// The ids in the store's `Debug` output, in the form that cookies use.
fn numbers(printed: &str) -> Vec<String> {
    let numbers = printed.split("Id(").skip(1);
    numbers
        .filter_map(|rest| rest.split(')').next()?.parse().ok())
        .map(|number| tower_sessions::session::Id(number).to_string())
        .collect()
}

/// A middleware that fails after the handler.
async fn failing(request: axum::extract::Request, next: Next) -> StatusCode {
    next.run(request).await;
    StatusCode::INTERNAL_SERVER_ERROR
}

/// The response of a handler that cannot use its session.
fn unusable(error: impl Debug) -> (StatusCode, String) {
    (StatusCode::INTERNAL_SERVER_ERROR, format!("{error:?}"))
}

/// The response of a handler that fails for a reason unrelated to sessions.
fn failure() -> (StatusCode, String) {
    unusable("a failure that has nothing to do with the session")
}

/// The application with one release.
macro_rules! release {
    ($module:ident, $tower_sessions:ident) => {
        mod $module {
            use super::*;
            use $tower_sessions::cookie::{Key, time::Duration};
            use $tower_sessions::{Expiry, Session, SessionManagerLayer, SessionStore};

            type Answer = Result<String, (StatusCode, String)>;

            pub(super) fn router(store: impl SessionStore + Clone, gate: Gate) -> Router {
                let idle = Duration::seconds(IDLE.as_secs().cast_signed());
                let layer = SessionManagerLayer::new(store)
                    .with_expiry(Expiry::OnInactivity(idle))
                    .with_private(Key::generate());
                let failing = Router::new()
                    .route("/sign-out", get(sign_out))
                    .layer(from_fn(failing));
                Router::new()
                    .route("/whoami", get(whoami))
                    .route("/put", get(put))
                    .route("/get", get(read))
                    .route("/slow-put", get(slow_put))
                    .route("/sign-in", get(sign_in))
                    .route("/sign-out", get(sign_out))
                    .route("/sign-out-and-fail", get(sign_out_and_fail))
                    .route("/sign-out-and-put", get(sign_out_and_put))
                    .route("/rotate", get(rotate))
                    .route("/rotate-and-fail", get(rotate_and_fail))
                    .route("/debug", get(debug))
                    .nest("/failing", failing)
                    .layer(layer)
                    .with_state(gate)
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

            async fn sign_in(session: Session) -> Answer {
                session.cycle_id().await.map_err(unusable)?;
                session.insert("user", ALICE).await.map_err(unusable)?;
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

release!(release_0_14, tower_sessions_0_14);
release!(release_0_15, tower_sessions);

//! actix-session, with its cookie store and with its Redis store.

use std::cell::RefCell;
use std::error::Error;
use std::rc::Rc;

use actix_session::config::{PersistentSession, TtlExtensionPolicy};
use actix_session::storage::{CookieSessionStore, RedisSessionStore, SessionStore};
use actix_session::{Session, SessionMiddleware};
use actix_web::cookie::{Key, time};
use actix_web::{App, HttpResponse, test, web};
use certsession_tests::redis::RedisServer;

use super::actix::{Pair, Send, done, failing_scope, failure, sender};
use crate::candidate::{ANONYMOUS, Candidate, NONE, Reply, Request, Timeouts, User, Waiting};
use crate::gate::Gate;

type Answer = Result<HttpResponse, actix_web::Error>;

struct ActixSession {
    send: Send,
    gate: Gate,
    /// The names of the keys in the store.
    keys: Box<dyn Fn() -> Vec<String>>,
}

pub(super) async fn with_cookie(timeouts: Timeouts) -> Rc<dyn Candidate> {
    start(CookieSessionStore::default(), Box::new(Vec::new), timeouts).await
}

pub(super) async fn with_redis(
    redis: &RedisServer,
    timeouts: Timeouts,
) -> Result<Rc<dyn Candidate>, Box<dyn Error>> {
    let store = RedisSessionStore::new(redis.url()).await?;
    let client = RefCell::new(redis.connect()?);
    Ok(start(
        store,
        Box::new(move || super::redis_keys(&mut client.borrow_mut())),
        timeouts,
    )
    .await)
}

async fn start<S: SessionStore + 'static>(
    store: S,
    keys: Box<dyn Fn() -> Vec<String>>,
    timeouts: Timeouts,
) -> Rc<dyn Candidate> {
    let gate = Gate::new();
    // The cookie is encrypted, which is the default.
    let middleware = SessionMiddleware::builder(store, Key::generate())
        .session_lifecycle(
            PersistentSession::default()
                .session_ttl(time::Duration::seconds(
                    timeouts.idle.as_secs().cast_signed(),
                ))
                .session_ttl_extension_policy(TtlExtensionPolicy::OnEveryRequest),
        )
        .build();
    let application = App::new()
        .app_data(web::Data::new(gate.clone()))
        .route("/whoami", web::get().to(whoami))
        .route("/put", web::get().to(put))
        .route("/get", web::get().to(get))
        .route("/slow-put", web::get().to(slow_put))
        .route("/sign-in", web::get().to(sign_in))
        .route("/sign-out", web::get().to(sign_out))
        .route("/sign-out-and-fail", web::get().to(sign_out_and_fail))
        .route("/sign-out-and-put", web::get().to(sign_out_and_put))
        .route("/rotate", web::get().to(rotate))
        .route("/rotate-and-fail", web::get().to(rotate_and_fail))
        .route("/debug", web::get().to(debug))
        .service(failing_scope!("/sign-out", sign_out))
        .wrap(middleware);
    Rc::new(ActixSession {
        send: sender(test::init_service(application).await),
        gate,
        keys,
    })
}

impl Candidate for ActixSession {
    fn send(&self, request: Request) -> Waiting<Reply> {
        (self.send)(request)
    }

    fn gate(&self) -> &Gate {
        &self.gate
    }

    /// A key of the store is a session's whole id; the cookie is that id, encrypted.
    fn forge(&self) -> Waiting<Vec<String>> {
        let cookies = (self.keys)().into_iter().map(|key| format!("id={key}"));
        let cookies = cookies.collect();
        Box::pin(async move { cookies })
    }

    fn planted(&self) -> String {
        format!("id={}", "planted1".repeat(8))
    }
}

async fn whoami(session: Session) -> Answer {
    let user = session.get::<String>("user")?;
    Ok(HttpResponse::Ok().body(user.unwrap_or_else(|| ANONYMOUS.to_owned())))
}

async fn put(session: Session, pair: web::Query<Pair>) -> Answer {
    let Pair { key, value } = pair.into_inner();
    session.insert(key, value)?;
    Ok(done())
}

async fn get(session: Session, pair: web::Query<Pair>) -> Answer {
    let value = session.get::<String>(&pair.key)?;
    Ok(HttpResponse::Ok().body(value.unwrap_or_else(|| NONE.to_owned())))
}

async fn slow_put(session: Session, pair: web::Query<Pair>, gate: web::Data<Gate>) -> Answer {
    session.get::<String>("user")?;
    gate.pass().await;
    put(session, pair).await
}

/// With a new id from `renew`; the framework's example `authentication` signs in without one.
async fn sign_in(session: Session, user: web::Query<User>) -> Answer {
    session.insert("user", &user.username)?;
    session.renew();
    Ok(done())
}

async fn sign_out(session: Session) -> Answer {
    session.purge();
    Ok(done())
}

async fn sign_out_and_fail(session: Session) -> Answer {
    session.purge();
    Err(failure())
}

async fn sign_out_and_put(session: Session, pair: web::Query<Pair>) -> Answer {
    session.purge();
    put(session, pair).await
}

async fn rotate(session: Session) -> Answer {
    session.renew();
    Ok(done())
}

async fn rotate_and_fail(session: Session) -> Answer {
    session.renew();
    Err(failure())
}

/// A `Session` has no `Debug`; only its status can be printed.
async fn debug(session: Session) -> Answer {
    Ok(HttpResponse::Ok().body(format!("{:?}", session.status())))
}

//! This project on actix, with its memory store and with its Redis store.

use std::error::Error;
use std::rc::Rc;

use actix_web::{App, HttpResponse, test, web};
use base64ct::{Base64UrlUnpadded, Encoding};
use certsession_actix::{
    CertSession, CertSessionMiddleware, Key, Lifetimes, MemoryStore, Owner, Page, SessionManager,
    SessionStore,
};
use certsession_redis::RedisStore;
use certsession_tests::redis::RedisServer;

use super::actix::{Pair, Send, done, failing_scope, failure, sender};
use crate::candidate::{
    ALICE, ANONYMOUS, Candidate, NONE, Reply, Request, Timeouts, User, Waiting,
};
use crate::gate::Gate;

type Answer = Result<HttpResponse, actix_web::Error>;

/// The lengths of a token's handle and secret.
const SECRET: usize = 32;

struct Certsession<S> {
    send: Send,
    gate: Gate,
    manager: SessionManager<S>,
}

pub(super) async fn with_memory(timeouts: Timeouts) -> Result<Rc<dyn Candidate>, Box<dyn Error>> {
    start(MemoryStore::new(), timeouts).await
}

pub(super) async fn with_redis(
    redis: &RedisServer,
    timeouts: Timeouts,
) -> Result<Rc<dyn Candidate>, Box<dyn Error>> {
    start(RedisStore::connect(&redis.url()).await?, timeouts).await
}

async fn start<S: SessionStore>(
    store: S,
    timeouts: Timeouts,
) -> Result<Rc<dyn Candidate>, Box<dyn Error>> {
    let gate = Gate::new();
    let manager = manager(store, timeouts)?;
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
        .wrap(CertSessionMiddleware::new(manager.clone()));
    Ok(Rc::new(Certsession {
        send: sender(test::init_service(application).await),
        gate,
        manager,
    }))
}

impl<S: SessionStore> Candidate for Certsession<S> {
    fn send(&self, request: Request) -> Waiting<Reply> {
        (self.send)(request)
    }

    fn gate(&self) -> &Gate {
        &self.gate
    }

    fn forge(&self) -> Waiting<Vec<String>> {
        forge(self.manager.clone())
    }

    fn planted(&self) -> String {
        cookie(&"planted1".repeat(8))
    }
}

/// The rules, with these timeouts.
pub(super) fn manager<S: SessionStore>(
    store: S,
    timeouts: Timeouts,
) -> Result<SessionManager<S>, Box<dyn Error>> {
    let lifetimes = Lifetimes::default()
        .with_idle(timeouts.idle)?
        .with_absolute(timeouts.absolute)?;
    Ok(SessionManager::builder(store).lifetimes(lifetimes).build())
}

/// Cookies from a dump: the handle is known, and every part of the record that could be the secret
/// is tried.
pub(super) fn forge<S: SessionStore>(manager: SessionManager<S>) -> Waiting<Vec<String>> {
    Box::pin(async move {
        let Ok(owner) = Owner::principal(ALICE) else {
            return Vec::new();
        };
        let page = manager.sessions(&owner, &Page::default()).await;
        let mut records = Vec::new();
        for listed in page.unwrap_or_default().sessions() {
            let loaded = manager.store().load(listed.handle(), manager.now()).await;
            records.extend(loaded.ok().flatten());
        }
        let cookies = records.iter().flat_map(|record| {
            let pieces = record.encode();
            let tokens = pieces.windows(SECRET).map(|piece| {
                let token = [record.handle().as_bytes().as_slice(), piece].concat();
                cookie(&Base64UrlUnpadded::encode_string(&token))
            });
            tokens.collect::<Vec<_>>()
        });
        cookies.collect()
    })
}

pub(super) fn cookie(token: &str) -> String {
    format!("__Host-session={token}")
}

async fn whoami(session: CertSession) -> Answer {
    let user = session.principal();
    let user = user.as_ref().map_or(ANONYMOUS, |user| user.as_str());
    Ok(HttpResponse::Ok().body(user.to_owned()))
}

async fn put(session: CertSession, pair: web::Query<Pair>) -> Answer {
    let Pair { key, value } = pair.into_inner();
    session.insert(&Key::<String>::named(key), &value)?;
    Ok(done())
}

async fn get(session: CertSession, pair: web::Query<Pair>) -> Answer {
    let value = session.get(&Key::<String>::named(pair.into_inner().key))?;
    Ok(HttpResponse::Ok().body(value.unwrap_or_else(|| NONE.to_owned())))
}

async fn slow_put(session: CertSession, pair: web::Query<Pair>, gate: web::Data<Gate>) -> Answer {
    gate.pass().await;
    put(session, pair).await
}

async fn sign_in(session: CertSession, user: web::Query<User>) -> Answer {
    session.sign_in(user.username.as_str())?;
    Ok(done())
}

async fn sign_out(session: CertSession) -> Answer {
    session.sign_out()?;
    Ok(done())
}

async fn sign_out_and_fail(session: CertSession) -> Answer {
    session.sign_out()?;
    Err(failure())
}

async fn sign_out_and_put(session: CertSession, pair: web::Query<Pair>) -> Answer {
    session.sign_out()?;
    put(session, pair).await
}

async fn rotate(session: CertSession) -> Answer {
    session.rotate()?;
    Ok(done())
}

async fn rotate_and_fail(session: CertSession) -> Answer {
    session.rotate()?;
    Err(failure())
}

async fn debug(session: CertSession) -> Answer {
    Ok(HttpResponse::Ok().body(format!("{session:?}")))
}

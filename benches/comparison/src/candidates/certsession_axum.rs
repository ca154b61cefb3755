//! This project on axum, with its memory store and with its Firestore store.

use std::error::Error as StdError;
use std::rc::Rc;

use axum::extract::{Query, State};
use axum::response::{IntoResponse, Response};
use certsession_axum::{
    CertSession, CertSessionLayer, Error, Key, MemoryStore, SessionManager, SessionStore,
};
use certsession_firestore::FirestoreStore;
use certsession_tests::firestore::{new_url, shared};

use super::axum::{Pair, Send, routes, sender};
use super::certsession::{cookie, forge, manager};
use super::tower::failure;
use crate::candidate::{self, ANONYMOUS, Candidate, NONE, Reply, Timeouts, User, Waiting};
use crate::gate::Gate;

struct CertsessionAxum<S> {
    send: Send,
    gate: Gate,
    manager: SessionManager<S>,
}

pub(super) fn with_memory(timeouts: Timeouts) -> Result<Rc<dyn Candidate>, Box<dyn StdError>> {
    start(MemoryStore::new(), timeouts)
}

pub(super) async fn with_firestore(
    timeouts: Timeouts,
) -> Result<Rc<dyn Candidate>, Box<dyn StdError>> {
    start(FirestoreStore::connect(&new_url(shared())).await?, timeouts)
}

fn start<S: SessionStore>(
    store: S,
    timeouts: Timeouts,
) -> Result<Rc<dyn Candidate>, Box<dyn StdError>> {
    let (gate, manager) = (Gate::new(), manager(store, timeouts)?);
    let router = routes!(axum)
        .layer(CertSessionLayer::new(manager.clone()))
        .with_state(gate.clone());
    Ok(Rc::new(CertsessionAxum {
        send: sender!(axum, router),
        gate,
        manager,
    }))
}

impl<S: SessionStore> Candidate for CertsessionAxum<S> {
    fn send(&self, request: candidate::Request) -> Waiting<Reply> {
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

async fn whoami(session: CertSession) -> String {
    let user = session.principal();
    let user = user.as_ref().map_or(ANONYMOUS, |user| user.as_str());
    user.to_owned()
}

async fn put(session: CertSession, Query(pair): Query<Pair>) -> Result<&'static str, Error> {
    session.insert(&Key::<String>::named(pair.key), &pair.value)?;
    Ok("done")
}

async fn read(session: CertSession, Query(pair): Query<Pair>) -> Result<String, Error> {
    let value = session.get(&Key::<String>::named(pair.key))?;
    Ok(value.unwrap_or_else(|| NONE.to_owned()))
}

async fn slow_put(
    session: CertSession,
    State(gate): State<Gate>,
    pair: Query<Pair>,
) -> Result<&'static str, Error> {
    gate.pass().await;
    put(session, pair).await
}

async fn sign_in(session: CertSession, user: Query<User>) -> Result<&'static str, Error> {
    session.sign_in(user.username.as_str())?;
    Ok("done")
}

async fn sign_out(session: CertSession) -> Result<&'static str, Error> {
    session.sign_out()?;
    Ok("done")
}

async fn sign_out_and_fail(session: CertSession) -> Result<Response, Error> {
    session.sign_out()?;
    Ok(failure().into_response())
}

async fn sign_out_and_put(session: CertSession, pair: Query<Pair>) -> Result<&'static str, Error> {
    session.sign_out()?;
    put(session, pair).await
}

async fn rotate(session: CertSession) -> Result<&'static str, Error> {
    session.rotate()?;
    Ok("done")
}

async fn rotate_and_fail(session: CertSession) -> Result<Response, Error> {
    session.rotate()?;
    Ok(failure().into_response())
}

async fn debug(session: CertSession) -> String {
    format!("{session:?}")
}

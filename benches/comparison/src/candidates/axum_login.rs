//! axum-login on tower-sessions with its memory store.

use std::convert::Infallible;
use std::rc::Rc;

use axum::extract::{Query, State};
use axum_login::{AuthManagerLayerBuilder, AuthSession, AuthUser, AuthnBackend};
use tower_sessions_0_14::cookie::{Key, time::Duration};
use tower_sessions_0_14::{Expiry, MemoryStore, SessionManagerLayer};

use super::axum::{Pair, Send, routes, sender};
use super::tower::{Answer, failure, numbers, unusable};
use crate::candidate::{self, ANONYMOUS, Candidate, NONE, Reply, Timeouts, User, Waiting};
use crate::gate::Gate;

struct AxumLogin {
    send: Send,
    gate: Gate,
    store: MemoryStore,
}

/// Where axum-login finds its users: every name is one.
#[derive(Clone, Debug)]
struct Users;

/// A user, by name.
#[derive(Clone, Debug)]
struct Person(String);

impl AuthUser for Person {
    type Id = String;

    fn id(&self) -> String {
        self.0.clone()
    }

    /// Of a password that does not change here.
    fn session_auth_hash(&self) -> &[u8] {
        b"the hash of a password"
    }
}

impl AuthnBackend for Users {
    type User = Person;
    type Credentials = String;
    type Error = Infallible;

    async fn authenticate(&self, name: String) -> Result<Option<Person>, Infallible> {
        Ok(Some(Person(name)))
    }

    async fn get_user(&self, name: &String) -> Result<Option<Person>, Infallible> {
        Ok(Some(Person(name.clone())))
    }
}

type Login = AuthSession<Users>;

pub(super) fn with_memory(timeouts: Timeouts) -> Rc<dyn Candidate> {
    let (store, gate) = (MemoryStore::default(), Gate::new());
    let idle = Duration::seconds(timeouts.idle.as_secs().cast_signed());
    let sessions = SessionManagerLayer::new(store.clone())
        .with_expiry(Expiry::OnInactivity(idle))
        .with_private(Key::generate());
    let router = routes!(axum)
        .layer(AuthManagerLayerBuilder::new(Users, sessions).build())
        .with_state(gate.clone());
    let send = sender!(axum, router);
    Rc::new(AxumLogin { send, gate, store })
}

impl Candidate for AxumLogin {
    fn send(&self, request: candidate::Request) -> Waiting<Reply> {
        (self.send)(request)
    }

    fn gate(&self) -> &Gate {
        &self.gate
    }

    /// The id of a session is its key in the store; the cookie is that id, encrypted.
    fn forge(&self) -> Waiting<Vec<String>> {
        let ids = numbers(&format!("{:?}", self.store));
        Box::pin(async move { ids.iter().map(|id| format!("id={id}")).collect() })
    }

    fn planted(&self) -> String {
        format!("id={}", tower_sessions_0_14::session::Id(42))
    }
}

async fn whoami(login: Login) -> String {
    let user = login.user.map(|user| user.id());
    user.unwrap_or_else(|| ANONYMOUS.to_owned())
}

async fn put(login: Login, Query(pair): Query<Pair>) -> Answer {
    let written = login.session.insert(&pair.key, pair.value).await;
    written.map_err(unusable)?;
    Ok("done".to_owned())
}

async fn read(login: Login, Query(pair): Query<Pair>) -> Answer {
    let value = login.session.get(&pair.key).await.map_err(unusable)?;
    Ok(value.unwrap_or_else(|| NONE.to_owned()))
}

async fn slow_put(login: Login, State(gate): State<Gate>, pair: Query<Pair>) -> Answer {
    gate.pass().await;
    put(login, pair).await
}

async fn sign_in(mut login: Login, Query(user): Query<User>) -> Answer {
    login
        .login(&Person(user.username))
        .await
        .map_err(unusable)?;
    Ok("done".to_owned())
}

async fn sign_out(mut login: Login) -> Answer {
    login.logout().await.map_err(unusable)?;
    Ok("done".to_owned())
}

async fn sign_out_and_fail(login: Login) -> Answer {
    sign_out(login).await?;
    Err(failure())
}

async fn sign_out_and_put(login: Login, pair: Query<Pair>) -> Answer {
    sign_out(login.clone()).await?;
    put(login, pair).await
}

async fn rotate(login: Login) -> Answer {
    login.session.cycle_id().await.map_err(unusable)?;
    Ok("done".to_owned())
}

async fn rotate_and_fail(login: Login) -> Answer {
    rotate(login).await?;
    Err(failure())
}

async fn debug(login: Login) -> String {
    format!("{login:?}")
}

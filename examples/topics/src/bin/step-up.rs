//! What needs more than a sign-in: a role, a recent sign-in, an elevation with a deadline.

use std::time::Duration;

use axum::extract::Query;
use axum::response::Redirect;
use axum::routing::{get, post};
use axum::{Form, Router};
use certsession_axum::{
    AuthMethod, CertSession, CertSessionLayer, Elevated, Error, HasRole, MemoryStore,
    RecentlyAuthenticated, ReturnTo, RoleName, SignIn, SignedIn, serve,
};
use serde::Deserialize;
use tokio::net::TcpListener;

struct Admin;

impl RoleName for Admin {
    const ROLE: &'static str = "admin";
}

#[derive(Deserialize)]
struct Next {
    next: Option<String>,
}

#[derive(Deserialize)]
struct Code {
    code: String,
}

/// The sign-in page: the certificate is the first factor, and here the only one.
async fn sign_in(session: CertSession, Query(query): Query<Next>) -> Result<Redirect, Error> {
    let sign_in = SignIn::principal("alice").method(AuthMethod::SOFTWARE_KEY);
    session.sign_in(sign_in.role("admin"))?;
    let next = query.next.as_deref().and_then(ReturnTo::parse);
    Ok(Redirect::to(
        next.as_ref().map_or("/", |next| next.as_str()),
    ))
}

/// The second factor: the code is 123456.
async fn confirm(session: CertSession, Form(form): Form<Code>) -> Result<&'static str, Error> {
    session.signed_in()?;
    if form.code != "123456" {
        return Ok("wrong\n");
    }
    session.elevate(AuthMethod::ONE_TIME_PASSWORD, Duration::from_secs(300))?;
    Ok("for five minutes\n")
}

async fn home(user: SignedIn) -> String {
    format!("{user}\n")
}

async fn users(admin: HasRole<Admin>) -> String {
    format!("{} sees all users\n", admin.principal())
}

async fn password(RecentlyAuthenticated(user): RecentlyAuthenticated<60>) -> String {
    format!("{user} signed in within a minute\n")
}

async fn delete(elevated: Elevated) -> String {
    let (who, how) = (elevated.principal(), elevated.elevation().method());
    format!("{who} may delete the account, by {how}\n")
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (tls, port) = topics::set_up()?;
    let sessions = CertSessionLayer::new(MemoryStore::new()).with_sign_in_page("/sign-in")?;
    let app = Router::new()
        .route("/", get(home))
        .route("/sign-in", get(sign_in))
        .route("/confirm", post(confirm))
        .route("/users", get(users))
        .route("/password", get(password))
        .route("/delete", get(delete))
        .layer(sessions.clone());
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    topics::listening(
        listener.local_addr()?.port(),
        &[
            "/ -H 'Sec-Fetch-Mode: navigate' --location",
            "/users",
            "/delete",
            "/confirm --data code=123456",
            "/delete",
        ],
    );
    Ok(serve(listener, tls, app).with_sessions(&sessions).await?)
}

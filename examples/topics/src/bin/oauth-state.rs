//! OAuth 2.0 with `state`, PKCE and a nonce. The provider is a part of the program, so that it can
//! be tried alone: it signs everyone in.

use std::time::Duration;

use axum::Router;
use axum::extract::Query;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use certsession_axum::{
    AuthMethod, CertSession, CertSessionLayer, Error, MemoryStore, Nonce, OneTime, SignIn,
    SignedIn, serve,
};
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// What the callback has to know of the request that led to it.
#[derive(Serialize, Deserialize)]
struct Attempt {
    verifier: Nonce,
    nonce: Nonce,
}

const LOGIN: OneTime<Attempt> = OneTime::new("login", Duration::from_secs(600));

async fn begin(session: CertSession) -> Result<Redirect, Error> {
    let (verifier, nonce) = (Nonce::generate()?, Nonce::generate()?);
    let challenge = verifier.s256();
    let shown = nonce.as_str().to_owned();
    let state = session.issue(&LOGIN, &Attempt { verifier, nonce })?;
    let state = state.as_str();
    Ok(Redirect::to(&format!(
        "/provider?state={state}&nonce={shown}&code_challenge={challenge}"
    )))
}

#[derive(Deserialize)]
struct Callback {
    state: String,
    code: String,
}

async fn callback(session: CertSession, Query(query): Query<Callback>) -> Result<Response, Error> {
    let Some(attempt) = session.redeem(&LOGIN, &query.state).await? else {
        let again = "this login was used or has expired\n";
        return Ok((StatusCode::FORBIDDEN, again).into_response());
    };
    // Here the code and `attempt.verifier` are exchanged for tokens, and the nonce in the id token
    // is compared. The provider below has put both into the code.
    let expected = format!("{}.{}", attempt.verifier.s256(), attempt.nonce.as_str());
    if query.code != expected {
        return Ok((StatusCode::FORBIDDEN, "another login's code\n").into_response());
    }
    session.sign_in(SignIn::principal("alice").method(AuthMethod::PASSWORD))?;
    Ok(Redirect::to("/").into_response())
}

#[derive(Deserialize)]
struct Authorize {
    state: String,
    nonce: String,
    code_challenge: String,
}

async fn provider(Query(query): Query<Authorize>) -> Redirect {
    let (state, nonce, challenge) = (query.state, query.nonce, query.code_challenge);
    Redirect::to(&format!("/callback?state={state}&code={challenge}.{nonce}"))
}

async fn home(user: Option<SignedIn>) -> String {
    user.map_or("welcome\n".to_owned(), |user| format!("welcome, {user}\n"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (tls, port) = topics::set_up()?;
    let sessions = CertSessionLayer::new(MemoryStore::new());
    let app = Router::new()
        .route("/", get(home))
        .route("/login", get(begin))
        .route("/callback", get(callback))
        .route("/provider", get(provider))
        .layer(sessions.clone());
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    topics::listening(
        listener.local_addr()?.port(),
        &["/", "/login --location", "/"],
    );
    Ok(serve(listener, tls, app).with_sessions(&sessions).await?)
}

//! The certificate first, then an identity provider, as OpenID Connect does it: the id token has to
//! name the person whose certificate this is. The provider is a part of the program, so that it can
//! be tried alone: it signs its tokens with a key that it shares with the application.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{Query, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use base64ct::{Base64UrlUnpadded as Base64, Encoding};
use certs_dev::Pki;
use certsession_axum::{
    AuthMethod, CertSession, CertSessionLayer, Error, Fingerprint, MemoryStore, Nonce, OneTime,
    PeerCertificate, SignIn, SignedIn, serve,
};
use ring::hmac;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;

/// One login at a time has this nonce, and only once.
const LOGIN: OneTime<Nonce> = OneTime::new("login", Duration::from_secs(600));

/// Who enrolled which certificate. A certificate's subject would not do: it is text for people, and
/// two certificates can show the same.
type People = Arc<HashMap<Fingerprint, &'static str>>;

/// What the provider says of a person. A real one says more: for whom, and until when.
#[derive(Serialize, Deserialize)]
struct Claims {
    sub: String,
    nonce: String,
}

async fn login(session: CertSession) -> Result<Redirect, Error> {
    let nonce = Nonce::generate()?;
    let shown = nonce.as_str().to_owned();
    let state = session.issue(&LOGIN, &nonce)?;
    let state = state.as_str();
    Ok(Redirect::to(&format!(
        "/provider?state={state}&nonce={shown}&user=alice"
    )))
}

#[derive(Deserialize)]
struct Callback {
    state: String,
    id_token: String,
}

async fn callback(
    session: CertSession,
    State(people): State<People>,
    Query(query): Query<Callback>,
) -> Result<Response, Error> {
    let refused = |why: &'static str| Ok((StatusCode::FORBIDDEN, why).into_response());
    let Some(nonce) = session.redeem(&LOGIN, &query.state).await? else {
        return refused("this login was used or has expired\n");
    };
    let Some(claims) = verify(&query.id_token) else {
        return refused("this is not the provider's token\n");
    };
    if claims.nonce != nonce.as_str() {
        return refused("this is another login's token\n");
    }
    // Both factors have to be of one person: a colleague's password does not help.
    let person = session
        .peer()
        .and_then(|peer| people.get(peer.fingerprint()).copied());
    if person != Some(&claims.sub) {
        return refused("the provider names another person than your certificate\n");
    }
    let sign_in = SignIn::principal(claims.sub).method(AuthMethod::SOFTWARE_KEY);
    session.sign_in(sign_in.method(AuthMethod::PASSWORD))?;
    Ok(Redirect::to("/").into_response())
}

/// The token is `claims.signature`, as the payload and the signature of a JWT.
fn verify(token: &str) -> Option<Claims> {
    let (claims, signature) = token.split_once('.')?;
    let signature = Base64::decode_vec(signature).ok()?;
    hmac::verify(&key(), claims.as_bytes(), &signature).ok()?;
    serde_json::from_slice(&Base64::decode_vec(claims).ok()?).ok()
}

#[derive(Deserialize)]
struct Authorize {
    state: String,
    nonce: String,
    user: String,
}

/// It asks for no password: every visitor is `user`.
async fn provider(Query(query): Query<Authorize>) -> Redirect {
    let (state, nonce, sub) = (query.state, query.nonce, query.user);
    let claims = serde_json::json!({ "sub": sub, "nonce": nonce }).to_string();
    let claims = Base64::encode_string(claims.as_bytes());
    let signature = hmac::sign(&key(), claims.as_bytes());
    let signature = Base64::encode_string(signature.as_ref());
    Redirect::to(&format!(
        "/callback?state={state}&id_token={claims}.{signature}"
    ))
}

/// What the provider gave to the application; a real one is read from a file.
fn key() -> hmac::Key {
    hmac::Key::new(hmac::HMAC_SHA256, b"the secret of this demonstration")
}

async fn home(user: Option<SignedIn>) -> String {
    user.map_or("welcome\n".to_owned(), |user| format!("welcome, {user}\n"))
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let (tls, port) = topics::set_up()?;
    let pki = Pki::ensure("certs-dev/out")?;
    let mut people = HashMap::new();
    for (name, identity) in [("alice", pki.alice()), ("bob", pki.bob())] {
        let certificate = PeerCertificate::from_der(identity.certificate_der())?;
        people.insert(*certificate.fingerprint(), name);
    }
    let sessions = CertSessionLayer::new(MemoryStore::new());
    let app = Router::new()
        .route("/", get(home))
        .route("/login", get(login))
        .route("/callback", get(callback))
        .route("/provider", get(provider))
        .with_state(People::new(people))
        .layer(sessions.clone());
    let listener = TcpListener::bind(("127.0.0.1", port)).await?;
    topics::listening(
        listener.local_addr()?.port(),
        &["/", "/login --location", "/"],
    );
    Ok(serve(listener, tls, app).with_sessions(&sessions).await?)
}

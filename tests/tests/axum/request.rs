//! Requests that never cross a network.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{HeaderMap, Request, StatusCode};
use axum::routing::{get, post};
use certsession_axum::test_util::TestRequestExt;
use certsession_axum::{CertSession, Error, Key, PeerState};
use certsession_tests::{Certificates, ledger};
use tower::ServiceExt;

pub(crate) const WORD: Key<String> = Key::new("word");

/// A client with one certificate and one cookie.
pub(crate) struct Caller {
    pub(crate) peer: PeerState,
    pub(crate) cookie: Option<String>,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: String,
}

impl Caller {
    pub(crate) fn new() -> Self {
        let certificate = Certificates::new().client("alice").certificate();
        Self {
            peer: PeerState::Verified(Arc::new(certificate)),
            cookie: None,
        }
    }

    pub(crate) fn request(&self, method: &str, path: &str) -> Request<Body> {
        let mut request = Request::builder().method(method).uri(path);
        if let Some(cookie) = &self.cookie {
            request = request.header("cookie", cookie);
        }
        let request = request.body(Body::empty()).unwrap();
        request.with_peer(self.peer.clone())
    }

    pub(crate) async fn send(&mut self, app: &Router, method: &str, path: &str) -> Answer {
        let request = self.request(method, path);
        let response = app.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for field in parts.headers.get_all("set-cookie") {
            let (pair, _) = field.to_str().unwrap().split_once(';').unwrap();
            let token = pair.split_once('=').unwrap().1;
            if !token.is_empty() {
                ledger::record_secret(token);
            }
            self.cookie = (!token.is_empty()).then(|| pair.to_owned());
        }
        let body = to_bytes(body, usize::MAX).await.unwrap();
        Answer {
            status: parts.status,
            headers: parts.headers,
            body: String::from_utf8(body.to_vec()).unwrap(),
        }
    }

    pub(crate) async fn get(&mut self, app: &Router, path: &str) -> Answer {
        self.send(app, "GET", path).await
    }

    pub(crate) async fn post(&mut self, app: &Router, path: &str) -> Answer {
        self.send(app, "POST", path).await
    }
}

/// Handlers that most of the tests need.
pub(crate) fn routes() -> Router {
    Router::new()
        .route("/word", get(read))
        .route("/word/{word}", post(write))
        .route("/sign-in/{name}", post(sign_in))
        .route("/me", get(me))
}

pub(crate) async fn read(session: CertSession) -> Result<String, Error> {
    Ok(session.get(&WORD)?.unwrap_or_default())
}

pub(crate) async fn write(
    session: CertSession,
    axum::extract::Path(word): axum::extract::Path<String>,
) -> Result<(), Error> {
    session.insert(&WORD, &word)
}

pub(crate) async fn sign_in(
    session: CertSession,
    axum::extract::Path(name): axum::extract::Path<String>,
) -> Result<(), Error> {
    session.sign_in(name)
}

pub(crate) async fn me(name: certsession_axum::SignedIn) -> String {
    name.to_string()
}

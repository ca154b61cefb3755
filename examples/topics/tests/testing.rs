//! How to test an application: without TLS, without a PKI, and without waiting for a deadline. The
//! feature `test-util` is in `[dev-dependencies]` alone.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, StatusCode};
use axum::routing::{get, post};
use certsession_axum::test_util::{CookieJar, TestRequestExt, peer};
use certsession_axum::{
    CertSession, CertSessionLayer, Error, Key, MemoryStore, SessionManager, SessionStore, SignedIn,
};
use certsession_core::test_util::{EventLog, FaultyStore, ManualClock};
use certsession_core::{SessionEvent, StoreOperation};
use tower::ServiceExt;

const CART: Key<Vec<String>> = Key::new("cart");

/// The application under test, over any store and with any rules.
fn application<S: SessionStore>(sessions: SessionManager<S>) -> Router {
    async fn sign_in(session: CertSession) -> Result<(), Error> {
        session.sign_in("alice")
    }
    async fn add(session: CertSession, item: String) -> Result<(), Error> {
        let mut cart = session.get(&CART)?.unwrap_or_default();
        cart.push(item);
        session.insert(&CART, &cart)
    }
    async fn cart(_: SignedIn, session: CertSession) -> Result<String, Error> {
        Ok(session.get(&CART)?.unwrap_or_default().join(", "))
    }
    Router::new()
        .route("/sign-in", post(sign_in))
        .route("/cart", get(cart).post(add))
        .layer(CertSessionLayer::new(sessions))
}

/// A browser: a certificate, and a cookie jar.
struct Client {
    name: &'static str,
    jar: CookieJar,
}

impl Client {
    fn new(name: &'static str) -> Self {
        let jar = CookieJar::default();
        Self { name, jar }
    }

    async fn send(&mut self, app: &Router, method: &str, path: &str, body: &str) -> Response<Body> {
        let request = Request::builder().method(method).uri(path);
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let request = request.with_peer(peer(self.name)).with_cookies(&self.jar);
        let response = app.clone().oneshot(request).await.unwrap();
        self.jar.store(&response);
        response
    }

    async fn status(&mut self, app: &Router, method: &str, path: &str) -> StatusCode {
        self.send(app, method, path, "").await.status()
    }
}

#[tokio::test]
async fn a_cart_belongs_to_the_certificate() {
    let app = application(SessionManager::new(MemoryStore::new()));
    let mut alice = Client::new("alice");
    assert_eq!(alice.status(&app, "GET", "/cart").await, 401);
    assert_eq!(alice.status(&app, "POST", "/sign-in").await, 200);
    alice.send(&app, "POST", "/cart", "a gasket").await;
    let cart = alice.send(&app, "GET", "/cart", "").await.into_body();
    assert_eq!(to_bytes(cart, 100).await.unwrap(), "a gasket");

    // Bob has stolen her cookie.
    let mut bob = Client::new("bob");
    bob.jar = alice.jar.clone();
    assert_eq!(bob.status(&app, "GET", "/cart").await, 403);
    assert_eq!(alice.status(&app, "GET", "/cart").await, 200);
}

#[tokio::test]
async fn a_session_ends_when_it_is_not_used_and_an_event_says_so() {
    let (clock, events) = (ManualClock::at_real_time(), EventLog::new());
    let rules = SessionManager::builder(MemoryStore::new())
        .clock(clock.clone())
        .event_sink(events.clone());
    let app = application(rules.build());
    let mut alice = Client::new("alice");
    alice.status(&app, "POST", "/sign-in").await;
    clock.advance(Duration::from_secs(29 * 60));
    assert_eq!(alice.status(&app, "GET", "/cart").await, 200);
    clock.advance(Duration::from_secs(31 * 60));
    assert_eq!(alice.status(&app, "GET", "/cart").await, 401);
    let sign_ins = events.count(|event| matches!(event, SessionEvent::SignedIn { .. }));
    assert_eq!(sign_ins, 1);
}

#[tokio::test]
async fn a_store_that_is_down_is_503_and_signs_no_one_out() {
    let store = FaultyStore::new(MemoryStore::new());
    let faults = store.faults();
    let app = application(SessionManager::new(store));
    let mut alice = Client::new("alice");
    alice.status(&app, "POST", "/sign-in").await;
    faults.fail_all(StoreOperation::Load);
    assert_eq!(alice.status(&app, "GET", "/cart").await, 503);
    faults.heal();
    assert_eq!(alice.status(&app, "GET", "/cart").await, 200);
}

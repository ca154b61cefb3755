//! Applications that are put together wrongly, and what the log says of them.

use std::convert::Infallible;
use std::future::{Ready, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::{Request, Response, StatusCode};
use axum::routing::get;
use certsession_axum::test_util::TestRequestExt;
use certsession_axum::{
    CertSession, CertSessionLayer, LateSession, MemoryStore, PeerState, SignedIn, VouchedPeer,
};
use certsession_tests::{Certificates, Logs};
use tower::{Layer, Service, ServiceExt};

use crate::request::{Caller, routes};

fn layer() -> CertSessionLayer<MemoryStore> {
    CertSessionLayer::new(MemoryStore::new())
}

#[tokio::test]
async fn without_the_layer_a_session_is_a_fault_that_names_the_call_and_the_order() {
    let logs = Logs::keep();
    let app = routes().route("/late", get(async |_: LateSession| "late"));
    for path in ["/word", "/me", "/late"] {
        let answer = Caller::new().get(&app, path).await;
        assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR, "{path}");
        assert_eq!(answer.body, "Internal Server Error\n");
    }
    let names = [
        "ERROR",
        "CertSessionLayer::new",
        "route_layer",
        "runs first",
    ];
    logs.line_with(&names).await;
}

#[tokio::test]
async fn without_a_peer_every_request_is_a_fault_that_names_the_servers() {
    let logs = Logs::keep();
    let app = routes().layer(layer());
    let request = Request::new(Body::empty());
    let response = app.oneshot(request).await.unwrap();
    assert_eq!(response.status(), StatusCode::INTERNAL_SERVER_ERROR);
    let names = [
        "ERROR",
        "certsession_axum::serve",
        "into_make_service_with_peer",
        "VouchedPeer",
    ];
    logs.line_with(&names).await;
}

#[tokio::test]
async fn an_optional_session_is_none_without_the_layer_and_an_optional_name_without_a_sign_in() {
    let has_session = async |session: Option<CertSession>| session.is_some().to_string();
    let bare = Router::new().route("/", get(has_session));
    assert_eq!(Caller::new().get(&bare, "/").await.body, "false");
    let has_name = async |name: Option<SignedIn>| name.is_some().to_string();
    let app = routes()
        .route("/", get(has_session))
        .route("/name", get(has_name))
        .layer(layer());
    let mut alice = Caller::new();
    assert_eq!(alice.get(&app, "/").await.body, "true");
    assert_eq!(alice.get(&app, "/name").await.body, "false");
    alice.post(&app, "/sign-in/alice").await;
    assert_eq!(alice.get(&app, "/name").await.body, "true");
    assert_eq!(alice.get(&app, "/me").await.body, "alice");
}

#[tokio::test]
async fn what_a_caller_vouches_for_is_a_peer_and_a_broken_leaf_is_refused() {
    let app = routes().layer(layer());
    let leaf = Certificates::new().client("alice");
    for (leaf, status) in [
        (Some(leaf.der()), StatusCode::OK),
        (None, StatusCode::FORBIDDEN),
        (Some(&b"junk"[..]), StatusCode::FORBIDDEN),
    ] {
        let peer = VouchedPeer::caller_vouches_for_verified_leaf(leaf);
        let mut request = Request::post("/word/hello").body(Body::empty()).unwrap();
        request.extensions_mut().insert(peer);
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), status);
        assert_eq!(
            response.headers().contains_key("set-cookie"),
            status == StatusCode::OK
        );
    }
}

/// A body that counts what is read of it.
fn counted(pieces: usize, read: &Arc<AtomicUsize>) -> Body {
    let read = Arc::clone(read);
    let pieces = (0..pieces).map(move |_| {
        read.fetch_add(1, Ordering::SeqCst);
        Ok::<_, Infallible>(Bytes::from_static(&[0; 1024]))
    });
    Body::from_stream(futures_util::stream::iter(pieces))
}

#[tokio::test]
async fn a_small_body_of_a_refused_request_is_read_and_a_large_one_is_not() {
    let app = routes().layer(layer());
    for (pieces, at_most) in [(8, 8), (1000, 66)] {
        let read = Arc::new(AtomicUsize::new(0));
        let request = Request::post("/word/w")
            .body(counted(pieces, &read))
            .unwrap();
        let request = request.with_peer(PeerState::from_leaf(Some(b"junk")));
        let response = app.clone().oneshot(request).await.unwrap();
        assert_eq!(response.status(), StatusCode::FORBIDDEN);
        let read = read.load(Ordering::SeqCst);
        assert!(read >= 8 && read <= at_most, "{read} of {pieces}");
    }
}

/// A service that has to be polled before each call, as tower says; a clone was not.
struct HasToBeReady {
    is_ready: bool,
}

impl Clone for HasToBeReady {
    fn clone(&self) -> Self {
        Self { is_ready: false }
    }
}

impl Service<Request<Body>> for HasToBeReady {
    type Response = Response<Body>;
    type Error = &'static str;
    type Future = Ready<Result<Response<Body>, &'static str>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), &'static str>> {
        self.is_ready = true;
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        assert!(self.is_ready, "a clone was called that was not polled");
        self.is_ready = false;
        ready(match request.uri().path() {
            "/fail" => Err("the service failed"),
            _ => Ok(Response::new(Body::empty())),
        })
    }
}

#[tokio::test]
async fn the_service_that_was_ready_is_called_and_its_own_error_passes_through() {
    let mut service = layer().layer(HasToBeReady { is_ready: false });
    let alice = Caller::new();
    for _ in 0..2 {
        let request = alice.request("GET", "/");
        let response = service.ready().await.unwrap().call(request).await;
        assert_eq!(response.unwrap().status(), StatusCode::OK);
    }
    let request = alice.request("GET", "/fail");
    let failed = service.ready().await.unwrap().call(request).await;
    assert_eq!(failed.unwrap_err(), "the service failed");
}

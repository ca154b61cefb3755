//! The test peer is used only without a connection: a connection's own peer always takes
//! precedence.

use std::mem;
use std::sync::Arc;

use actix_web::body::MessageBody;
use actix_web::dev::{Service, ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::middleware::{Next, from_fn};
use actix_web::test::{TestRequest, init_service, try_call_service};
use actix_web::web::{Data, get};
use actix_web::{App, HttpMessage, HttpRequest};
use certsession_actix::test_util::TestRequestExt;
use certsession_actix::{
    BindMutualTls, CertSession, CertSessionMiddleware, MemoryStore, PeerCertificate, PeerState,
};
use certsession_tests::{
    Certificates, Logs, Plan, Served, ledger, listen_bare, promises_of_actix, server,
};

promises_of_actix![a_connection_s_own_peer_takes_precedence_over_the_test_peer];

fn verified(name: &str) -> PeerState {
    let certificate = Certificates::new().client(name).certificate();
    PeerState::Verified(Arc::new(certificate))
}

fn rejected() -> PeerState {
    PeerState::from_leaf(Some(b"junk"))
}

macro_rules! portal {
    () => {{
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        init_service(App::new().wrap(sessions).configure(portal::routes)).await
    }};
}

/// The status and the cookie of an application's response.
async fn answer<S, B, R>(app: &S, request: R) -> (StatusCode, Option<String>)
where
    S: Service<R, Response = ServiceResponse<B>, Error = actix_web::Error>,
{
    match try_call_service(app, request).await {
        Ok(response) => {
            let field = response.headers().get("set-cookie");
            let pair = field.map(|field| field.to_str().unwrap().split(';').next().unwrap());
            if let Some((_, token)) = pair.and_then(|pair| pair.split_once('=')) {
                ledger::record_secret(token);
            }
            (response.status(), pair.map(str::to_owned))
        }
        Err(error) => (error.as_response_error().status_code(), None),
    }
}

fn put() -> TestRequest {
    TestRequest::put().uri("/session/data/k").set_payload("1")
}

#[actix_web::test]
async fn a_verified_peer_has_sessions_of_its_own() {
    let app = portal!();
    let alice = verified("alice");
    let (status, cookie) = answer(&app, put().to_request_from(alice.clone())).await;
    assert_eq!(status, StatusCode::NO_CONTENT);
    let cookie = cookie.unwrap();

    let read = || {
        TestRequest::get()
            .uri("/session/data/k")
            .insert_header(("cookie", &*cookie))
    };
    let (status, _) = answer(&app, read().to_request_from(alice)).await;
    assert_eq!(status, StatusCode::OK);
    for thief in [
        verified("alice"),
        verified("mallory"),
        PeerState::Absent,
        rejected(),
    ] {
        let (status, _) = answer(&app, read().to_request_from(thief)).await;
        assert_eq!(status, StatusCode::FORBIDDEN);
    }
}

#[actix_web::test]
async fn an_absent_peer_is_anonymous() {
    let app = portal!();
    let read = TestRequest::get()
        .uri("/session")
        .to_request_from(PeerState::Absent);
    assert_eq!(answer(&app, read).await, (StatusCode::OK, None));
    let write = put().to_request_from(PeerState::Absent);
    assert_eq!(answer(&app, write).await, (StatusCode::FORBIDDEN, None));
}

#[actix_web::test]
async fn a_rejected_peer_is_refused_everything() {
    let app = portal!();
    for request in [
        put(),
        TestRequest::get().uri("/session"),
        TestRequest::get().uri("/nowhere"),
    ] {
        let request = request.to_request_from(rejected());
        assert_eq!(answer(&app, request).await, (StatusCode::FORBIDDEN, None));
    }
}

#[actix_web::test]
async fn a_test_request_without_a_peer_is_an_error_that_names_the_hook() {
    let logs = Logs::keep();
    let app = portal!();
    let request = TestRequest::get().uri("/session").to_request();
    let (status, _) = answer(&app, request).await;
    assert_eq!(status, StatusCode::INTERNAL_SERVER_ERROR);
    logs.line_with(&["ERROR", "certsession", "bind_mutual_tls", "on_connect"])
        .await;
}

/// A middleware that tries to impersonate alice: it copies everything that `TestPeer` leaves on a
/// test request to this request.
async fn plant(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse<impl MessageBody>> {
    let alice = request.app_data::<Data<PeerCertificate>>().unwrap();
    let alice = PeerState::Verified(Arc::clone(&alice.clone().into_inner()));
    let from_test = TestRequest::default().to_request_from(alice);
    mem::swap(
        &mut *request.extensions_mut(),
        &mut *from_test.extensions_mut(),
    );
    next.call(request).await
}

async fn subject(session: CertSession, _: HttpRequest) -> String {
    let peer = session.peer();
    peer.map_or("no peer".to_owned(), |peer| peer.subject().to_owned())
}

macro_rules! planted {
    () => {{
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let alice = Data::new(Certificates::new().client("alice").certificate());
        server!(move || {
            App::new()
                .app_data(alice.clone())
                .wrap(sessions.clone())
                .wrap(from_fn(plant))
                .route("/", get().to(subject))
        })
    }};
}

async fn a_connection_s_own_peer_takes_precedence_over_the_test_peer(plan: Plan) {
    let captured = Served::start(plan, |listener, tls| {
        Ok(planted!().listen_mutual_tls(listener, tls.mutual())?.run())
    })
    .await;
    assert_eq!(captured.browser("bob").get("/").await.body, "CN=bob");

    // Without a captured peer, the test peer is used, so the planting does work.
    let not_captured = Served::start(plan, |listener, tls| {
        Ok(listen_bare!(planted!(), listener, tls)?.run())
    })
    .await;
    assert_eq!(not_captured.browser("bob").get("/").await.body, "CN=alice");
}

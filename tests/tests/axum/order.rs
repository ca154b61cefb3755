//! On which side of the session's layer the others are.

use std::time::Duration;

use axum::Router;
use axum::extract::Request;
use axum::http::StatusCode;
use axum::middleware::{Next, from_extractor, from_fn};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use certsession_axum::{
    CertSession, CertSessionLayer, Error, MemoryStore, NamedSession, PeerState, SameSite,
    SessionName, SignedIn,
};
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::timeout::TimeoutLayer;

use crate::request::{Caller, WORD, me, read, routes, sign_in, write};

fn layer() -> CertSessionLayer<MemoryStore> {
    CertSessionLayer::new(MemoryStore::new())
}

/// Asks for the session before the handler and after it.
async fn leaves_a_trail(request: Request, next: Next) -> Result<Response, Error> {
    let session = CertSession::from_extensions(request.extensions())?;
    let append = |mark: &str| -> Result<(), Error> {
        let word = session.get(&WORD)?.unwrap_or_default() + mark;
        session.insert(&WORD, &word)
    };
    append("(")?;
    let response = next.run(request).await;
    append(")")?;
    Ok(response)
}

#[tokio::test]
async fn a_layer_that_is_added_before_has_the_session_and_one_that_is_added_after_has_none() {
    let inside = routes().layer(from_fn(leaves_a_trail)).layer(layer());
    let mut alice = Caller::new();
    assert_eq!(alice.get(&inside, "/word").await.body, "(");
    assert_eq!(alice.get(&inside, "/word").await.body, "()(");
    let outside = routes().layer(layer()).layer(from_fn(leaves_a_trail));
    let answer = Caller::new().get(&outside, "/word").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn layer_covers_the_fallback_and_route_layer_does_not() {
    let refused = || {
        let mut caller = Caller::new();
        caller.peer = PeerState::from_leaf(Some(b"junk"));
        caller
    };
    let whole = routes().layer(layer());
    assert_eq!(refused().get(&whole, "/nowhere").await.status, 403);
    let routes_alone = routes().route_layer(layer());
    assert_eq!(refused().get(&routes_alone, "/nowhere").await.status, 404);
    assert_eq!(refused().get(&routes_alone, "/word").await.status, 403);
    // What is added afterwards is not covered.
    let late = routes().layer(layer()).route("/late", get(read));
    assert_eq!(Caller::new().get(&late, "/late").await.status, 500);
}

#[tokio::test]
async fn an_extractor_as_a_layer_guards_every_route() {
    let members = Router::new()
        .route("/me", get(me))
        .layer(from_extractor::<SignedIn>());
    let app = members
        .route("/sign-in/{name}", post(sign_in))
        .layer(layer());
    let mut alice = Caller::new();
    assert_eq!(alice.get(&app, "/me").await.status, 401);
    alice.post(&app, "/sign-in/alice").await;
    let answer = alice.get(&app, "/me").await;
    assert_eq!((answer.status, &*answer.body), (StatusCode::OK, "alice"));
    assert_eq!(answer.headers["cache-control"], "no-store");
}

#[tokio::test]
async fn nested_routers_by_two_names_have_two_sessions() {
    let shop = layer().with_cookie_name("shop").unwrap();
    let staff = layer()
        .with_cookie_name("staff")
        .unwrap()
        .with_same_site(SameSite::Strict);
    let app = Router::new()
        .nest("/shop", routes().layer(shop))
        .nest("/staff", routes().layer(staff));
    let mut customer = Caller::new();
    let answer = customer.post(&app, "/shop/sign-in/customer").await;
    let field = answer.headers["set-cookie"].to_str().unwrap();
    assert!(field.starts_with("__Host-shop=") && field.ends_with("SameSite=Lax"));
    let mut employee = Caller::new();
    employee.peer = customer.peer.clone();
    let answer = employee.post(&app, "/staff/sign-in/employee").await;
    let field = answer.headers["set-cookie"].to_str().unwrap();
    assert!(field.starts_with("__Host-staff=") && field.ends_with("SameSite=Strict"));
    let both = [customer.cookie.unwrap(), employee.cookie.clone().unwrap()].join("; ");
    employee.cookie = Some(both);
    assert_eq!(employee.get(&app, "/shop/me").await.body, "customer");
    assert_eq!(employee.get(&app, "/staff/me").await.body, "employee");
}

#[tokio::test]
async fn p1_a_cookie_of_one_name_opens_nothing_under_the_other() {
    let account = layer();
    // Both over one store.
    let shop = account.with_cookie_name("shop").unwrap();
    let app = Router::new()
        .nest("/account", routes().layer(account))
        .nest("/shop", routes().layer(shop));
    for (from, cookie, to, other) in [
        ("/shop", "__Host-shop=", "/account", "__Host-session="),
        ("/account", "__Host-session=", "/shop", "__Host-shop="),
    ] {
        let mut alice = Caller::new();
        alice.post(&app, &format!("{from}/sign-in/root")).await;
        assert_eq!(alice.get(&app, &format!("{from}/me")).await.body, "root");
        let own = alice.cookie.clone().unwrap();
        alice.cookie = Some(own.replace(cookie, other));
        let answer = alice.get(&app, &format!("{to}/me")).await;
        assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{from} at {to}");
        // It may begin a session there, which has nothing of the other.
        assert_eq!(alice.post(&app, &format!("{to}/word/x")).await.status, 200);
        assert_eq!(alice.get(&app, &format!("{to}/me")).await.status, 401);
        alice.cookie = Some(own);
        assert_eq!(alice.get(&app, &format!("{from}/me")).await.body, "root");
    }
}

struct Shop;

impl SessionName for Shop {
    const NAME: &'static str = "shop";
}

struct Account;

impl SessionName for Account {
    const NAME: &'static str = "session";
}

/// Moves the word of the one session to the other.
async fn hand_over(
    shop: NamedSession<Shop>,
    account: NamedSession<Account>,
    innermost: CertSession,
) -> Result<String, Error> {
    let word = account.take_once(&WORD).await?.unwrap_or_default();
    shop.insert(&WORD, &word)?;
    Ok(innermost.get(&WORD)?.unwrap_or_default())
}

#[tokio::test]
async fn a_handler_inside_two_layers_has_both_sessions_by_their_names() {
    let account = layer();
    let shop = layer()
        .with_cookie_name(Shop::NAME)
        .unwrap()
        .with_cookie_in_other_sites_frames();
    let app = Router::new()
        .route("/hand-over", post(hand_over))
        .layer(shop.clone())
        .layer(account.clone());
    let mut alice = Caller::new();
    let alone = routes().layer(account);
    assert_eq!(alice.post(&alone, "/word/hello").await.status, 200);
    let account_cookie = alice.cookie.clone().unwrap();
    let answer = alice.post(&app, "/hand-over").await;
    assert_eq!(answer.body, "hello", "the innermost is the shop's");
    let field = answer.headers["set-cookie"].to_str().unwrap();
    assert!(field.starts_with("__Host-shop="), "{field}");
    assert!(field.ends_with("SameSite=None; Partitioned"), "{field}");
    let both = format!("{account_cookie}; {}", alice.cookie.clone().unwrap());
    alice.cookie = Some(both);
    assert_eq!(
        alice.get(&routes().layer(shop), "/word").await.body,
        "hello"
    );
    assert_eq!(alice.get(&alone, "/word").await.body, "");
    let missing = Router::new().route("/hand-over", post(hand_over));
    let answer = alice.post(&missing.layer(layer()), "/hand-over").await;
    assert_eq!(answer.status, StatusCode::INTERNAL_SERVER_ERROR);
}

#[tokio::test]
async fn of_two_layers_of_one_name_handlers_see_the_inner_session() {
    let (inner, outer) = (layer(), layer());
    let app = routes().layer(inner.clone()).layer(outer);
    let mut alice = Caller::new();
    // The outer one finds no session of its own under the cookie, and takes nothing from it.
    assert_eq!(alice.post(&app, "/word/hello").await.status, 200);
    let only_inner = routes().layer(inner);
    assert_eq!(alice.get(&only_inner, "/word").await.body, "hello");
}

/// Writes, ends the session if it is told to, and then never answers.
async fn hang(session: CertSession, end: bool) -> Result<(), Error> {
    session.insert(&WORD, &"lost".to_owned())?;
    if end {
        session.end()?;
    }
    std::future::pending().await
}

fn hanging() -> Router {
    routes()
        .route("/hang", get(async |session| hang(session, false).await))
        .route(
            "/end-and-hang",
            get(async |session| hang(session, true).await),
        )
}

fn in_a_moment() -> TimeoutLayer {
    TimeoutLayer::with_status_code(StatusCode::REQUEST_TIMEOUT, Duration::from_millis(50))
}

#[tokio::test]
async fn a_timeout_outside_drops_what_was_written_and_an_end_before_it_holds() {
    let sessions = layer();
    let app = hanging().layer(sessions.clone()).layer(in_a_moment());
    let mut alice = Caller::new();
    alice.post(&app, "/word/kept").await;
    let answer = alice.get(&app, "/hang").await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(alice.get(&app, "/word").await.body, "kept");
    alice.get(&app, "/end-and-hang").await;
    assert!(sessions.drain(Duration::from_secs(5)).await);
    assert_eq!(alice.get(&app, "/word").await.body, "");
}

#[tokio::test]
async fn a_timeout_inside_is_a_response_and_what_was_written_by_then_is_kept() {
    let app = hanging().layer(in_a_moment()).layer(layer());
    let mut alice = Caller::new();
    let answer = alice.get(&app, "/hang").await;
    assert_eq!(answer.status, StatusCode::REQUEST_TIMEOUT);
    assert_eq!(alice.get(&app, "/word").await.body, "lost");
}

fn panicking() -> Router {
    async fn panic(session: CertSession) {
        session.insert(&WORD, &"written".to_owned()).unwrap();
        panic!("on purpose");
    }
    async fn end_and_panic(session: CertSession) {
        session.end().unwrap();
        panic!("on purpose");
    }
    routes()
        .route("/panic", get(panic))
        .route("/end-and-panic", get(end_and_panic))
}

#[tokio::test]
async fn a_panic_that_is_caught_outside_writes_nothing_and_an_end_before_it_holds() {
    let sessions = layer();
    let app = panicking()
        .layer(sessions.clone())
        .layer(CatchPanicLayer::new());
    let mut alice = Caller::new();
    alice.post(&app, "/word/kept").await;
    assert_eq!(alice.get(&app, "/panic").await.status, 500);
    assert_eq!(alice.get(&app, "/word").await.body, "kept");
    assert_eq!(alice.get(&app, "/end-and-panic").await.status, 500);
    assert!(sessions.drain(Duration::from_secs(5)).await);
    assert_eq!(alice.get(&app, "/word").await.body, "");
}

#[tokio::test]
async fn a_panic_that_is_caught_inside_is_a_response_with_its_cookie() {
    let app = panicking().layer(CatchPanicLayer::new()).layer(layer());
    let mut alice = Caller::new();
    let answer = alice.get(&app, "/panic").await;
    assert_eq!(answer.status, 500);
    assert!(answer.headers.contains_key("set-cookie"));
    assert_eq!(alice.get(&app, "/word").await.body, "written");
}

#[tokio::test]
async fn an_error_response_keeps_what_was_written_and_carries_the_cookie() {
    async fn fail(session: CertSession) -> Response {
        session.insert(&WORD, &"kept".to_owned()).unwrap();
        StatusCode::BAD_GATEWAY.into_response()
    }
    let app = routes().route("/fail", get(fail)).layer(layer());
    let mut alice = Caller::new();
    assert_eq!(alice.get(&app, "/fail").await.status, 502);
    assert_eq!(alice.get(&app, "/word").await.body, "kept");
}

#[tokio::test]
async fn a_body_of_another_type_inside_is_made_axum_s() {
    let app = Router::new()
        .route("/word/{word}", post(write))
        .layer(tower_http::map_response_body::MapResponseBodyLayer::new(
            |body: axum::body::Body| Box::pin(body),
        ))
        .layer(layer());
    assert_eq!(Caller::new().post(&app, "/word/w").await.status, 200);
}

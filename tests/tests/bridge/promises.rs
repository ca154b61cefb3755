//! What their own middleware does not promise, and this one does.

use std::collections::BTreeSet;

use actix_identity::{Identity, IdentityMiddleware};
use actix_session::Session;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::{Next, from_fn};
use actix_web::web::{self, Data, Path, get, post};
use actix_web::{App, HttpMessage, HttpRequest, HttpResponse};
use certsession_actix::{
    ActixSessionBridge, BindMutualTls, CertSession, CertSessionMiddleware, ClientAuth, Error, Key,
    MemoryStore, SignedIn,
};
use certsession_core::test_util::EventLog;
use certsession_core::{SessionEvent, SessionManager, SessionStore};
use certsession_tests::stores::open_redis;
use certsession_tests::{Browser, Held, Plan, Served, server};
use reqwest::Method;
use serde_json::{Value, json};

over_the_bridge_and_stores![
    p1_a_user_key_that_no_sign_in_wrote_signs_no_one_in,
    p2_a_stolen_cookie_of_a_user_is_refused,
    p3_a_sign_in_leaves_nothing_behind_that_is_not_named,
    p4_a_purge_is_final_when_an_inner_middleware_fails,
    p4_a_purge_is_final_when_the_client_hangs_up,
    p4_a_writer_that_is_slower_than_the_logout_does_not_bring_the_user_back,
    p5_writers_of_different_keys_both_win,
    p6_what_cannot_be_written_is_never_reported_as_success,
    both_ways_to_sign_in_are_one,
];

type Answer = actix_web::Result<HttpResponse>;

async fn login(request: HttpRequest, name: Path<String>) -> Answer {
    let login = Identity::login(&request.extensions(), name.into_inner());
    login.map_err(actix_web::error::ErrorInternalServerError)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn insert(session: Session, path: Path<(String, String)>) -> Answer {
    let (key, value) = path.into_inner();
    session.insert(key, value)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn held_insert(session: Session, held: Data<Held>, path: Path<(String, String)>) -> Answer {
    held.wait().await;
    insert(session, path).await
}

async fn login_with_too_much(request: HttpRequest, session: Session) -> Answer {
    session.insert("large", "x".repeat(100_000))?;
    login(request, Path::from("alice".to_owned())).await
}

async fn unusable_user(session: Session) -> Answer {
    session.insert("actix_identity.user_id", json!({ "name": "alice" }))?;
    Ok(HttpResponse::NoContent().finish())
}

async fn logout(user: Identity) -> HttpResponse {
    user.logout();
    HttpResponse::NoContent().finish()
}

async fn purge_and_wait(session: Session, held: Data<Held>) -> HttpResponse {
    session.purge();
    held.wait().await;
    HttpResponse::NoContent().finish()
}

async fn entries(session: Session) -> HttpResponse {
    HttpResponse::Ok().json(&*session.entries())
}

async fn me(user: Identity) -> actix_web::Result<String> {
    user.id().map_err(actix_web::error::ErrorUnauthorized)
}

async fn our_sign_in(session: CertSession, name: Path<String>) -> Result<HttpResponse, Error> {
    session.sign_in(name.into_inner())?;
    Ok(HttpResponse::NoContent().finish())
}

async fn our_insert(
    session: CertSession,
    path: Path<(String, String)>,
) -> Result<HttpResponse, Error> {
    let (key, value) = path.into_inner();
    session.insert(&Key::<String>::named(key), &value)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn our_me(name: SignedIn) -> String {
    name.to_string()
}

async fn fail(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> actix_web::Result<ServiceResponse> {
    next.call(request).await?;
    Err(actix_web::error::ErrorImATeapot("on purpose"))
}

struct Site {
    served: Served,
    held: Held,
    events: EventLog,
}

impl Site {
    async fn start(plan: Plan) -> Self {
        match &*plan.portal_flag() {
            "memory" => Self::over(plan, MemoryStore::new()).await,
            redis => Self::over(plan, open_redis(redis).await).await,
        }
    }

    async fn over(plan: Plan, store: impl SessionStore) -> Self {
        let (held, events) = (Held::new(), EventLog::new());
        let (at, log) = (held.clone(), events.clone());
        let served = Served::start(plan, move |listener, tls| {
            let manager = SessionManager::builder(store).event_sink(log).build();
            let sessions = CertSessionMiddleware::new(manager);
            let app = move || {
                let failing = web::scope("/failing").wrap(from_fn(fail));
                App::new()
                    .app_data(Data::new(at.clone()))
                    .wrap(IdentityMiddleware::default())
                    .wrap(ActixSessionBridge::new().carry("cart"))
                    .wrap(sessions.clone())
                    .route("/login/{name}", post().to(login))
                    .route("/login-with-too-much", post().to(login_with_too_much))
                    .route("/unusable-user", post().to(unusable_user))
                    .route("/logout", post().to(logout))
                    .route("/insert/{key}/{value}", post().to(insert))
                    .route("/held/{key}/{value}", post().to(held_insert))
                    .route("/purge-and-wait", post().to(purge_and_wait))
                    .route("/entries", get().to(entries))
                    .route("/me", get().to(me))
                    .route("/ours/login/{name}", post().to(our_sign_in))
                    .route("/ours/insert/{key}/{value}", post().to(our_insert))
                    .route("/ours/me", get().to(our_me))
                    .service(failing.route("/logout", post().to(logout)))
            };
            let mutual = tls
                .stack
                .build(&tls.builder.client_auth(ClientAuth::Optional));
            Ok(server!(app).listen_mutual_tls(listener, mutual)?.run())
        })
        .await;
        Self {
            served,
            held,
            events,
        }
    }

    fn browser(&self, name: &str) -> Browser {
        self.served.browser(name)
    }

    fn ends(&self) -> usize {
        let is_end = |event: &SessionEvent| matches!(event, SessionEvent::Ended { .. });
        self.events.count(is_end)
    }
}

async fn p1_a_user_key_that_no_sign_in_wrote_signs_no_one_in(plan: Plan) {
    let site = Site::start(plan).await;
    let alice = site.browser("alice");
    alice.post("/ours/insert/actix_identity.user_id/root").await;
    assert_eq!(alice.get("/me").await.status, 401);
    assert_eq!(alice.get("/entries").await.json(), json!({}));
    alice.post("/login/alice").await;
    alice.post("/ours/insert/actix_identity.user_id/root").await;
    assert_eq!(alice.get("/me").await.body, "alice");
}

async fn p2_a_stolen_cookie_of_a_user_is_refused(plan: Plan) {
    let site = Site::start(plan).await;
    let (alice, bob) = (site.browser("alice"), site.browser("bob"));
    alice.post("/login/alice").await;
    bob.set_cookie(alice.cookie());
    assert_eq!(bob.get("/me").await.status, 403);
    assert_eq!(bob.post("/logout").await.status, 403);
    assert_eq!(alice.get("/me").await.body, "alice");
}

async fn p3_a_sign_in_leaves_nothing_behind_that_is_not_named(plan: Plan) {
    let site = Site::start(plan).await;
    let alice = site.browser("alice");
    alice.post("/insert/cart/7").await;
    alice.post("/insert/role/admin").await;
    let token = alice.stolen_cookie();
    alice.post("/login/alice").await;
    let entries = alice.get("/entries").await.json();
    assert_eq!(
        entries,
        json!({ "cart": "\"7\"", "actix_identity.user_id": "\"alice\"" })
    );
    alice.set_cookie(Some(token));
    assert_eq!(alice.get("/me").await.status, 401);
}

async fn p4_a_purge_is_final_when_an_inner_middleware_fails(plan: Plan) {
    let site = Site::start(plan).await;
    let alice = site.browser("alice");
    alice.post("/login/alice").await;
    let token = alice.stolen_cookie();
    assert_eq!(alice.post("/failing/logout").await.status, 418);
    alice.set_cookie(Some(token));
    assert_eq!(alice.get("/me").await.status, 401);
}

async fn p4_a_purge_is_final_when_the_client_hangs_up(plan: Plan) {
    let site = Site::start(plan).await;
    let alice = site.browser("alice");
    alice.post("/login/alice").await;
    let request = alice.send_to_hang_up(Method::POST, "/purge-and-wait");
    site.held.arrived().await;
    drop(request);
    // Whether the server drops the handler or lets it finish, the session has ended.
    site.held.release();
    for _ in 0..1000 {
        if site.ends() > 0 {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(site.ends(), 1);
    assert_eq!(alice.get("/me").await.status, 401);
}

async fn p4_a_writer_that_is_slower_than_the_logout_does_not_bring_the_user_back(plan: Plan) {
    let site = Site::start(plan).await;
    let alice = site.browser("alice");
    alice.post("/login/alice").await;
    let late = site.browser("alice");
    let slow = {
        let alice = alice.clone();
        tokio::spawn(async move { alice.post("/held/key/value").await })
    };
    site.held.arrived().await;
    assert_eq!(alice.post("/logout").await.status, 204);
    site.held.release();
    let reply = slow.await.unwrap();
    assert_eq!((reply.status, reply.set_cookie()), (409, None));
    assert_eq!(alice.cookie(), None);
    assert_eq!(late.get("/me").await.status, 401);
}

async fn p5_writers_of_different_keys_both_win(plan: Plan) {
    let site = Site::start(plan).await;
    let alice = site.browser("alice");
    alice.post("/insert/base/0").await;
    let slow = {
        let alice = alice.clone();
        tokio::spawn(async move { alice.post("/held/slow/1").await.status })
    };
    site.held.arrived().await;
    alice.post("/insert/fast/1").await;
    site.held.release();
    assert_eq!(slow.await.unwrap(), 204);
    let entries = alice.get("/entries").await.json();
    let keys: BTreeSet<_> = entries
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    assert_eq!(keys, BTreeSet::from(["base", "fast", "slow"]));
}

async fn p6_what_cannot_be_written_is_never_reported_as_success(plan: Plan) {
    let site = Site::start(plan).await;
    let alice = site.browser("alice");
    let refused = alice.post("/login-with-too-much").await;
    assert_eq!((refused.status, refused.set_cookie()), (413, None));
    assert_eq!(alice.post("/unusable-user").await.status, 500);
    assert_eq!(alice.post("/login/%0a").await.status, 400);
    assert_eq!(alice.cookie(), None, "nothing of it was written");
    let stranger = site.served.stranger();
    assert_eq!(stranger.post("/insert/key/value").await.status, 403);
    assert_eq!(stranger.post("/login/alice").await.status, 403);
    assert_eq!(stranger.get("/entries").await.json(), json!({}));
}

async fn both_ways_to_sign_in_are_one(plan: Plan) {
    let site = Site::start(plan).await;
    let alice = site.browser("alice");
    alice.post("/ours/login/alice").await;
    assert_eq!(alice.get("/me").await.body, "alice");
    assert_eq!(
        alice.get("/entries").await.json()["actix_identity.user_id"],
        "\"alice\""
    );
    alice.post("/logout").await;
    assert_eq!(alice.get("/ours/me").await.status, 401);
    alice.post("/login/bob").await;
    assert_eq!(alice.get("/ours/me").await.body, "bob");
    alice.post("/ours/login/carol").await;
    assert_eq!(alice.get("/me").await.body, "carol");
    assert_eq!(alice.get("/entries").await.json()["cart"], Value::Null);
}

//! What actix-identity's own tests check, over these sessions.

use std::time::Duration;

use actix_identity::config::LogoutBehavior;
use actix_identity::{Identity, IdentityMiddleware};
use actix_session::Session;
use actix_web::web::{Path, get, post};
use actix_web::{App, HttpMessage, HttpRequest, HttpResponse};
use certsession_actix::{ActixSessionBridge, BindMutualTls, CertSessionMiddleware, MemoryStore};
use certsession_tests::{Plan, Served, server};
use serde_json::{Value, json};

over_the_bridge![
    a_stranger_is_answered_401_and_nothing_more,
    a_user_who_has_logged_in_is_known,
    keys_of_the_applications_own_are_used,
    a_second_login_replaces_the_first,
    a_login_has_a_new_token_and_carries_what_is_named,
    a_user_who_has_logged_out_is_unknown,
    a_logout_can_keep_what_is_named,
    a_user_is_logged_out_when_a_deadline_has_passed,
    a_user_is_not_logged_out_before_a_deadline,
];

const HOUR: Duration = Duration::from_secs(3600);

async fn login(request: HttpRequest, name: Path<String>) -> actix_web::Result<HttpResponse> {
    let login = Identity::login(&request.extensions(), name.into_inner());
    login.map_err(actix_web::error::ErrorInternalServerError)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn logout(user: Identity) -> HttpResponse {
    user.logout();
    HttpResponse::NoContent().finish()
}

async fn increment(session: Session) -> actix_web::Result<HttpResponse> {
    session.update_or("counter", 1, |counter: u64| counter + 1)?;
    session.insert("left", true)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn current(user: Option<Identity>, session: Session) -> actix_web::Result<HttpResponse> {
    let counter: u64 = session.get("counter")?.unwrap_or(0);
    let body = json!({
        "user": user.and_then(|user| user.id().ok()),
        "counter": counter,
        "left": session.contains_key("left"),
    });
    Ok(HttpResponse::Ok().json(body))
}

async fn required(user: Identity) -> actix_web::Result<String> {
    user.id().map_err(actix_web::error::ErrorUnauthorized)
}

async fn serve(
    plan: Plan,
    bridge: ActixSessionBridge,
    identity: fn() -> IdentityMiddleware,
) -> Served {
    Served::start(plan, move |listener, tls| {
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let app = move || {
            App::new()
                .wrap(identity())
                .wrap(bridge.clone())
                .wrap(sessions.clone())
                .route("/login/{name}", post().to(login))
                .route("/logout", post().to(logout))
                .route("/increment", post().to(increment))
                .route("/current", get().to(current))
                .route("/required", get().to(required))
        };
        Ok(server!(app)
            .listen_mutual_tls(listener, tls.mutual())?
            .run())
    })
    .await
}

async fn by_default(plan: Plan) -> Served {
    let bridge = ActixSessionBridge::new().carry("counter");
    serve(plan, bridge, IdentityMiddleware::default).await
}

fn state(user: impl Into<Value>, counter: u64, left: bool) -> Value {
    json!({ "user": user.into(), "counter": counter, "left": left })
}

async fn a_stranger_is_answered_401_and_nothing_more(plan: Plan) {
    let served = by_default(plan).await;
    let alice = served.browser("alice");
    let refused = alice.get("/required").await;
    assert_eq!((refused.status, &*refused.body), (401, ""));
    assert_eq!(alice.post("/logout").await.status, 401);
}

async fn a_user_who_has_logged_in_is_known(plan: Plan) {
    let served = by_default(plan).await;
    let alice = served.browser("alice");
    assert_eq!(alice.post("/login/alice").await.status, 204);
    assert_eq!(alice.get("/required").await.body, "alice");
    let bob = served.browser("bob");
    assert_eq!(bob.get("/required").await.status, 401);
}

async fn keys_of_the_applications_own_are_used(plan: Plan) {
    let served = serve(plan, ActixSessionBridge::new().user_key("app.user"), || {
        IdentityMiddleware::builder()
            .id_key("app.user")
            .last_visit_unix_timestamp_key("app.visit")
            .login_unix_timestamp_key("app.login")
            .visit_deadline(Some(HOUR))
            .build()
    })
    .await;
    let alice = served.browser("alice");
    alice.post("/login/alice").await;
    assert_eq!(alice.get("/required").await.body, "alice");
    alice.post("/logout").await;
    assert_eq!(alice.get("/required").await.status, 401);
}

async fn a_second_login_replaces_the_first(plan: Plan) {
    let served = by_default(plan).await;
    let browser = served.browser("shared");
    browser.post("/login/alice").await;
    let token = browser.stolen_cookie();
    browser.post("/login/bob").await;
    assert_eq!(browser.get("/required").await.body, "bob");
    let again = browser.stolen_cookie();
    assert_ne!(again, token);
    browser.post("/login/bob").await;
    assert_ne!(
        browser.stolen_cookie(),
        again,
        "a login is a new token, whichever user was there"
    );
    assert_eq!(browser.get("/required").await.body, "bob");
}

async fn a_login_has_a_new_token_and_carries_what_is_named(plan: Plan) {
    let served = by_default(plan).await;
    let alice = served.browser("alice");
    alice.post("/increment").await;
    let token = alice.stolen_cookie();
    assert_eq!(
        alice.get("/current").await.json(),
        state(Value::Null, 1, true)
    );
    alice.post("/login/alice").await;
    assert_ne!(alice.stolen_cookie(), token);
    assert_eq!(alice.get("/current").await.json(), state("alice", 1, false));
}

async fn a_user_who_has_logged_out_is_unknown(plan: Plan) {
    let served = by_default(plan).await;
    let alice = served.browser("alice");
    alice.post("/login/alice").await;
    let token = alice.stolen_cookie();
    assert_eq!(alice.post("/logout").await.status, 204);
    assert_eq!(alice.cookie(), None);
    alice.set_cookie(Some(token));
    assert_eq!(alice.get("/required").await.status, 401);
}

async fn a_logout_can_keep_what_is_named(plan: Plan) {
    let served = serve(plan, ActixSessionBridge::new().carry("counter"), || {
        IdentityMiddleware::builder()
            .logout_behavior(LogoutBehavior::DeleteIdentityKeys)
            .build()
    })
    .await;
    let alice = served.browser("alice");
    alice.post("/login/alice").await;
    alice.post("/increment").await;
    assert_eq!(alice.get("/current").await.json(), state("alice", 1, true));
    let token = alice.stolen_cookie();
    assert_eq!(alice.post("/logout").await.status, 204);
    assert_ne!(alice.stolen_cookie(), token);
    assert_eq!(
        alice.get("/current").await.json(),
        state(Value::Null, 1, false)
    );
}

async fn a_user_is_logged_out_when_a_deadline_has_passed(plan: Plan) {
    let deadlines: [fn() -> IdentityMiddleware; 2] = [
        || {
            let builder = IdentityMiddleware::builder();
            builder.login_deadline(Some(Duration::ZERO)).build()
        },
        || {
            let builder = IdentityMiddleware::builder();
            builder.visit_deadline(Some(Duration::ZERO)).build()
        },
    ];
    for identity in deadlines {
        let served = serve(plan, ActixSessionBridge::new(), identity).await;
        let alice = served.browser("alice");
        alice.post("/login/alice").await;
        let token = alice.stolen_cookie();
        assert_eq!(alice.get("/required").await.status, 401);
        alice.set_cookie(Some(token));
        assert_eq!(alice.get("/current").await.json()["user"], Value::Null);
    }
}

async fn a_user_is_not_logged_out_before_a_deadline(plan: Plan) {
    let served = serve(plan, ActixSessionBridge::new(), || {
        IdentityMiddleware::builder()
            .login_deadline(Some(HOUR))
            .visit_deadline(Some(HOUR))
            .build()
    })
    .await;
    let alice = served.browser("alice");
    alice.post("/login/alice").await;
    for _ in 0..3 {
        assert_eq!(alice.get("/required").await.body, "alice");
    }
}

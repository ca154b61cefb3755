//! The documented behaviour of the cookie and of caches.

use actix_web::http::header::{CACHE_CONTROL, VARY};
use actix_web::web::get;
use actix_web::{App, HttpResponse};
use certsession_actix::{
    BindMutualTls, CertSession, CertSessionMiddleware, Error, Key, MemoryStore,
};
use certsession_tests::{Plan, Reply, Served, promises_of_actix, server};
use serde_json::json;

promises_of_actix![
    the_cookie_has_these_attributes_and_no_others,
    the_cookie_is_set_only_if_the_token_changes,
    several_changes_in_one_request_set_one_cookie,
    responses_that_depend_on_the_session_are_not_cached,
    a_handler_s_cache_header_stays_unless_the_response_has_a_token,
];

/// All values of a header field.
fn values<'r>(reply: &'r Reply, name: &str) -> Vec<&'r str> {
    let fields = reply.headers.get_all(name).iter();
    fields.map(|field| field.to_str().unwrap()).collect()
}

async fn the_cookie_has_these_attributes_and_no_others(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    let begun = alice.put("/session/data/k", json!(1)).await;
    let token = alice.cookie().unwrap();
    assert_eq!(token.len(), 64);
    let field = format!("__Host-session={token}; Path=/; Secure; HttpOnly; SameSite=Lax");
    assert_eq!(values(&begun, "set-cookie"), [&*field]);

    for path in ["/sign-out", "/sign-out-fail"] {
        alice.sign_in("alice", &[]).await;
        let ended = alice.post(path).await;
        let field = "__Host-session=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0";
        assert_eq!(values(&ended, "set-cookie"), [field], "{path}");
        assert_eq!(values(&ended, "cache-control"), ["no-store"]);
    }
}

async fn the_cookie_is_set_only_if_the_token_changes(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.put("/session/data/k", json!(1)).await;
    for reply in [
        alice.put("/session/data/k", json!(2)).await,
        alice.delete("/session/data/k").await,
        alice.get("/session").await,
        alice.get("/session/data/k").await,
        alice.get("/me").await,
        alice.get("/nowhere").await,
    ] {
        assert_eq!(values(&reply, "set-cookie"), [""; 0]);
    }
    for reply in [
        alice.post("/rotate").await,
        alice.sign_in("alice", &[]).await,
    ] {
        assert_eq!(values(&reply, "set-cookie").len(), 1);
    }
}

async fn much_at_once(session: CertSession) -> Result<HttpResponse, Error> {
    session.insert(&Key::<u8>::new("k"), &1)?;
    session.rotate()?;
    session.sign_in("alice")?;
    session.rotate()?;
    session.sign_out()?;
    session.sign_in("bob")?;
    Ok(HttpResponse::NoContent().finish())
}

/// Writes if the request asks for it, and sets a cache header.
async fn cached(
    session: CertSession,
    writes: actix_web::web::Path<bool>,
) -> Result<HttpResponse, Error> {
    if writes.into_inner() {
        session.rotate()?;
        session.insert(&Key::<u8>::new("k"), &1)?;
    }
    Ok(HttpResponse::Ok()
        .insert_header((CACHE_CONTROL, "public, max-age=60"))
        .insert_header((VARY, "Accept-Encoding"))
        .finish())
}

async fn serve(plan: Plan) -> Served {
    Served::start(plan, |listener, tls| {
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let app = move || {
            App::new()
                .wrap(sessions.clone())
                .route("/much", get().to(much_at_once))
                .route("/cached/{writes}", get().to(cached))
                .route("/public", get().to(HttpResponse::NoContent))
        };
        let server = server!(app).listen_mutual_tls(listener, tls.mutual())?;
        Ok(server.run())
    })
    .await
}

async fn several_changes_in_one_request_set_one_cookie(plan: Plan) {
    let served = serve(plan).await;
    let alice = served.browser("alice");
    for _ in 0..2 {
        let reply = alice.get("/much").await;
        assert_eq!((reply.status, values(&reply, "set-cookie").len()), (204, 1));
    }
}

async fn responses_that_depend_on_the_session_are_not_cached(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    for begun in [false, true] {
        for path in ["/session", "/session/data/k", "/me", "/"] {
            let reply = alice.get(path).await;
            assert_eq!(values(&reply, "cache-control"), ["no-store"], "{path}");
            assert_eq!(values(&reply, "vary"), [""; 0], "it is not cached: {path}");
        }
        let public = alice.get("/public").await;
        assert_eq!(values(&public, "cache-control"), [""; 0], "begun: {begun}");
        assert_eq!(values(&public, "vary"), [""; 0]);
        alice.put("/session/data/k", json!(1)).await;
    }
}

async fn a_handler_s_cache_header_stays_unless_the_response_has_a_token(plan: Plan) {
    let served = serve(plan).await;
    let alice = served.browser("alice");
    let read = alice.get("/cached/false").await;
    assert_eq!(values(&read, "cache-control"), ["public, max-age=60"]);
    assert_eq!(values(&read, "vary"), ["Accept-Encoding", "Cookie"]);

    let begun = alice.get("/cached/true").await;
    assert_eq!(values(&begun, "set-cookie").len(), 1);
    assert_eq!(values(&begun, "cache-control"), ["no-store"]);
    assert_eq!(values(&begun, "vary"), ["Accept-Encoding", "Cookie"]);
}

//! What actix-session's own tests check of its `Session`, over requests.

use actix_session::{Session, SessionStatus};
use actix_web::web::{Path, get, post};
use actix_web::{App, HttpResponse};
use certsession_actix::{ActixSessionBridge, BindMutualTls, CertSessionMiddleware, MemoryStore};
use certsession_tests::{Plan, Served, server};
use serde_json::json;

over_the_bridge![
    what_was_inserted_is_there_in_the_next_request,
    a_value_that_was_updated_in_place_is_kept,
    a_key_that_was_removed_is_gone_and_the_others_stay,
    everything_is_gone_after_clear_and_the_session_goes_on,
    a_purged_session_takes_nothing_more_and_its_cookie_goes,
    a_renewed_session_has_a_new_token_and_the_same_data,
    reading_begins_no_session,
];

type Answer = actix_web::Result<HttpResponse>;

async fn insert(session: Session, path: Path<(String, u64)>) -> Answer {
    let (key, value) = path.into_inner();
    session.insert(key, value)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn update(session: Session, key: Path<String>) -> Answer {
    let key = key.into_inner();
    session.update(key.as_str(), |value: u64| value + 1)?;
    session.update_or("other", 100, |value: u64| value + 1)?;
    Ok(HttpResponse::NoContent().finish())
}

async fn remove(session: Session, key: Path<String>) -> Answer {
    let removed = session.remove_as::<u64>(&key);
    assert!(!session.contains_key(&key));
    Ok(HttpResponse::Ok().json(removed.map(Result::unwrap)))
}

async fn clear(session: Session) -> HttpResponse {
    session.clear();
    HttpResponse::NoContent().finish()
}

async fn purge(session: Session) -> Answer {
    session.purge();
    assert_eq!(session.status(), SessionStatus::Purged);
    session.insert("after", 1)?;
    assert!(session.entries().is_empty());
    Ok(HttpResponse::NoContent().finish())
}

async fn renew(session: Session) -> Answer {
    session.renew();
    session.insert("renewed", 1)?;
    assert_eq!(session.status(), SessionStatus::Renewed);
    Ok(HttpResponse::NoContent().finish())
}

async fn entries(session: Session) -> HttpResponse {
    HttpResponse::Ok().json(&*session.entries())
}

async fn serve(plan: Plan) -> Served {
    Served::start(plan, |listener, tls| {
        let sessions = CertSessionMiddleware::new(MemoryStore::new());
        let app = move || {
            App::new()
                .wrap(ActixSessionBridge::new())
                .wrap(sessions.clone())
                .route("/insert/{key}/{value}", post().to(insert))
                .route("/update/{key}", post().to(update))
                .route("/remove/{key}", post().to(remove))
                .route("/clear", post().to(clear))
                .route("/purge", post().to(purge))
                .route("/renew", post().to(renew))
                .route("/", get().to(entries))
        };
        Ok(server!(app)
            .listen_mutual_tls(listener, tls.mutual())?
            .run())
    })
    .await
}

async fn what_was_inserted_is_there_in_the_next_request(plan: Plan) {
    let served = serve(plan).await;
    let alice = served.browser("alice");
    assert_eq!(alice.post("/insert/a/1").await.status, 204);
    assert_eq!(alice.post("/insert/b/2").await.status, 204);
    let entries = alice.get("/").await;
    assert_eq!(entries.json(), json!({ "a": "1", "b": "2" }));
    assert_eq!(entries.headers["cache-control"], "no-store");
}

async fn a_value_that_was_updated_in_place_is_kept(plan: Plan) {
    let served = serve(plan).await;
    let alice = served.browser("alice");
    alice.post("/insert/a/1").await;
    alice.post("/update/a").await;
    alice.post("/update/absent").await;
    let entries = alice.get("/").await.json();
    assert_eq!(entries, json!({ "a": "2", "other": "101" }));
}

async fn a_key_that_was_removed_is_gone_and_the_others_stay(plan: Plan) {
    let served = serve(plan).await;
    let alice = served.browser("alice");
    alice.post("/insert/a/1").await;
    alice.post("/insert/b/2").await;
    assert_eq!(alice.post("/remove/a").await.json(), json!(1));
    assert_eq!(alice.post("/remove/a").await.json(), json!(null));
    assert_eq!(alice.get("/").await.json(), json!({ "b": "2" }));
}

async fn everything_is_gone_after_clear_and_the_session_goes_on(plan: Plan) {
    let served = serve(plan).await;
    let alice = served.browser("alice");
    alice.post("/insert/a/1").await;
    let token = alice.stolen_cookie();
    assert_eq!(alice.post("/clear").await.status, 204);
    assert_eq!(alice.get("/").await.json(), json!({}));
    assert_eq!(alice.stolen_cookie(), token);
}

async fn a_purged_session_takes_nothing_more_and_its_cookie_goes(plan: Plan) {
    let served = serve(plan).await;
    let alice = served.browser("alice");
    alice.post("/insert/a/1").await;
    let purged = alice.post("/purge").await;
    assert_eq!((purged.status, alice.cookie()), (204, None));
    assert_eq!(alice.get("/").await.json(), json!({}));
}

async fn a_renewed_session_has_a_new_token_and_the_same_data(plan: Plan) {
    let served = serve(plan).await;
    let alice = served.browser("alice");
    alice.post("/insert/a/1").await;
    let token = alice.stolen_cookie();
    assert_eq!(alice.post("/renew").await.status, 204);
    assert_ne!(alice.stolen_cookie(), token);
    let entries = alice.get("/").await.json();
    assert_eq!(entries, json!({ "a": "1", "renewed": "1" }));
    alice.set_cookie(Some(token));
    assert_eq!(
        alice.get("/").await.json(),
        json!({}),
        "the old token is dead"
    );
}

async fn reading_begins_no_session(plan: Plan) {
    let served = serve(plan).await;
    let alice = served.browser("alice");
    let entries = alice.get("/").await;
    assert_eq!((entries.json(), entries.set_cookie()), (json!({}), None));
}

//! Secrets on every path through the framework, with every log line enabled.
//!
//! Each test searches the log lines of its own process. In addition, `search-output` searches the
//! whole output of the suite, and relies on the secrets that these tests record.

#![allow(clippy::unwrap_used, reason = "a test that cannot continue fails")]

use std::time::Duration;

use actix_web::web::{Path, get};
use actix_web::{App, HttpResponse};
use certsession_actix::{
    BindMutualTls, CertSession, CertSessionMiddleware, Error, Key, MemoryStore, SessionManager,
};
use certsession_core::test_util::Fault;
use certsession_core::{StoreOperation, Token};
use certsession_tests::ledger::{record_secret, secret_value};
use certsession_tests::{
    Browser, Http, Logs, Plan, Served, Setup, promises, promises_of_actix,
    promises_of_bounded_stores, server,
};
use reqwest::Method;
use serde_json::json;

promises![
    values_and_tokens_of_a_whole_session_are_not_logged,
    values_of_another_type_are_not_logged,
    values_of_handlers_that_fail_and_panic_are_not_logged,
    tokens_that_are_refused_are_not_logged,
];

promises_of_actix![debug_output_of_a_handlers_values_shows_no_secret];

promises_of_bounded_stores![values_that_the_store_refuses_are_not_logged];

/// Secrets that must not be in a test's log.
struct Secrets {
    logs: Logs,
    values: Vec<String>,
}

impl Secrets {
    fn keep() -> Self {
        let logs = Logs::keep();
        let values = Vec::new();
        Self { logs, values }
    }

    fn value(&mut self, name: &str) -> String {
        let value = secret_value(name);
        self.values.push(value.clone());
        value
    }

    /// Adds the current token of the browser.
    fn token_of(&mut self, browser: &Browser) {
        self.values.push(browser.stolen_cookie()[22..].to_owned());
    }

    async fn assert_not_logged(&self, plan: Plan) {
        self.logs.line_with(&["certsession: "]).await;
        let server = match plan.http() {
            Http::One => plan.http_1_target(),
            Http::Two => "h2::codec",
        };
        self.logs.line_with(&["TRACE", server]).await;
        for value in &self.values {
            if let Some(line) = self.logs.find(&[value]) {
                panic!("logged: {}", line.replace(value, "[redacted]"));
            }
        }
    }
}

async fn values_and_tokens_of_a_whole_session_are_not_logged(plan: Plan) {
    let mut secrets = Secrets::keep();
    let site = plan.start().await;
    let alice = site.browser("alice");
    for (key, value) in [
        ("text", json!(secrets.value("text"))),
        ("list", json!([1, secrets.value("list")])),
        (
            "object",
            json!({ secrets.value("name"): { "b": secrets.value("object") } }),
        ),
        ("long", json!(secrets.value(&"long".repeat(5000)))),
    ] {
        let path = format!("/session/data/{key}");
        assert_eq!(alice.put(&path, value.clone()).await.status, 204);
        secrets.token_of(&alice);
        assert_eq!(alice.get(&path).await.json(), value);
    }
    alice.sign_in("alice", &["text", "list"]).await;
    secrets.token_of(&alice);
    alice.post("/rotate").await;
    secrets.token_of(&alice);
    for path in ["/session", "/sessions", "/me", "/", "/nowhere"] {
        alice.get(path).await;
    }
    site.clock.advance(Duration::from_secs(20 * 60));
    alice.get("/session").await;
    secrets.token_of(&alice);
    alice.delete("/session/data/text").await;
    alice.delete("/sessions").await;
    secrets.assert_not_logged(plan).await;
}

async fn values_of_another_type_are_not_logged(plan: Plan) {
    let mut secrets = Secrets::keep();
    let site = plan.start().await;
    let alice = site.browser("alice");
    for value in [
        json!(secrets.value("typed")),
        json!([secrets.value("typed-list")]),
        json!({ "typed": secrets.value("typed-member") }),
    ] {
        alice.put("/session/data/k", value).await;
        let reply = alice.get("/typed/k").await;
        assert_eq!(
            (reply.status, &*reply.body),
            (500, "Internal Server Error\n")
        );
    }
    let broken = format!("{{\"broken\": \"{}", secrets.value("broken"));
    let request = alice.request(Method::PUT, "/session/data/k").body(broken);
    let reply = alice.send(request).await;
    assert_eq!(reply.status, 400);
    assert!(!reply.body.contains("swordfish"));
    secrets.assert_not_logged(plan).await;
}

async fn values_of_handlers_that_fail_and_panic_are_not_logged(plan: Plan) {
    let mut secrets = Secrets::keep();
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice
        .put("/session/data/k", json!(secrets.value("before")))
        .await;
    secrets.token_of(&alice);
    assert_eq!(
        alice
            .get(&format!("/fail/k/{}", secrets.value("fail")))
            .await
            .status,
        418
    );
    let path = format!("/panic/k/{}", secrets.value("panic"));
    assert!(
        alice
            .try_send(alice.request(Method::GET, &path))
            .await
            .is_err()
    );
    let path = format!("/inner/write/k/{}", secrets.value("inner"));
    assert_eq!(alice.get(&path).await.status, 418);
    assert!(alice.post("/end-and-write").await.status >= 400);
    secrets.assert_not_logged(plan).await;
}

async fn values_that_the_store_refuses_are_not_logged(plan: Plan) {
    let mut secrets = Secrets::keep();
    let setup = Setup {
        capacity: Some(1),
        ..Setup::default()
    };
    let site = plan.start_with(setup).await;
    let alice = site.browser("alice");
    alice
        .put("/session/data/k", json!(secrets.value("kept")))
        .await;
    secrets.token_of(&alice);
    let value = json!(secrets.value("refused"));
    for (operation, fault) in [
        (StoreOperation::Load, Fault::Before),
        (StoreOperation::Commit, Fault::Before),
        (StoreOperation::Commit, Fault::After),
    ] {
        site.faults.fail_next(operation, fault);
        assert_eq!(
            alice.put("/session/data/k", value.clone()).await.status,
            503
        );
    }
    let full = site
        .browser("bob")
        .put("/session/data/k", value.clone())
        .await;
    assert_eq!(full.status, 503);
    let large = secrets.value(&"large".repeat(300_000));
    assert_eq!(alice.put("/session/data/k", json!(large)).await.status, 413);
    secrets.assert_not_logged(plan).await;
}

async fn tokens_that_are_refused_are_not_logged(plan: Plan) {
    let mut secrets = Secrets::keep();
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    secrets.token_of(&alice);
    let good = alice.stolen_cookie();

    let thief = site.browser("mallory");
    thief.set_cookie(Some(good.clone()));
    assert_eq!(thief.get("/me").await.status, 403);
    let planted = Token::issue().unwrap().expose();
    thief.set_cookie(Some(planted));
    secrets.token_of(&thief);
    assert_eq!(thief.get("/me").await.status, 401);
    for malformed in [
        format!("{good}x"),
        format!("\"{good}\""),
        good[1..].to_owned(),
    ] {
        thief.set_cookie(Some(malformed));
        assert_eq!(thief.get("/me").await.status, 401);
    }
    let twice = format!("__Host-session={good}; __Host-session={good}");
    let request = thief.request(Method::GET, "/me").header("cookie", twice);
    thief.set_cookie(None);
    assert_eq!(thief.send(request).await.status, 401);
    let path = format!("/sessions/{good}");
    assert_eq!(alice.delete(&path).await.status, 404);
    alice.post("/rotate").await;
    secrets.token_of(&alice);
    alice.set_cookie(Some(good));
    assert_eq!(alice.get("/me").await.status, 401, "replaced");
    secrets.assert_not_logged(plan).await;
}

const KEY: Key<String> = Key::new("k");

/// Logs everything that a handler can access.
async fn careless(session: CertSession, value: Path<String>) -> Result<HttpResponse, Error> {
    tracing::info!(target: "careless", key = ?KEY, before = ?session);
    session.insert(&KEY, &value.into_inner())?;
    let wrong = session.get(&Key::<u64>::new("k")).unwrap_err();
    let mut late = session.late();
    let too_early = late.insert(&KEY, &String::new());
    tracing::info!(
        target: "careless",
        ?session, record = ?session.record(), late = ?late, peer = ?session.peer(),
        principal = ?session.principal(), handle = ?session.handle(),
        wrong = ?wrong, shown = %wrong, too_early = ?too_early,
    );
    if let Some(record) = session.record() {
        tracing::info!(target: "careless", data = ?record.data(), binding = ?record.binding());
    }
    Ok(HttpResponse::NoContent().finish())
}

async fn debug_output_of_a_handlers_values_shows_no_secret(plan: Plan) {
    let mut secrets = Secrets::keep();
    let served = Served::start(plan, |listener, tls| {
        let manager = SessionManager::new(MemoryStore::new());
        let sessions = CertSessionMiddleware::new(manager.clone());
        let app = move || {
            tracing::info!(target: "careless", ?sessions, ?manager);
            let route = get().to(careless);
            App::new().wrap(sessions.clone()).route("/{value}", route)
        };
        tracing::info!(target: "careless", mutual = ?tls.mutual(), builder = ?tls.builder);
        Ok(server!(app)
            .listen_mutual_tls(listener, tls.mutual())?
            .run())
    })
    .await;
    let alice = served.browser("alice");
    for name in ["first", "second"] {
        let path = format!("/{}", secrets.value(name));
        assert_eq!(alice.get(&path).await.status, 204);
        secrets.token_of(&alice);
    }
    let token = Token::issue().unwrap();
    record_secret(&token.expose());
    secrets.values.push(token.expose()[22..].to_owned());
    tracing::info!(target: "careless", ?token, token_hash = ?token.hash());
    secrets.logs.line_with(&["careless", "binding"]).await;
    secrets.assert_not_logged(plan).await;
}

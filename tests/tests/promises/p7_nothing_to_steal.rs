//! P7. No usable secret at rest; logs, events, `Debug` and errors hold neither token nor data.
//!
//! In addition, the whole output of the suite, every log line at TRACE included, is searched: see
//! `certsession_tests::ledger`.

use certsession_core::Token;
use certsession_tests::{Plan, Reply, promises};
use serde_json::json;

promises![
    p7_events_hold_neither_token_nor_data,
    p7_errors_hold_neither_token_nor_data,
    p7_no_answer_but_the_cookie_shows_a_token,
    p7_an_answer_with_a_token_is_not_cached,
];

fn assert_silent(reply: &Reply, secrets: &[&str]) {
    let headers: String = reply
        .headers
        .iter()
        .filter(|(name, _)| *name != "set-cookie")
        .map(|(_, value)| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    for secret in secrets {
        assert!(!reply.body.contains(secret) && !headers.contains(secret));
    }
}

async fn p7_events_hold_neither_token_nor_data(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    let mut tokens = Vec::new();
    alice.put("/session/data/k", json!("swordfish-3")).await;
    tokens.push(alice.stolen_cookie());
    alice.sign_in("alice", &["k"]).await;
    tokens.push(alice.stolen_cookie());
    alice.post("/rotate").await;
    tokens.push(alice.stolen_cookie());
    let replay = site.browser_with(&client);
    replay.set_cookie(Some(tokens[0].clone()));
    replay.get("/me").await;
    let thief = site.browser("mallory");
    thief.set_cookie(alice.cookie());
    thief.get("/me").await;
    alice.post("/sign-out").await;

    let events = format!("{:?}", site.events.events());
    for name in [
        "Issued", "Bound", "SignedIn", "Rotated", "Replayed", "Refused", "Ended",
    ] {
        assert!(events.contains(name), "{name}");
    }
    assert!(!events.contains("swordfish"));
    for token in &tokens {
        assert!(!events.contains(&token[22..]), "the secret half");
    }
}

async fn p7_errors_hold_neither_token_nor_data(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.put("/session/data/k", json!("swordfish-4")).await;
    let token = alice.stolen_cookie();
    let secrets = ["swordfish", &token[22..]];
    for path in ["/typed/k", "/fail/k/swordfish-5", "/nowhere"] {
        let reply = alice.get(path).await;
        assert!(reply.status >= 400, "{path}");
        assert_silent(&reply, &secrets);
    }
    let thief = site.browser("mallory");
    thief.set_cookie(Some(token.clone()));
    assert_silent(&thief.get("/session").await, &secrets);
    thief.set_cookie(Some(format!("{token}x")));
    assert_silent(&thief.get("/session").await, &secrets);
}

async fn p7_no_answer_but_the_cookie_shows_a_token(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    alice.put("/session/data/k", json!(1)).await;
    let token = alice.stolen_cookie();
    let parsed = Token::parse(token.as_bytes()).unwrap();
    let token_hash = parsed.hash();
    let token_hash: String = token_hash
        .as_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    for path in ["/", "/session", "/sessions", "/me", "/session/data/k"] {
        assert_silent(&alice.get(path).await, &[&token[22..], &token_hash]);
    }
}

async fn p7_an_answer_with_a_token_is_not_cached(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    let reply = alice.put("/session/data/k", json!(1)).await;
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_eq!(reply.headers["vary"], "Cookie");
    let reply = alice.get("/cached").await;
    assert_eq!(
        reply.headers["cache-control"], "public, max-age=60",
        "the handler's own header stays"
    );
    assert_eq!(reply.headers["vary"], "Cookie");
    site.clock.advance(std::time::Duration::from_secs(16 * 60));
    let reply = alice.get("/cached").await;
    assert!(reply.set_cookie().is_some());
    assert_eq!(
        reply.headers["cache-control"], "no-store",
        "a response with a token must not be cached"
    );
    let reply = alice.get("/public").await;
    assert!(!reply.headers.contains_key("cache-control") && !reply.headers.contains_key("vary"));
}

//! P1. Only a token that the framework issued, and that is still valid, loads a session.

use certsession_core::{Refusal, SessionEvent, Token};
use certsession_tests::{Browser, Plan, promises};
use reqwest::Method;
use serde_json::{Value, json};

promises![
    p1_a_planted_token_is_never_adopted,
    p1_a_handle_without_its_secret_opens_nothing,
    p1_a_cookie_of_any_other_form_opens_nothing,
    p1_two_session_cookies_are_hostile_and_none_is_used,
    p1_a_token_anywhere_but_in_the_cookie_is_not_read,
    p1_a_token_of_an_expired_session_begins_a_session_with_another_handle,
];

fn refused(reason: Refusal) -> impl Fn(&SessionEvent) -> bool {
    move |event| matches!(event, SessionEvent::Refused { reason: r, .. } if *r == reason)
}

async fn assert_opens_nothing(browser: &Browser) {
    let reply = browser.get("/session").await;
    assert_eq!((reply.status, reply.json()), (200, Value::Null));
    assert_eq!(reply.set_cookie(), None, "a read begins no session");
    assert_eq!(browser.get("/me").await.status, 401);
}

async fn p1_a_planted_token_is_never_adopted(plan: Plan) {
    let site = plan.start().await;
    let victim = site.browser("alice");
    let planted = Token::issue().unwrap().expose();
    victim.set_cookie(Some(planted.clone()));
    assert_opens_nothing(&victim).await;

    let reply = victim.sign_in("alice", &[]).await;
    assert_eq!(reply.status, 204);
    assert_ne!(
        reply.set_cookie().unwrap()[..22],
        planted[..22],
        "a new handle"
    );
    assert_ne!(victim.cookie().unwrap(), planted);

    let attacker = site.browser("mallory");
    attacker.set_cookie(Some(planted));
    assert_opens_nothing(&attacker).await;
    assert!(site.events.count(refused(Refusal::UnknownToken)) > 0);
}

async fn p1_a_handle_without_its_secret_opens_nothing(plan: Plan) {
    let site = plan.start().await;
    let victim = site.browser("alice");
    victim.sign_in("alice", &[]).await;
    let name = victim.stolen_cookie()[..21].to_owned();

    let thief = site.browser("mallory");
    thief.set_cookie(Some(format!(
        "{name}{}",
        &Token::issue().unwrap().expose()[21..]
    )));
    assert_opens_nothing(&thief).await;
    assert_eq!(victim.get("/me").await.status, 200);
}

async fn p1_a_cookie_of_any_other_form_opens_nothing(plan: Plan) {
    let site = plan.start().await;
    let browser = site.browser("alice");
    browser.put("/session/data/k", json!(1)).await;
    let good = browser.stolen_cookie();
    for bad in [
        String::new(),
        "x".to_owned(),
        good[..63].to_owned(),
        format!("{good}A"),
        format!("\"{good}\""),
        format!("{}+", &good[..63]),
        format!("{}=", &good[..63]),
        "A".repeat(8192),
    ] {
        site.events.take();
        browser.set_cookie(Some(bad));
        assert_opens_nothing(&browser).await;
        assert!(site.events.count(refused(Refusal::MalformedToken)) > 0);
    }
    browser.set_cookie(Some(good));
    assert_eq!(browser.get("/session/data/k").await.body, "1");
}

async fn p1_two_session_cookies_are_hostile_and_none_is_used(plan: Plan) {
    let site = plan.start().await;
    let browser = site.browser("alice");
    browser.sign_in("alice", &[]).await;
    let good = browser.stolen_cookie();
    let other = Token::issue().unwrap().expose();
    browser.set_cookie(None);

    let name = "__Host-session";
    for field in [
        format!("{name}={good}; {name}={other}"),
        format!("{name}={other}; {name}={good}"),
        format!("{name}={good}; {name}={good}"),
        format!("{name}=; {name}={good}"),
    ] {
        let request = browser.request(Method::GET, "/me").header("cookie", field);
        assert_eq!(browser.send(request).await.status, 401);
    }
    let request = browser
        .request(Method::GET, "/me")
        .header("cookie", format!("{name}={good}"))
        .header("cookie", format!("{name}={other}"));
    assert_eq!(browser.send(request).await.status, 401, "in two fields");
    assert_eq!(site.events.count(refused(Refusal::SeveralTokens)), 5);

    browser.set_cookie(Some(good));
    assert_eq!(browser.get("/me").await.status, 200);
}

async fn p1_a_token_anywhere_but_in_the_cookie_is_not_read(plan: Plan) {
    let site = plan.start().await;
    let browser = site.browser("alice");
    browser.sign_in("alice", &[]).await;
    let token = browser.stolen_cookie();
    browser.set_cookie(None);

    let name = "__Host-session";
    for path in [
        format!("/me?{name}={token}"),
        format!("/me?session={token}"),
        format!("/me;{name}={token}"),
    ] {
        let status = browser.get(&path).await.status;
        assert!(status == 401 || status == 404, "{status}");
    }
    for header in [name, "authorization", "x-session", "set-cookie", "cookie2"] {
        let value = if header == "authorization" {
            format!("Bearer {token}")
        } else {
            token.clone()
        };
        let request = browser.request(Method::GET, "/me").header(header, value);
        assert_eq!(browser.send(request).await.status, 401, "{header}");
    }
    for cookie in [
        "session",
        "__Secure-session",
        "__host-session",
        "__Host-Session",
        "id",
    ] {
        let request = browser
            .request(Method::GET, "/me")
            .header("cookie", format!("{cookie}={token}"));
        assert_eq!(browser.send(request).await.status, 401, "{cookie}");
    }
    let request = browser
        .request(Method::GET, "/me")
        .body(format!("{name}={token}"));
    assert_eq!(browser.send(request).await.status, 401, "in the body");
}

async fn p1_a_token_of_an_expired_session_begins_a_session_with_another_handle(plan: Plan) {
    let site = plan.start().await;
    let browser = site.browser("alice");
    browser.put("/session/data/k", json!(1)).await;
    let first = browser.stolen_cookie();
    site.clock.advance(std::time::Duration::from_secs(30 * 60));
    assert_opens_nothing(&browser).await;
    browser.put("/session/data/k", json!(2)).await;
    assert_ne!(browser.cookie().unwrap()[..22], first[..22]);
}

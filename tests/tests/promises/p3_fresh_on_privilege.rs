//! P3. Binding, sign-in, elevation and sign-out issue a new token; the old one is dead.

use certsession_tests::{Browser, Plan, Site, promises};
use serde_json::{Value, json};

promises![
    p3_a_session_begins_bound_to_its_certificate_with_a_token_of_its_own,
    p3_sign_in_kills_the_token_before_it_and_keeps_only_what_is_named,
    p3_signing_in_as_another_principal_drops_all_data,
    p3_rotate_kills_the_token_before_it_and_keeps_the_session,
    p3_sign_out_ends_the_session_and_a_later_write_begins_one_with_a_new_handle,
    p3_of_many_sign_ins_at_once_one_token_stays_valid,
];

/// Asserts that an earlier token opens nothing for a browser with the same certificate.
async fn assert_dead(site: &Site, client: &certsession_tests::Client, token: &str) {
    let browser = site.browser_with(client);
    browser.set_cookie(Some(token.to_owned()));
    assert_eq!(browser.get("/session").await.json(), Value::Null);
    assert_eq!(browser.get("/me").await.status, 401);
    let reply = browser.put("/session/data/k", json!("late")).await;
    assert_ne!(browser.get("/session/data/secret").await.status, 200);
    assert!(
        reply.status == 409 || reply.status == 204,
        "{}",
        reply.status
    );
}

async fn handle(browser: &Browser) -> Value {
    browser.get("/session").await.json()["handle"].clone()
}

async fn p3_a_session_begins_bound_to_its_certificate_with_a_token_of_its_own(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    let reply = alice.put("/session/data/k", json!(1)).await;
    assert_eq!(reply.status, 204);
    let cookie = reply.headers["set-cookie"].to_str().unwrap();
    assert!(
        cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"),
        "{}",
        cookie.len()
    );
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_eq!(reply.headers["vary"], "Cookie");

    let session = alice.get("/session").await.json();
    let certificate = client.certificate();
    assert_eq!(
        session["certificate"]["sha256"],
        certificate.fingerprint().to_string()
    );
    assert_eq!(
        session["certificate"]["serial"],
        certificate.serial().to_string()
    );
    assert_eq!(session["certificate"]["subject"], "CN=alice");
}

async fn p3_sign_in_kills_the_token_before_it_and_keeps_only_what_is_named(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    alice.put("/session/data/cart", json!([1, 2])).await;
    alice.put("/session/data/secret", json!("planted")).await;
    let (before, name) = (alice.stolen_cookie(), handle(&alice).await);

    let reply = alice.sign_in("alice", &["cart", "absent"]).await;
    assert_eq!(reply.status, 204);
    assert_ne!(alice.stolen_cookie(), before);
    assert_eq!(handle(&alice).await, name, "same session, new token");
    let session = alice.get("/session").await.json();
    assert_eq!(session["data"], json!({ "cart": [1, 2] }));
    assert_eq!(session["principal"], "alice");
    assert_dead(&site, &client, &before).await;
    assert_eq!(alice.get("/me").await.status, 200);
}

async fn p3_signing_in_as_another_principal_drops_all_data(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("shared kiosk");
    let kiosk = site.browser_with(&client);
    kiosk.sign_in("alice", &[]).await;
    kiosk.put("/session/data/secret", json!("hers")).await;
    let before = kiosk.stolen_cookie();
    kiosk.sign_in("bob", &[]).await;
    let session = kiosk.get("/session").await.json();
    assert_eq!(
        (&session["principal"], &session["data"]),
        (&json!("bob"), &json!({}))
    );
    assert_dead(&site, &client, &before).await;
}

async fn p3_rotate_kills_the_token_before_it_and_keeps_the_session(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    alice.sign_in("alice", &[]).await;
    alice.put("/session/data/k", json!(1)).await;
    let (before, name) = (alice.stolen_cookie(), handle(&alice).await);

    assert_eq!(alice.post("/rotate").await.status, 204);
    assert_ne!(alice.stolen_cookie(), before);
    assert_eq!(handle(&alice).await, name);
    assert_eq!(alice.get("/session/data/k").await.body, "1");
    assert_dead(&site, &client, &before).await;
}

async fn p3_sign_out_ends_the_session_and_a_later_write_begins_one_with_a_new_handle(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    alice.sign_in("alice", &[]).await;
    alice.put("/session/data/secret", json!("hers")).await;
    let before = alice.stolen_cookie();

    let reply = alice.post("/sign-out").await;
    assert_eq!(
        (reply.status, reply.set_cookie()),
        (204, Some(String::new()))
    );
    assert_eq!(alice.cookie(), None);
    assert_dead(&site, &client, &before).await;

    alice.sign_in("alice", &[]).await;
    let before = alice.stolen_cookie();
    assert_eq!(alice.post("/sign-out-and-write").await.status, 204);
    assert_ne!(alice.stolen_cookie()[..21], before[..21]);
    let session = alice.get("/session").await.json();
    assert_eq!(
        (&session["principal"], &session["data"]),
        (&Value::Null, &json!({ "key": "after" }))
    );
    assert_dead(&site, &client, &before).await;
}

async fn p3_of_many_sign_ins_at_once_one_token_stays_valid(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    for _ in 0..5 {
        let first = site.browser_with(&client);
        first.put("/session/data/k", json!(1)).await;
        let token = first.stolen_cookie();
        let rivals: Vec<_> = (0..8)
            .map(|_| {
                let rival = site.browser_with(&client);
                rival.set_cookie(Some(token.clone()));
                rival
            })
            .collect();
        let tasks = rivals.iter().map(|rival| {
            let rival = rival.clone();
            tokio::spawn(async move { rival.sign_in("alice", &[]).await.status })
        });
        let mut statuses = Vec::new();
        for task in tasks.collect::<Vec<_>>() {
            statuses.push(task.await.unwrap());
        }
        // A rival that came too late finds its token replaced, and signs in again.
        assert!(statuses.contains(&204));
        assert!(
            statuses.iter().all(|s| [204, 409].contains(s)),
            "{statuses:?}"
        );
        let mut accepted = 0;
        for rival in rivals
            .iter()
            .filter(|rival| rival.stolen_cookie()[..21] == token[..21])
        {
            accepted += usize::from(rival.get("/me").await.status == 200);
        }
        assert_eq!(accepted, 1, "exactly one token of this session is accepted");
    }
}

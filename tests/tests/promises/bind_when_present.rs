//! Sessions that begin without a certificate, by the policy `BindWhenPresent`: each promise for it.

use std::time::Duration;

use certsession_core::test_util::Fault;
use certsession_core::{BindWhenPresent, Key, Refusal, SessionEvent, StoreOperation};
use certsession_tests::{Browser, Client, Plan, Setup, Site, promises};
use certsession_tls::ClientAuth;
use futures_util::future::join_all;
use serde_json::{Value, json};

promises![
    p1_a_planted_token_is_not_adopted_without_a_certificate_either,
    p2_the_first_certificate_binds_a_session_for_good,
    p3_the_token_from_before_the_binding_is_dead_and_only_named_data_is_kept,
    p4_what_had_the_token_before_cannot_end_a_bound_session,
    p5_a_writer_from_before_the_binding_changes_nothing,
    p6_a_binding_that_the_store_refuses_loses_nothing,
    p8_a_certificate_that_is_not_good_never_counts_as_none,
    of_two_certificates_at_once_one_gets_the_session,
];

async fn start(plan: Plan) -> Site {
    plan.start_with(Setup {
        client_auth: ClientAuth::Optional,
        certificate: BindWhenPresent::new()
            .carry(&Key::<Value>::named("cart"))
            .into(),
        ..Setup::default()
    })
    .await
}

/// A client without a certificate, with a session of two values.
async fn anonymous(site: &Site) -> Browser {
    let browser = site.stranger();
    for key in ["cart", "note"] {
        let written = browser.put(&format!("/session/data/{key}"), json!(7)).await;
        assert_eq!(written.status, 204);
    }
    browser
}

/// A new browser with that cookie and this certificate, or none.
fn with(site: &Site, client: Option<&Client>, cookie: &str) -> Browser {
    let browser = match client {
        Some(client) => site.browser_with(client),
        None => site.stranger(),
    };
    browser.set_cookie(Some(cookie.to_owned()));
    browser
}

async fn data(browser: &Browser) -> Value {
    browser.get("/session").await.json()["data"].clone()
}

async fn p1_a_planted_token_is_not_adopted_without_a_certificate_either(plan: Plan) {
    let site = start(plan).await;
    let planted = "x".repeat(64);
    let browser = with(&site, None, &planted);
    assert_eq!(browser.get("/session").await.json(), Value::Null);
    let written = browser.put("/session/data/cart", json!(1)).await;
    assert_eq!(written.status, 204);
    assert_ne!(browser.stolen_cookie(), planted);
    let cookie = written.headers["set-cookie"].to_str().unwrap();
    assert!(cookie.ends_with("; Path=/; Secure; HttpOnly; SameSite=Lax"));
    assert_eq!(written.headers["cache-control"], "no-store");
}

async fn p2_the_first_certificate_binds_a_session_for_good(plan: Plan) {
    let site = start(plan).await;
    let anonymous = anonymous(&site).await;
    let session = anonymous.get("/session").await.json();
    assert_eq!(session["certificate"], Value::Null);
    assert_eq!(anonymous.sign_in("alice", &[]).await.status, 403);

    let client = site.certificates.client("alice");
    let alice = with(&site, Some(&client), &anonymous.stolen_cookie());
    let bound = alice.get("/session").await.json();
    assert_eq!(bound["handle"], session["handle"]);
    assert_eq!(bound["certificate"]["subject"], "CN=alice");
    assert_eq!(alice.sign_in("alice", &["cart"]).await.status, 204);
    let other = site.certificates.client("bob");
    for thief in [None, Some(&other)] {
        let thief = with(&site, thief, &alice.stolen_cookie());
        assert_eq!(thief.get("/session").await.status, 403);
        assert_eq!(thief.post("/sign-out").await.status, 403);
    }
    assert_eq!(alice.get("/me").await.status, 200);
    assert_eq!(data(&alice).await, json!({ "cart": 7 }));
}

async fn p3_the_token_from_before_the_binding_is_dead_and_only_named_data_is_kept(plan: Plan) {
    let site = start(plan).await;
    let anonymous = anonymous(&site).await;
    let [client, other] = ["alice", "bob"].map(|name| site.certificates.client(name));
    let before = anonymous.stolen_cookie();
    let alice = with(&site, Some(&client), &before);
    let reply = alice.get("/session").await;
    assert_eq!(reply.json()["data"], json!({ "cart": 7 }));
    assert_eq!(reply.headers["cache-control"], "no-store");
    assert_ne!(alice.stolen_cookie(), before);

    // No grace period; and who planted the token has nothing of the session that it became.
    assert_eq!(alice.sign_in("alice", &[]).await.status, 204);
    for holder in [None, Some(&other), Some(&client)] {
        let holder = with(&site, holder, &before);
        assert_eq!(holder.get("/session").await.json(), Value::Null);
        assert_eq!(holder.get("/me").await.status, 401);
    }
    assert_eq!(alice.get("/me").await.status, 200);
}

async fn p4_what_had_the_token_before_cannot_end_a_bound_session(plan: Plan) {
    let site = start(plan).await;
    let anonymous = anonymous(&site).await;
    let before = anonymous.stolen_cookie();
    let slow = {
        let anonymous = anonymous.clone();
        tokio::spawn(async move { anonymous.post("/held-end").await })
    };
    site.held.arrived().await;
    let client = site.certificates.client("alice");
    let alice = with(&site, Some(&client), &before);
    assert_eq!(data(&alice).await, json!({ "cart": 7 }));
    site.held.release();
    assert_eq!(slow.await.unwrap().status, 204);
    assert_eq!(data(&alice).await, json!({ "cart": 7 }));

    // Its own session it can end.
    let other = site.stranger();
    other.put("/session/data/cart", json!(1)).await;
    let token = other.stolen_cookie();
    assert_eq!(other.post("/inner/end").await.status, 418);
    let again = with(&site, None, &token);
    assert_eq!(again.get("/session").await.json(), Value::Null);
    site.clock.advance(Duration::from_secs(30 * 60));
    let idle = with(&site, None, &before);
    assert_eq!(idle.get("/session").await.json(), Value::Null);
}

async fn p5_a_writer_from_before_the_binding_changes_nothing(plan: Plan) {
    let site = start(plan).await;
    let anonymous = anonymous(&site).await;
    let slow = {
        let anonymous = anonymous.clone();
        tokio::spawn(async move { anonymous.get("/held/cart/planted").await })
    };
    site.held.arrived().await;
    let client = site.certificates.client("alice");
    let alice = with(&site, Some(&client), &anonymous.stolen_cookie());
    assert_eq!(data(&alice).await, json!({ "cart": 7 }));
    site.held.release();
    let reply = slow.await.unwrap();
    assert_eq!((reply.status, reply.set_cookie()), (409, None));
    assert_eq!(data(&alice).await, json!({ "cart": 7 }));
}

async fn p6_a_binding_that_the_store_refuses_loses_nothing(plan: Plan) {
    let site = start(plan).await;
    let anonymous = anonymous(&site).await;
    let client = site.certificates.client("alice");
    let alice = with(&site, Some(&client), &anonymous.stolen_cookie());
    site.faults.fail_next(StoreOperation::Commit, Fault::Before);
    let refused = alice.get("/session").await;
    assert_eq!((refused.status, refused.set_cookie()), (503, None));
    assert_eq!(data(&anonymous).await, json!({ "cart": 7, "note": 7 }));
    assert_eq!(data(&alice).await, json!({ "cart": 7 }));
}

async fn p8_a_certificate_that_is_not_good_never_counts_as_none(plan: Plan) {
    let site = start(plan).await;
    let anonymous = anonymous(&site).await;
    let client = site.certificates.client("alice");
    let alice = with(&site, Some(&client), &anonymous.stolen_cookie());
    assert_eq!(data(&alice).await, json!({ "cart": 7 }));
    // Expired on an open connection: neither its own session nor an anonymous one.
    site.clock
        .set(client.certificate().not_after() + Duration::from_secs(1));
    assert_eq!(alice.get("/session").await.status, 403);
    let cookieless = site.browser_with(&client);
    assert_eq!(
        cookieless.put("/session/data/cart", json!(1)).await.status,
        403
    );
    let fresh = site.stranger();
    assert_eq!(fresh.put("/session/data/cart", json!(1)).await.status, 204);
    let expired = with(&site, Some(&client), &fresh.stolen_cookie());
    assert_eq!(expired.get("/session").await.status, 403);
    assert_eq!(data(&fresh).await, json!({ "cart": 1 }));
}

async fn of_two_certificates_at_once_one_gets_the_session(plan: Plan) {
    let site = start(plan).await;
    let clients = ["alice", "bob"].map(|name| site.certificates.client(name));
    for round in 0..5 {
        let anonymous = anonymous(&site).await;
        let before = anonymous.stolen_cookie();
        let racers = clients.each_ref().map(|client| site.browser_with(client));
        // Connected already, so that the requests meet.
        join_all(racers.iter().map(|racer| racer.get("/public"))).await;
        for racer in &racers {
            racer.set_cookie(Some(before.clone()));
        }
        join_all(racers.iter().map(|racer| racer.get("/session"))).await;
        let winners: Vec<_> = racers
            .iter()
            .filter(|racer| racer.stolen_cookie() != before)
            .collect();
        assert_eq!(winners.len(), 1, "round {round}");
        assert_eq!(data(winners[0]).await, json!({ "cart": 7 }));
        for holder in [None, Some(&clients[0]), Some(&clients[1])] {
            let holder = with(&site, holder, &before);
            assert_eq!(holder.get("/session").await.json(), Value::Null);
        }
    }
    // Who lost was refused, or came when the token was dead already.
    for event in site.events.take() {
        if let SessionEvent::Refused { reason, .. } = event {
            let lost = [Refusal::OtherCertificate, Refusal::UnknownToken];
            assert!(lost.contains(&reason), "{reason:?}");
        }
    }
}

//! P2. Each request compares the session's certificate with the peer's.

use std::time::Duration;

use certs_dev::{LeafRequest, PrivateKey};
use certsession_actix::ClientAuth;
use certsession_core::{BindingPolicy, OnReplay, Refusal, SessionEvent};
use certsession_tests::{Plan, Setup, promises};
use serde_json::{Value, json};

promises![
    p2_a_stolen_cookie_under_another_certificate_is_refused,
    p2_a_stolen_cookie_without_a_certificate_is_refused,
    p2_no_session_begins_without_a_certificate,
    p2_a_thief_cannot_log_the_owner_out_even_by_replay,
    p2_the_same_subject_and_key_in_another_certificate_is_another_certificate,
    p2_public_key_binding_follows_a_renewal_that_keeps_the_key,
    p2_a_renewed_token_keeps_its_grace_under_the_same_certificate_only,
];

fn refused(reason: Refusal) -> impl Fn(&SessionEvent) -> bool {
    move |event| matches!(event, SessionEvent::Refused { reason: r, .. } if *r == reason)
}

async fn p2_a_stolen_cookie_under_another_certificate_is_refused(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    alice.put("/session/data/k", json!("swordfish-1")).await;

    let thief = site.browser("mallory");
    thief.set_cookie(Some(alice.stolen_cookie()));
    for path in [
        "/me",
        "/session",
        "/session/data/k",
        "/sessions",
        "/",
        "/public",
    ] {
        let reply = thief.get(path).await;
        assert_eq!(reply.status, 403, "{path}");
        assert!(!reply.body.contains("swordfish"), "{path}");
        assert_eq!(reply.set_cookie(), None, "{path}");
    }
    for path in ["/sign-out", "/rotate", "/sign-out-fail"] {
        assert_eq!(thief.post(path).await.status, 403, "{path}");
    }
    assert_eq!(thief.sign_in("mallory", &[]).await.status, 403);
    assert_eq!(
        thief.put("/session/data/k", json!("planted")).await.status,
        403
    );
    assert_eq!(thief.delete("/sessions").await.status, 403);
    assert_eq!(site.events.count(refused(Refusal::OtherCertificate)), 12);

    assert_eq!(alice.get("/me").await.status, 200, "the owner is unharmed");
    assert_eq!(
        alice.get("/session/data/k").await.json(),
        json!("swordfish-1")
    );
}

async fn p2_a_stolen_cookie_without_a_certificate_is_refused(plan: Plan) {
    let setup = Setup {
        client_auth: ClientAuth::Optional,
        ..Setup::default()
    };
    let site = plan.start_with(setup).await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;

    let thief = site.stranger();
    assert_eq!(
        thief.get("/session").await.json(),
        Value::Null,
        "without a cookie the request is anonymous"
    );
    thief.set_cookie(Some(alice.stolen_cookie()));
    for path in ["/me", "/session", "/public"] {
        assert_eq!(thief.get(path).await.status, 403, "{path}");
    }
    assert_eq!(thief.post("/sign-out").await.status, 403);
    assert_eq!(site.events.count(refused(Refusal::CertificateMissing)), 4);
    assert_eq!(alice.get("/me").await.status, 200);
}

async fn p2_no_session_begins_without_a_certificate(plan: Plan) {
    let setup = Setup {
        client_auth: ClientAuth::Optional,
        ..Setup::default()
    };
    let site = plan.start_with(setup).await;
    let stranger = site.stranger();
    assert_eq!(stranger.get("/public").await.status, 204);
    for reply in [
        stranger.put("/session/data/k", json!(1)).await,
        stranger.sign_in("alice", &[]).await,
    ] {
        assert_eq!((reply.status, reply.set_cookie()), (403, None));
    }
}

async fn p2_a_thief_cannot_log_the_owner_out_even_by_replay(plan: Plan) {
    let setup = Setup {
        on_replay: OnReplay::EndSession,
        ..Setup::default()
    };
    let site = plan.start_with(setup).await;
    let alice = site.browser("alice");
    alice.put("/session/data/k", json!(1)).await;
    let old = alice.stolen_cookie();
    alice.sign_in("alice", &[]).await;

    let thief = site.browser("mallory");
    thief.set_cookie(Some(old.clone()));
    assert_eq!(
        thief.get("/me").await.status,
        401,
        "a dead token has no effect under another certificate"
    );
    assert_eq!(alice.get("/me").await.status, 200);

    let replay = site.browser("mallory");
    replay.set_cookie(Some(old));
    assert_eq!(replay.get("/session").await.json(), Value::Null);
    assert_eq!(
        site.events
            .count(|e| matches!(e, SessionEvent::Replayed { .. })),
        0
    );
}

async fn p2_the_same_subject_and_key_in_another_certificate_is_another_certificate(plan: Plan) {
    let site = plan.start().await;
    let identity = site
        .certificates
        .authority()
        .issue(&LeafRequest::client("alice"))
        .unwrap();
    let alice = site.browser_with(&certsession_tests::Client::of(&identity));
    alice.sign_in("alice", &[]).await;

    let renewed = site
        .certificates
        .issue(&LeafRequest::client("alice").same_key_as(&identity));
    let other_key = site.certificates.client("alice");
    for certificate in [renewed, other_key] {
        let thief = site.browser_with(&certificate);
        thief.set_cookie(Some(alice.stolen_cookie()));
        assert_eq!(thief.get("/me").await.status, 403);
    }
    assert_eq!(alice.get("/me").await.status, 200);
}

async fn p2_public_key_binding_follows_a_renewal_that_keeps_the_key(plan: Plan) {
    let setup = Setup {
        binding: BindingPolicy::PublicKey,
        ..Setup::default()
    };
    let site = plan.start_with(setup).await;
    let key = PrivateKey::generate().unwrap();
    let now = certsession_core::Clock::now(&site.clock).as_millis() as i64 / 1000;
    let request = |age: i64| {
        LeafRequest::client("alice")
            .key(key.clone())
            .not_before(now - age)
    };
    let (first, second) = (
        site.certificates.issue(&request(7200)),
        site.certificates.issue(&request(60)),
    );

    let before = site.browser_with(&first);
    before.sign_in("alice", &[]).await;
    let old_token = before.stolen_cookie();
    let after = site.browser_with(&second);
    after.set_cookie(Some(old_token.clone()));
    let reply = after.get("/me").await;
    assert_eq!(reply.status, 200);
    assert!(reply.set_cookie().is_some(), "a rebind issues a new token");
    let from = *first.certificate().fingerprint();
    let to = *second.certificate().fingerprint();
    assert_eq!(
        site.events.count(|e| matches!(
        e, SessionEvent::Rebound { from: f, to: t, .. } if (*f, *t) == (from, to))),
        1
    );

    before.set_cookie(after.cookie());
    assert_eq!(
        before.get("/me").await.status,
        403,
        "the older certificate is refused from now on"
    );
    assert_eq!(after.get("/me").await.status, 200);
    assert!(after.get("/session").await.body.contains(&to.to_string()));

    let other_key = site.browser_with(&site.certificates.client("alice"));
    other_key.set_cookie(after.cookie());
    assert_eq!(other_key.get("/me").await.status, 403);
}

async fn p2_a_renewed_token_keeps_its_grace_under_the_same_certificate_only(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    let old = alice.stolen_cookie();
    site.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(alice.get("/me").await.status, 200);
    assert_ne!(alice.stolen_cookie(), old, "the token was renewed");

    let thief = site.browser("mallory");
    thief.set_cookie(Some(old.clone()));
    assert_eq!(thief.get("/me").await.status, 403);
    alice.set_cookie(Some(old.clone()));
    let reply = alice.get("/me").await;
    assert_eq!(
        (reply.status, reply.set_cookie()),
        (200, None),
        "within its grace period"
    );
    site.clock.advance(Duration::from_secs(31));
    assert_eq!(alice.get("/me").await.status, 401, "after its grace period");
}

//! P6. A store that is down is a 503; no failure is reported as success.

use certsession_core::test_util::Fault;
use certsession_core::{SessionEvent, StoreErrorKind, StoreOperation};
use certsession_tests::{Plan, Reply, Setup, promises, promises_of_bounded_stores};
use serde_json::{Value, json};

promises![
    p6_a_store_that_is_down_is_503_and_no_handler_runs,
    p6_a_commit_that_fails_is_never_reported_as_success,
    p6_a_session_that_cannot_be_kept_is_not_handed_out,
    p6_an_end_that_fails_is_not_reported_as_success_and_can_be_repeated,
    p6_revoking_listing_and_signing_in_report_a_store_that_is_down,
    p6_upkeep_may_fail_without_harm,
    p6_ending_works_although_the_handler_or_an_inner_middleware_fails,
    p6_writes_of_a_failing_handler_are_kept,
    p6_a_panic_writes_nothing_and_an_end_before_it_holds,
    p6_a_client_that_hangs_up_leaves_the_session_whole,
    p6_a_handler_that_commits_by_itself_learns_of_the_failure,
    p6_a_change_after_the_response_head_is_an_error_and_is_not_lost_silently,
    p6_a_session_that_would_hold_too_much_is_refused_whole,
];

promises_of_bounded_stores![p6_a_full_store_refuses_new_sessions_and_keeps_the_old_ones];

fn assert_unavailable(reply: &Reply) {
    assert_eq!(reply.status, 503);
    assert_eq!(reply.headers["retry-after"], "1");
    assert_eq!(reply.body, "Service Unavailable\n");
    assert_eq!(reply.set_cookie(), None);
}

fn failed(operation: StoreOperation) -> impl Fn(&SessionEvent) -> bool {
    move |event| matches!(event, SessionEvent::StoreFailed { operation: o, .. } if *o == operation)
}

async fn p6_a_store_that_is_down_is_503_and_no_handler_runs(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    alice.put("/session/data/k", json!(1)).await;

    site.faults.fail_all(StoreOperation::Load);
    for path in ["/session", "/me", "/public", "/panic/k/v"] {
        assert_unavailable(&alice.get(path).await);
    }
    assert_unavailable(&alice.post("/sign-out").await);
    assert_unavailable(&alice.sign_in("bob", &[]).await);
    assert_eq!(site.events.count(failed(StoreOperation::Load)), 6);
    assert_eq!(
        site.browser("bob").get("/public").await.status,
        204,
        "without a cookie the store is not used"
    );

    site.faults.heal();
    assert_eq!(alice.get("/session/data/k").await.body, "1");
    assert_eq!(alice.get("/me").await.json()["principal"], "alice");
}

async fn p6_a_commit_that_fails_is_never_reported_as_success(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.put("/session/data/k", json!(1)).await;
    site.faults.fail_next(StoreOperation::Commit, Fault::Before);
    assert_unavailable(&alice.put("/session/data/k", json!(2)).await);
    assert_eq!(
        alice.get("/session/data/k").await.body,
        "1",
        "nothing is lost"
    );

    let token = alice.stolen_cookie();
    site.faults.fail_next(StoreOperation::Commit, Fault::Before);
    assert_unavailable(&alice.sign_in("alice", &[]).await);
    assert_eq!(alice.stolen_cookie(), token);
    assert_eq!(
        alice.get("/me").await.status,
        401,
        "no principal is signed in"
    );
    assert_eq!(alice.sign_in("alice", &[]).await.status, 204);

    // The result is lost, but the commit was executed: the client gets an error, not a success.
    site.faults.fail_next(StoreOperation::Commit, Fault::After);
    assert_unavailable(&alice.put("/session/data/k", json!(3)).await);
    assert_eq!(alice.get("/session/data/k").await.body, "3");
}

async fn p6_a_session_that_cannot_be_kept_is_not_handed_out(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    for fault in [Fault::Before, Fault::After] {
        site.faults.fail_next(StoreOperation::Create, fault);
        assert_unavailable(&alice.put("/session/data/k", json!(1)).await);
        site.faults.fail_next(StoreOperation::Create, fault);
        assert_unavailable(&alice.sign_in("alice", &[]).await);
        assert_eq!(alice.cookie(), None);
    }
}

async fn p6_an_end_that_fails_is_not_reported_as_success_and_can_be_repeated(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    for path in ["/sign-out", "/sign-out-fail"] {
        site.faults.fail_all(StoreOperation::Remove);
        assert_unavailable(&alice.post(path).await);
        site.faults.heal();
        assert_eq!(alice.get("/me").await.status, 200, "{path}");
    }
    assert_eq!(alice.post("/sign-out").await.status, 204);
    assert_eq!(alice.get("/me").await.status, 401);
}

async fn p6_revoking_listing_and_signing_in_report_a_store_that_is_down(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    site.faults.fail_all(StoreOperation::Revoke);
    site.faults.fail_all(StoreOperation::Sessions);
    assert_unavailable(&alice.delete("/sessions").await);
    assert_unavailable(&alice.get("/sessions").await);
    site.faults.heal();
    assert_eq!(alice.get("/me").await.status, 200);
}

async fn p6_upkeep_may_fail_without_harm(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    site.clock.advance(std::time::Duration::from_secs(16 * 60));
    site.faults.fail_next(StoreOperation::Commit, Fault::Before);
    let reply = alice.get("/me").await;
    assert_eq!((reply.status, reply.set_cookie()), (200, None));
    assert_eq!(site.events.count(failed(StoreOperation::Commit)), 1);
    let reply = alice.get("/me").await;
    assert!(
        reply.status == 200 && reply.set_cookie().is_some(),
        "tried again"
    );
}

async fn p6_ending_works_although_the_handler_or_an_inner_middleware_fails(plan: Plan) {
    let site = plan.start().await;
    for (path, status) in [("/sign-out-fail", 500), ("/inner/end", 418)] {
        let alice = site.browser("alice");
        alice.sign_in("alice", &[]).await;
        let token = alice.stolen_cookie();
        let reply = alice.post(path).await;
        assert_eq!(
            (reply.status, reply.set_cookie()),
            (status, Some(String::new())),
            "{path}"
        );
        alice.set_cookie(Some(token));
        assert_eq!(alice.get("/me").await.status, 401, "{path}");
    }
}

async fn p6_writes_of_a_failing_handler_are_kept(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    let reply = alice.get("/fail/first/v").await;
    assert!(
        reply.status == 418 && reply.set_cookie().is_some(),
        "{}",
        reply.status
    );
    let reply = alice.get("/inner/write/second/v").await;
    assert_eq!(reply.status, 418);
    let data = alice.get("/session").await.json()["data"].clone();
    assert_eq!(data, json!({ "first": "v", "second": "v" }));

    // The first session of a request that fails in an inner middleware: the error response sets the
    // cookie.
    let bob = site.browser("bob");
    let reply = bob.get("/inner/write/k/v").await;
    assert!(reply.status == 418 && reply.set_cookie().is_some());
    assert_eq!(bob.get("/session/data/k").await.json(), json!("v"));
}

async fn p6_a_panic_writes_nothing_and_an_end_before_it_holds(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    alice.sign_in("alice", &[]).await;
    let token = alice.stolen_cookie();
    let panicking = site.browser_with(&client);
    panicking.set_cookie(Some(token.clone()));
    let request = panicking.request(reqwest::Method::GET, "/panic/k/swordfish-2");
    assert!(panicking.try_send(request).await.is_err());
    assert_eq!(alice.get("/session").await.json()["data"], json!({}));

    let request = panicking.request(reqwest::Method::POST, "/end-and-panic");
    assert!(panicking.try_send(request).await.is_err());
    for _ in 0..200 {
        if site
            .events
            .count(|e| matches!(e, SessionEvent::Ended { .. }))
            > 0
        {
            break;
        }
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    assert_eq!(alice.get("/me").await.status, 401);
}

async fn p6_a_client_that_hangs_up_leaves_the_session_whole(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    alice.sign_in("alice", &[]).await;
    alice.put("/session/data/k", json!(1)).await;
    let leaver = site.browser_with(&client);
    leaver.set_cookie(alice.cookie());
    let request = tokio::spawn(async move { leaver.get("/held/other/v").await });
    site.held.arrived().await;
    request.abort();
    let _ = request.await;
    site.held.release();
    let session = alice.get("/session").await.json();
    assert_eq!(session["principal"], "alice");
    assert_eq!(session["data"]["k"], json!(1));
    assert_eq!(alice.put("/session/data/k", json!(2)).await.status, 204);
}

async fn p6_a_handler_that_commits_by_itself_learns_of_the_failure(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    assert_eq!(alice.get("/commit/a/v").await.status, 204);
    assert!(alice.cookie().is_some());
    site.faults.fail_next(StoreOperation::Commit, Fault::Before);
    assert_eq!(
        alice.get("/commit/b/v").await.status,
        202,
        "the retry succeeded"
    );
    assert_eq!(alice.get("/session/data/b").await.json(), json!("v"));
    site.faults.fail_all(StoreOperation::Commit);
    assert_unavailable(&alice.get("/commit/c/v").await);
    site.faults.heal();
    assert_eq!(alice.get("/session/data/c").await.status, 404);
}

async fn p6_a_change_after_the_response_head_is_an_error_and_is_not_lost_silently(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.put("/session/data/k", json!(1)).await;
    let reply = alice.get("/stream/plain/late").await;
    assert_eq!((reply.status, reply.body.as_str()), (200, "false true"));
    let data = alice.get("/session").await.json()["data"].clone();
    assert_eq!(data, json!({ "k": 1, "late": "late" }));

    let stranger = site.browser("bob");
    let reply = stranger.get("/stream/plain/late").await;
    assert_eq!(
        reply.body, "false false",
        "no cookie can be sent for a new session"
    );
    assert_eq!(stranger.get("/session").await.json(), Value::Null);

    site.faults.fail_next(StoreOperation::Commit, Fault::Before);
    assert_eq!(alice.get("/stream/plain/late").await.body, "false false");
}

async fn p6_a_full_store_refuses_new_sessions_and_keeps_the_old_ones(plan: Plan) {
    let site = plan
        .start_with(Setup {
            capacity: Some(2),
            ..Setup::default()
        })
        .await;
    let (alice, bob, carol) = (
        site.browser("alice"),
        site.browser("bob"),
        site.browser("carol"),
    );
    alice.sign_in("alice", &[]).await;
    bob.sign_in("bob", &[]).await;
    assert_unavailable(&carol.sign_in("carol", &[]).await);
    assert_eq!(
        site.events.count(|e| matches!(
            e,
            SessionEvent::StoreFailed {
                kind: StoreErrorKind::Full,
                ..
            }
        )),
        1
    );
    assert_eq!(alice.put("/session/data/k", json!(1)).await.status, 204);
    assert_eq!(bob.get("/me").await.status, 200);
    bob.post("/sign-out").await;
    assert_eq!(carol.sign_in("carol", &[]).await.status, 204);

    // Expired sessions make room automatically.
    site.clock.advance(std::time::Duration::from_secs(30 * 60));
    assert_eq!(bob.sign_in("bob", &[]).await.status, 204);
}

async fn p6_a_session_that_would_hold_too_much_is_refused_whole(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.put("/session/data/k", json!(1)).await;
    let reply = alice
        .put("/session/data/big", json!("x".repeat(64 << 10)))
        .await;
    assert_eq!((reply.status, reply.set_cookie()), (413, None));
    assert_eq!(
        alice
            .put("/session/data/big", json!("x".repeat(32 << 10)))
            .await
            .status,
        204
    );
    assert_eq!(alice.get("/session/data/k").await.body, "1");
}

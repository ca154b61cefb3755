//! P4 and P6 without waiting: clients that hang up, handlers that cancel their commit.

use std::time::Duration;

use certsession_core::{SessionEvent, StoreOperation};
use certsession_tests::{Plan, Site, promises};
use reqwest::Method;
use serde_json::json;

promises![
    p4_an_end_is_executed_although_the_client_hangs_up_during_the_store_operation,
    p4_ending_every_session_is_executed_although_the_client_hangs_up,
    p4_a_sign_out_that_comes_too_late_gets_an_error,
    p6_a_commit_that_the_handler_cancels_is_not_a_success_and_begins_nothing,
    p6_an_end_that_the_handler_cancels_is_not_a_success,
    p6_a_change_beside_a_commit_is_an_error,
];

/// Whether this many sessions have ended, within a time limit.
async fn wait_for_ends(site: &Site, ends: usize) -> bool {
    let is_end = |event: &SessionEvent| {
        matches!(
            event,
            SessionEvent::Ended { .. } | SessionEvent::Revoked { .. }
        )
    };
    for _ in 0..300 {
        if site.events.count(is_end) >= ends {
            return true;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    false
}

async fn p4_an_end_is_executed_although_the_client_hangs_up_during_the_store_operation(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    for (method, path) in [
        (Method::POST, "/sign-out"),
        (Method::POST, "/end-and-commit"),
        (Method::GET, "/stream-and-end"),
    ] {
        site.events.take();
        let alice = site.browser_with(&client);
        alice.sign_in("alice", &[]).await;
        let gate = site.faults.hold_next(StoreOperation::Remove);
        let request = alice.send_to_hang_up(method, path);
        gate.arrived().await;
        drop(request);
        // Time for the server to notice it and to drop the request.
        tokio::time::sleep(Duration::from_millis(50)).await;
        gate.release();
        assert!(wait_for_ends(&site, 1).await, "{path}");
        assert_eq!(alice.get("/me").await.status, 401, "{path}");
    }
}

async fn p4_ending_every_session_is_executed_although_the_client_hangs_up(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    let (here, there) = (site.browser_with(&client), site.browser_with(&client));
    here.sign_in("alice", &[]).await;
    there.sign_in("alice", &[]).await;
    let gate = site.faults.hold_next(StoreOperation::Revoke);
    let request = here.send_to_hang_up(Method::DELETE, "/sessions");
    gate.arrived().await;
    drop(request);
    tokio::time::sleep(Duration::from_millis(50)).await;
    gate.release();
    assert!(wait_for_ends(&site, 2).await);
    assert_eq!(here.get("/me").await.status, 401);
    assert_eq!(there.get("/me").await.status, 401);
}

async fn p4_a_sign_out_that_comes_too_late_gets_an_error(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    alice.sign_in("alice", &[]).await;
    let late = site.browser_with(&client);
    late.set_cookie(alice.cookie());
    alice.post("/rotate").await;
    for path in ["/sign-out", "/rotate"] {
        let reply = late.post(path).await;
        assert_eq!((reply.status, reply.set_cookie()), (409, None), "{path}");
    }
    assert_eq!(late.delete("/session/data/k").await.status, 409);
    assert_eq!(alice.get("/me").await.status, 200);
}

async fn p6_a_commit_that_the_handler_cancels_is_not_a_success_and_begins_nothing(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    let gate = site.faults.hold_next(StoreOperation::Commit);
    let reply = alice.post("/give-up-commit/k/v").await;
    assert_eq!((reply.status, reply.set_cookie()), (503, None));
    assert_eq!(
        alice.get("/me").await.status,
        200,
        "it is still her session"
    );
    gate.release();
    for _ in 0..300 {
        if alice.get("/session/data/k").await.status == 200 {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    let data = alice.get("/session").await.json()["data"].clone();
    assert_eq!(
        data,
        json!({ "k": "v" }),
        "the commit in flight was executed"
    );
}

async fn p6_an_end_that_the_handler_cancels_is_not_a_success(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    let gate = site.faults.hold_next(StoreOperation::Remove);
    assert_eq!(alice.post("/give-up-end").await.status, 503);
    gate.release();
    assert!(wait_for_ends(&site, 1).await);
    assert_eq!(alice.get("/me").await.status, 401);
}

async fn p6_a_change_beside_a_commit_is_an_error(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    let gate = site.faults.hold_next(StoreOperation::Commit);
    let request = {
        let alice = alice.clone();
        tokio::spawn(async move { alice.post("/sign-out-while-committing").await.status })
    };
    gate.arrived().await;
    // Time for the handler to reach its sign-out.
    tokio::time::sleep(Duration::from_millis(50)).await;
    gate.release();
    assert_eq!(request.await.unwrap(), 503);
    assert_eq!(alice.get("/me").await.status, 200);
}

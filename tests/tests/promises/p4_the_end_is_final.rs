//! P4. A session that was ended, expired or revoked never comes back.

use std::time::Duration;

use certsession_core::{EndReason, SessionEvent};
use certsession_tests::{Browser, Plan, promises};
use serde_json::{Value, json};

promises![
    p4_a_writer_slower_than_the_sign_out_neither_revives_the_session_nor_gets_a_token,
    p4_a_slow_sign_in_does_not_revive_an_ended_session,
    p4_sign_outs_racing_writers_leave_nothing,
    p4_a_session_that_was_ended_from_outside_is_over_at_once,
    p4_a_principal_cannot_end_the_session_of_another,
    p4_revoke_all_racing_sign_ins_leaves_none_of_the_earlier_sessions,
    p4_an_idle_session_ends_and_an_active_one_continues,
    p4_a_session_ends_at_its_absolute_deadline_however_active_it_is,
    p4_an_end_is_executed_if_the_client_hangs_up,
    p4_a_body_that_is_streamed_can_end_the_session,
    p4_nothing_is_written_after_the_end_in_the_same_request,
];

async fn assert_ended(browser: &Browser, token: &str) {
    browser.set_cookie(Some(token.to_owned()));
    assert_eq!(browser.get("/session").await.json(), Value::Null);
    assert_eq!(browser.get("/me").await.status, 401);
}

async fn p4_a_writer_slower_than_the_sign_out_neither_revives_the_session_nor_gets_a_token(
    plan: Plan,
) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    for end in ["/sign-out", "/sign-out-fail", "/inner/end"] {
        let alice = site.browser_with(&client);
        alice.sign_in("alice", &[]).await;
        let token = alice.stolen_cookie();
        let writer = site.browser_with(&client);
        writer.set_cookie(Some(token.clone()));
        let slow = {
            let writer = writer.clone();
            tokio::spawn(async move { writer.get("/held/k/late").await })
        };
        site.held.arrived().await;
        alice.post(end).await;
        site.held.release();

        let reply = slow.await.unwrap();
        assert_eq!((reply.status, reply.set_cookie()), (409, None), "{end}");
        assert_ended(&alice, &token).await;
    }
}

async fn p4_a_slow_sign_in_does_not_revive_an_ended_session(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    alice.put("/session/data/k", json!(1)).await;
    let token = alice.stolen_cookie();
    let slow = {
        let writer = site.browser_with(&client);
        writer.set_cookie(Some(token.clone()));
        tokio::spawn(async move { writer.post("/held-sign-in/alice").await })
    };
    site.held.arrived().await;
    alice.post("/sign-out").await;
    site.held.release();
    let reply = slow.await.unwrap();
    assert_eq!((reply.status, reply.set_cookie()), (409, None));
    assert_ended(&alice, &token).await;
}

async fn p4_sign_outs_racing_writers_leave_nothing(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    for _ in 0..20 {
        let alice = site.browser_with(&client);
        alice.sign_in("alice", &[]).await;
        let token = alice.stolen_cookie();
        let writers: Vec<_> = (0..6)
            .map(|n| {
                let writer = site.browser_with(&client);
                writer.set_cookie(Some(token.clone()));
                tokio::spawn(async move {
                    let reply = writer
                        .get(&format!("/slow?ms={}&key=k{n}&value=v", n / 2))
                        .await;
                    (reply.status, reply.set_cookie())
                })
            })
            .collect();
        assert_eq!(alice.post("/sign-out").await.status, 204);
        for writer in writers {
            let (status, cookie) = writer.await.unwrap();
            // A writer that came after the end begins a new session, with another handle.
            let is_new = cookie.as_ref().is_some_and(|c| c[..21] != token[..21]);
            assert!(is_new || cookie.is_none(), "{status}");
            assert!(is_new || status == 204 || status == 409, "{status}");
        }
        assert_ended(&alice, &token).await;
    }
}

async fn p4_a_session_that_was_ended_from_outside_is_over_at_once(plan: Plan) {
    let site = plan.start().await;
    let laptop = site.browser("alice's laptop");
    let phone = site.browser("alice's phone");
    laptop.sign_in("alice", &[]).await;
    phone.sign_in("alice", &[]).await;
    let listed = laptop.get("/sessions").await.json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    let handle = phone.get("/session").await.json()["handle"]
        .as_str()
        .unwrap()
        .to_owned();

    let slow = {
        let phone = phone.clone();
        tokio::spawn(async move { phone.get("/held/k/late").await })
    };
    site.held.arrived().await;
    assert_eq!(
        laptop.delete(&format!("/sessions/{handle}")).await.status,
        204
    );
    assert_eq!(
        laptop.delete(&format!("/sessions/{handle}")).await.status,
        404
    );
    site.held.release();
    assert_eq!(slow.await.unwrap().status, 409);
    assert_ended(&phone, &phone.stolen_cookie()).await;
    assert_eq!(
        laptop
            .get("/sessions")
            .await
            .json()
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

async fn p4_a_principal_cannot_end_the_session_of_another(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    let bob = site.browser("bob");
    alice.sign_in("alice", &[]).await;
    bob.sign_in("bob", &[]).await;
    let handle = alice.get("/session").await.json()["handle"]
        .as_str()
        .unwrap()
        .to_owned();
    assert_eq!(bob.delete(&format!("/sessions/{handle}")).await.status, 404);
    assert_eq!(bob.delete("/sessions/not-a-handle").await.status, 404);
    assert_eq!(alice.get("/me").await.status, 200);
    assert_eq!(
        bob.get("/sessions").await.json().as_array().unwrap().len(),
        1
    );
}

async fn p4_revoke_all_racing_sign_ins_leaves_none_of_the_earlier_sessions(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    for _ in 0..5 {
        let mut earlier = Vec::new();
        for _ in 0..6 {
            let browser = site.browser_with(&client);
            browser.sign_in("alice", &[]).await;
            earlier.push(browser);
        }
        let racing: Vec<_> = (0..10)
            .map(|n| {
                let browser = site.browser_with(&client);
                let writer = earlier[n % 6].clone();
                tokio::spawn(async move {
                    let (signed_in, _) = tokio::join!(
                        browser.sign_in("alice", &[]),
                        writer.get("/slow?ms=1&key=k&value=v")
                    );
                    assert_eq!(signed_in.status, 204);
                    browser
                })
            })
            .collect();
        let admin = earlier[0].clone();
        let reply = admin.delete("/sessions").await;
        assert_eq!(
            (reply.status, reply.set_cookie()),
            (204, Some(String::new()))
        );
        let mut later = Vec::new();
        for task in racing {
            later.push(task.await.unwrap());
        }
        for browser in earlier.iter().skip(1) {
            assert_eq!(browser.get("/me").await.status, 401);
        }
        // A session that is active afterwards is in the index, so the next call ends it too.
        let mut active = 0;
        for browser in &later {
            active += usize::from(browser.get("/me").await.status == 200);
        }
        let last = site.browser_with(&client);
        last.sign_in("alice", &[]).await;
        assert_eq!(
            last.get("/sessions").await.json().as_array().unwrap().len(),
            active + 1
        );
        last.delete("/sessions").await;
        for browser in &later {
            assert_eq!(browser.get("/me").await.status, 401);
        }
    }
}

async fn p4_an_idle_session_ends_and_an_active_one_continues(plan: Plan) {
    let site = plan.start().await;
    let (idle, active) = (site.browser("idle"), site.browser("active"));
    idle.sign_in("idle", &[]).await;
    active.sign_in("active", &[]).await;
    for _ in 0..6 {
        site.clock.advance(Duration::from_secs(10 * 60));
        assert_eq!(active.get("/me").await.status, 200);
    }
    assert_eq!(idle.get("/me").await.status, 401);
}

async fn p4_a_session_ends_at_its_absolute_deadline_however_active_it_is(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    for _ in 0..(12 * 4 - 1) {
        site.clock.advance(Duration::from_secs(15 * 60));
        assert_eq!(alice.get("/me").await.status, 200);
    }
    site.clock.advance(Duration::from_secs(15 * 60));
    assert_eq!(alice.get("/me").await.status, 401);
}

async fn p4_an_end_is_executed_if_the_client_hangs_up(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    alice.sign_in("alice", &[]).await;
    let token = alice.stolen_cookie();
    let leaver = site.browser_with(&client);
    leaver.set_cookie(Some(token.clone()));
    let request = tokio::spawn(async move { leaver.post("/held-end").await });
    site.held.arrived().await;
    request.abort();
    let _ = request.await;
    // Whether the server drops the handler or lets it finish, the session has ended.
    site.held.release();
    for _ in 0..200 {
        if site
            .events
            .count(|e| matches!(e, SessionEvent::Ended { .. }))
            > 0
        {
            break;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_ended(&alice, &token).await;
}

async fn p4_a_body_that_is_streamed_can_end_the_session(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    let token = alice.stolen_cookie();
    assert_eq!(alice.get("/stream-and-end").await.body, "true");
    assert_ended(&alice, &token).await;
}

async fn p4_nothing_is_written_after_the_end_in_the_same_request(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    let token = alice.stolen_cookie();
    let reply = alice.post("/end-and-write").await;
    assert_eq!(
        (reply.status, reply.set_cookie()),
        (409, Some(String::new()))
    );
    assert_ended(&alice, &token).await;
    assert_eq!(
        site.events.count(|e| matches!(
            e,
            SessionEvent::Ended {
                reason: EndReason::Requested,
                ..
            }
        )),
        1
    );
}

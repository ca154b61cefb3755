//! P5. Concurrent requests that write different keys all succeed; one from before a sign-in cannot
//! write into the signed-in session.

use std::time::Duration;

use certsession_core::Lifetimes;
use certsession_tests::{Plan, Setup, promises};
use serde_json::{Value, json};

promises![
    p5_requests_that_write_different_keys_all_win,
    p5_a_slow_writer_undoes_neither_a_write_nor_a_removal_beside_it,
    p5_a_writer_from_before_the_sign_in_cannot_write_into_the_signed_in_session,
    p5_a_sign_in_carries_what_was_written_while_it_ran,
    p5_requests_in_parallel_survive_the_renewal_of_the_token,
    p5_a_write_that_outlives_the_grace_of_its_token_is_not_lost,
    p5_a_replaced_token_can_write_nothing_and_overwrites_no_newer_cookie,
];

async fn p5_requests_that_write_different_keys_all_win(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.put("/session/data/base", json!(0)).await;
    for round in 0..5 {
        let writers: Vec<_> = (0..16)
            .map(|n| {
                let alice = alice.clone();
                tokio::spawn(async move {
                    alice
                        .get(&format!("/slow?ms=5&key=r{round}n{n}&value=v{n}"))
                        .await
                        .status
                })
            })
            .collect();
        for writer in writers {
            assert_eq!(writer.await.unwrap(), 204);
        }
    }
    let data = alice.get("/session").await.json()["data"].clone();
    let data = data.as_object().unwrap();
    assert_eq!(data.len(), 5 * 16 + 1);
    for (key, value) in data.iter().filter(|(key, _)| *key != "base") {
        let n = key.split_once('n').unwrap().1;
        assert_eq!(value, &json!(format!("v{n}")));
    }
}

async fn p5_a_slow_writer_undoes_neither_a_write_nor_a_removal_beside_it(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.put("/session/data/removed", json!(1)).await;
    alice.put("/session/data/changed", json!(1)).await;
    let slow = {
        let alice = alice.clone();
        tokio::spawn(async move { alice.get("/held/slow/v").await.status })
    };
    site.held.arrived().await;
    alice.delete("/session/data/removed").await;
    alice.put("/session/data/changed", json!(2)).await;
    site.held.release();
    assert_eq!(slow.await.unwrap(), 204);
    let data = alice.get("/session").await.json()["data"].clone();
    assert_eq!(data, json!({ "changed": 2, "slow": "v" }));
}

async fn p5_a_writer_from_before_the_sign_in_cannot_write_into_the_signed_in_session(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.put("/session/data/cart", json!([1])).await;
    let slow = {
        let alice = alice.clone();
        tokio::spawn(async move { alice.get("/held/planted/v").await })
    };
    site.held.arrived().await;
    assert_eq!(alice.sign_in("alice", &["cart"]).await.status, 204);
    let token = alice.stolen_cookie();
    site.held.release();
    let reply = slow.await.unwrap();
    assert_eq!((reply.status, reply.set_cookie()), (409, None));
    assert_eq!(alice.stolen_cookie(), token);
    let session = alice.get("/session").await.json();
    assert_eq!(session["data"], json!({ "cart": [1] }));
    assert_eq!(session["principal"], "alice");
}

async fn p5_a_sign_in_carries_what_was_written_while_it_ran(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.put("/session/data/k", json!(1)).await;
    let slow = {
        let alice = alice.clone();
        tokio::spawn(async move { alice.post("/held-sign-in/alice").await })
    };
    site.held.arrived().await;
    alice.put("/session/data/k", json!(2)).await;
    site.held.release();
    assert_eq!(slow.await.unwrap().status, 204);
    assert_eq!(
        alice.get("/session").await.json()["data"],
        json!({}),
        "`carry` named no key"
    );
    assert_eq!(alice.get("/me").await.status, 200);
}

async fn p5_requests_in_parallel_survive_the_renewal_of_the_token(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    for round in 0..5 {
        site.clock.advance(Duration::from_secs(16 * 60));
        let before = alice.stolen_cookie();
        let writers: Vec<_> = (0..12)
            .map(|n| {
                let alice = alice.clone();
                tokio::spawn(async move {
                    let reply = alice
                        .get(&format!("/slow?ms=3&key=r{round}n{n}&value=v"))
                        .await;
                    (reply.status, reply.set_cookie())
                })
            })
            .collect();
        let mut renewals = 0;
        for writer in writers {
            let (status, cookie) = writer.await.unwrap();
            assert_eq!(status, 204);
            renewals += usize::from(cookie.is_some());
        }
        assert_eq!(renewals, 1, "exactly one response has the new token");
        assert_ne!(alice.stolen_cookie(), before);
    }
    let session = alice.get("/session").await.json();
    assert_eq!(session["data"].as_object().unwrap().len(), 5 * 12);
    assert_eq!(session["principal"], "alice");
}

async fn p5_a_write_that_outlives_the_grace_of_its_token_is_not_lost(plan: Plan) {
    let lifetimes = Lifetimes::default().with_grace(Duration::ZERO);
    let site = plan
        .start_with(Setup {
            lifetimes,
            ..Setup::default()
        })
        .await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    let slow = {
        let alice = alice.clone();
        tokio::spawn(async move { alice.get("/held/slow/v").await.status })
    };
    site.held.arrived().await;
    site.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(alice.get("/me").await.status, 200, "renews the token");
    site.held.release();
    assert_eq!(slow.await.unwrap(), 204);
    assert_eq!(alice.get("/session/data/slow").await.json(), json!("v"));
}

async fn p5_a_replaced_token_can_write_nothing_and_overwrites_no_newer_cookie(plan: Plan) {
    let site = plan.start().await;
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    alice.put("/session/data/k", json!(1)).await;
    let late = site.browser_with(&client);
    late.set_cookie(alice.cookie());
    alice.sign_in("alice", &[]).await;

    let reply = late.put("/session/data/k", json!(2)).await;
    assert_eq!((reply.status, reply.set_cookie()), (409, None));
    assert_eq!(late.get("/session").await.json(), Value::Null);
    assert_eq!(
        late.sign_in("alice", &[]).await.status,
        204,
        "a sign-in is still possible"
    );
    assert_eq!(alice.get("/me").await.status, 200);
}

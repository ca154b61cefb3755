//! Data that is encrypted at rest: what the promises are for it, over each adapter and store.

use std::time::Duration;

use certsession_core::{ApplicationKey, ApplicationKeys};
use certsession_tests::{Browser, Plan, Setup, Site, promises};
use futures_util::future::{join, join_all};
use serde_json::{Map, Value, json};

promises![
    p5_writers_of_different_encrypted_keys_all_win_while_the_token_changes,
    p3_encrypted_values_are_read_by_both_tokens_of_a_renewal_and_by_the_new_one_of_a_sign_in,
];

const WRITERS: usize = 8;

/// Servers that encrypt data under the sessions' tokens, and under a key of the application's.
async fn both(plan: Plan) -> [Site; 2] {
    let bytes: Vec<u8> = (0..32).collect();
    let key = ApplicationKey::new("2026", &bytes).unwrap();
    let under_token = Setup {
        encrypts_data: true,
        ..Setup::default()
    };
    let under_key = Setup {
        application_keys: Some(ApplicationKeys::new(key)),
        ..Setup::default()
    };
    let under_token = plan.start_with(under_token).await;
    [under_token, plan.start_with(under_key).await]
}

async fn data(browser: &Browser) -> Value {
    browser.get("/session").await.json()["data"].clone()
}

async fn p5_writers_of_different_encrypted_keys_all_win_while_the_token_changes(plan: Plan) {
    for site in both(plan).await {
        writers_win(&site).await;
    }
}

async fn writers_win(site: &Site) {
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    alice.sign_in("alice", &[]).await;
    for round in 0..4 {
        // Each has the token from before, and the browser the one that comes of it.
        let writers: Vec<_> = (0..WRITERS)
            .map(|_| {
                let writer = site.browser_with(&client);
                writer.set_cookie(alice.cookie());
                writer
            })
            .collect();
        // Connected already, so that the requests meet.
        join_all(writers.iter().map(|writer| writer.get("/session"))).await;
        let writes = writers.iter().enumerate().map(async |(key, writer)| {
            let path = format!("/session/data/k{key}");
            writer.put(&path, json!(round)).await.status
        });
        let (rotated, written) = join(alice.post("/rotate"), join_all(writes)).await;
        assert_eq!(rotated.status, 204);
        // A write by the old token that came after the rotation is refused, and changes nothing.
        let kept = data(&alice).await;
        for (key, status) in written.iter().enumerate() {
            match status {
                204 => assert_eq!(kept[format!("k{key}")], json!(round)),
                409 => assert_ne!(kept[format!("k{key}")], json!(round)),
                other => panic!("{other}"),
            }
        }
        let all = (0..WRITERS).map(|key| (format!("k{key}"), json!(round)));
        let again = all.clone().map(async |(key, value)| {
            let written = alice.put(&format!("/session/data/{key}"), value).await;
            assert_eq!(written.status, 204);
        });
        join_all(again).await;
        assert_eq!(data(&alice).await, Value::Object(Map::from_iter(all)));
    }
}

async fn p3_encrypted_values_are_read_by_both_tokens_of_a_renewal_and_by_the_new_one_of_a_sign_in(
    plan: Plan,
) {
    for site in both(plan).await {
        both_tokens_read(&site).await;
    }
}

async fn both_tokens_read(site: &Site) {
    let client = site.certificates.client("alice");
    let alice = site.browser_with(&client);
    alice.put("/session/data/cart", json!([7])).await;
    let old = site.browser_with(&client);
    old.set_cookie(alice.cookie());
    site.clock.advance(Duration::from_secs(16 * 60));
    assert_eq!(data(&alice).await, json!({ "cart": [7] }));
    assert_ne!(alice.cookie(), old.cookie());

    // Within the grace period both read and write.
    let (one, two) = join(
        old.put("/session/data/a", json!(1)),
        alice.put("/session/data/b", json!(2)),
    )
    .await;
    assert_eq!((one.status, two.status), (204, 204));
    let all = json!({ "a": 1, "b": 2, "cart": [7] });
    assert_eq!(data(&old).await, all);
    assert_eq!(data(&alice).await, all);
    site.clock.advance(Duration::from_secs(31));
    assert_eq!(old.get("/session").await.json(), Value::Null);

    alice.sign_in("alice", &["cart"]).await;
    assert_eq!(data(&alice).await, json!({ "cart": [7] }));
    let thief = site.browser("bob");
    thief.set_cookie(alice.cookie());
    assert_eq!(thief.get("/session").await.status, 403);
}

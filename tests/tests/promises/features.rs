//! What applications build on sessions, with the promises: values that one request gets, step-up,
//! devices, forms.

use std::time::Duration;

use certsession_tests::{Browser, Plan, Reply, promises};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::json;

promises![
    of_parallel_requests_one_takes_the_value,
    what_needs_more_than_a_sign_in_asks_for_it,
    messages_forms_and_callbacks_belong_to_their_session,
];

const REQUESTS: usize = 8;

async fn of_parallel_requests_one_takes_the_value(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    for round in 0..5 {
        alice.put("/session/data/ticket", json!(round)).await;
        let state = alice.post(&format!("/oauth/start/{round}")).await.body;
        let callback = format!("/oauth/callback/{state}");
        for path in ["/take/ticket", &callback] {
            let replies = join_all((0..REQUESTS).map(|_| alice.get(path))).await;
            let won: Vec<_> = replies.iter().filter(|reply| reply.status == 200).collect();
            assert_eq!(won.len(), 1, "{path}");
            assert_eq!(won[0].body, round.to_string());
            let lost = |reply: &&Reply| matches!(reply.status, 403 | 404);
            assert_eq!(replies.iter().filter(lost).count(), REQUESTS - 1);
        }
    }
    assert_eq!(alice.get("/session").await.json()["data"], json!({}));
    let bob = site.browser("bob");
    bob.put("/session/data/k", json!(1)).await;
    let state = alice.post("/oauth/start/x").await.body;
    let stolen = bob.get(&format!("/oauth/callback/{state}")).await;
    assert_eq!(stolen.status, 403, "it belongs to another session");
}

/// Opens a page as a browser does.
async fn navigate(browser: &Browser, path: &str) -> Reply {
    let request = browser
        .request(Method::GET, path)
        .header("sec-fetch-mode", "navigate");
    browser.send(request).await
}

fn location(reply: &Reply) -> &str {
    assert_eq!(reply.status, 303);
    reply.headers["location"].to_str().unwrap()
}

async fn what_needs_more_than_a_sign_in_asks_for_it(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    for path in ["/members", "/recent", "/elevated", "/admin"] {
        assert_eq!(alice.get(path).await.status, 401, "{path}");
    }
    let sent = navigate(&alice, "/members?tab=2&next=//evil.example").await;
    let back = "/members%3Ftab%3D2%26next%3D//evil.example";
    assert_eq!(location(&sent), format!("/welcome?next={back}"));

    let signed_in = alice.post("/sign-in-as/alice/reader").await;
    let cookie = signed_in.headers["set-cookie"].to_str().unwrap().to_owned();
    assert!(cookie.ends_with("; Max-Age=43200"), "{cookie}");
    assert_eq!(navigate(&alice, "/members").await.body, "alice");
    assert_eq!(alice.get("/recent").await.body, "alice");
    assert_eq!(alice.get("/admin").await.status, 403);
    assert_eq!(
        navigate(&alice, "/admin").await.status,
        403,
        "no sign-in helps"
    );
    assert_eq!(alice.get("/elevated").await.status, 401);

    site.clock.advance(Duration::from_secs(601));
    assert_eq!(alice.get("/recent").await.status, 401);
    let sent = navigate(&alice, "/recent").await;
    assert_eq!(location(&sent), "/welcome?next=/recent&reauthenticate=true");
    let before = alice.stolen_cookie();
    assert_eq!(alice.post("/elevate").await.status, 204);
    assert_ne!(alice.stolen_cookie(), before);
    assert_eq!(alice.get("/elevated").await.body, "otp");
    assert_eq!(alice.get("/recent").await.body, "alice");
    let thief = site.browser("bob");
    thief.set_cookie(alice.cookie());
    assert_eq!(thief.get("/elevated").await.status, 403);
    site.clock.advance(Duration::from_secs(300));
    assert_eq!(alice.get("/elevated").await.status, 401);
    assert_eq!(alice.post("/sign-in-as/alice/admin").await.status, 204);
    assert_eq!(alice.get("/admin").await.body, "alice");
}

async fn messages_forms_and_callbacks_belong_to_their_session(plan: Plan) {
    let site = plan.start().await;
    let (alice, bob) = (site.browser("alice"), site.browser("bob"));
    let page = alice.get("/form").await;
    assert_eq!(
        (&*page.body, page.set_cookie()),
        ("", None),
        "a page begins none"
    );

    let sent = alice.post("/flash/sent").await;
    assert_eq!(location(&sent), "/flashes");
    let shown = alice.get("/flashes").await.json();
    assert_eq!(shown, json!([["success", "sent"], ["warning", "second"]]));
    assert_eq!(alice.get("/flashes").await.json(), json!([]));

    let pages = join_all((0..4).map(|_| alice.get("/form"))).await;
    for page in &pages {
        let submitted = alice.post(&format!("/form/{}", page.body)).await;
        assert_eq!(submitted.status, 204);
    }
    bob.post("/flash/sent").await;
    let foreign = bob.post(&format!("/form/{}", pages[0].body)).await;
    assert_eq!(
        (foreign.status, alice.post("/form/x").await.status),
        (403, 403)
    );

    for (browser, agent) in [(&alice, "one"), (&bob, "two")] {
        let request = browser
            .request(Method::POST, "/sign-in-as/shared/user")
            .header("user-agent", agent);
        assert_eq!(browser.send(request).await.status, 204);
        // The list is by age.
        site.clock.advance(Duration::from_secs(1));
    }
    let replaced = alice.post(&format!("/form/{}", pages[0].body)).await;
    assert_eq!(replaced.status, 403, "from before the sign-in");
    assert_eq!(bob.get("/devices").await.json(), json!(["one", "two"]));
    assert_eq!(alice.post("/sign-out-others").await.json(), json!(1));
    assert_eq!(bob.get("/devices").await.status, 401);
    assert_eq!(alice.get("/devices").await.json(), json!(["one"]));
}

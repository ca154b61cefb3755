//! A portal that is told to stop (SIGTERM) under load: what it has acknowledged is in the store, and
//! what it has ended stays ended.

use std::time::Duration;

use certsession_tests::programs::Portal;
use certsession_tests::{Browser, Http, Plan, Reply, Stack, adapters, run};
use reqwest::Method;
use serde_json::json;
use tokio::time::sleep;

use crate::https::KeptOnDisk;

const BROWSERS: usize = 20;
const LIMIT: Duration = Duration::from_secs(30);

#[test]
fn p6_actix_that_is_told_to_stop_loses_no_acknowledged_write_and_no_end() {
    // Over HTTP/2 actix cannot tell its clients, and waits for those that go on: `shutdown_timeout`.
    run::<adapters::Actix, KeptOnDisk, _>(Stack::Rustls, Http::One, stopped_under_load);
}

#[test]
fn p6_axum_that_is_told_to_stop_loses_no_acknowledged_write_and_no_end() {
    run::<adapters::Axum, KeptOnDisk, _>(Stack::Rustls, Http::Two, stopped_under_load);
}

async fn stopped_under_load(plan: Plan) {
    let mut portal = Portal::start_quiet(plan, &[]);
    let mut working = Vec::new();
    for n in 0..BROWSERS {
        working.push(tokio::spawn(work(portal.browser(&format!("user {n}")))));
    }
    sleep(Duration::from_secs(1)).await;
    let status;
    (portal, status) = tokio::task::spawn_blocking(move || {
        let status = portal.terminate(LIMIT);
        (portal, status)
    })
    .await
    .unwrap();
    assert!(status.success(), "{status}");
    let mut worked = Vec::new();
    for work in working {
        worked.push(work.await.unwrap());
    }
    portal.start_again(plan, &[]);
    let (mut writes, mut ends) = (0, 0);
    for Worked { browser, known, .. } in &worked {
        let reply = browser
            .at(portal.address())
            .get("/session/data/number")
            .await;
        match known {
            Known::Number(number) => {
                assert_eq!(reply.status, 200, "the session is lost");
                assert!(reply.json().as_u64() >= Some(*number), "a write is lost");
            }
            Known::Ended => assert_eq!(reply.status, 404, "an ended session is accepted"),
            Known::Nothing => {}
        }
    }
    for Worked {
        writes: w, ends: e, ..
    } in worked
    {
        writes += w;
        ends += e;
    }
    #[allow(
        clippy::print_stdout,
        reason = "the figures are for readers of the output"
    )]
    {
        println!("stopped under load: {writes} writes and {ends} ends acknowledged, none lost");
    }
    assert!(writes > 20 && ends > 10, "there was no load");
}

/// What a browser was told before it got no answer any more.
struct Worked {
    browser: Browser,
    known: Known,
    writes: u64,
    ends: u64,
}

enum Known {
    /// At least this number is in the session.
    Number(u64),
    /// The cookie opens nothing.
    Ended,
    /// The last step had no answer, and may have been done or not.
    Nothing,
}

/// Signs in, writes three numbers and signs out, again and again.
async fn work(browser: Browser) -> Worked {
    let mut worked = Worked {
        browser: browser.clone(),
        known: Known::Nothing,
        writes: 0,
        ends: 0,
    };
    loop {
        worked.known = Known::Nothing;
        let sign_in = json!({ "principal": "alice" }).to_string();
        let request = browser.request(Method::POST, "/sign-in");
        let request = request.header("content-type", "application/json");
        if !is_done(&browser, request.body(sign_in)).await {
            return worked;
        }
        for number in 1..=3_u64 {
            let request = browser.request(Method::PUT, "/session/data/number");
            if !is_done(&browser, request.body(number.to_string())).await {
                return worked;
            }
            worked.known = Known::Number(number);
            worked.writes += 1;
        }
        let cookie = browser.cookie();
        let request = browser.request(Method::POST, "/sign-out");
        if !is_done(&browser, request).await {
            worked.known = Known::Nothing;
            return worked;
        }
        worked.known = Known::Ended;
        worked.ends += 1;
        // What it was told to forget is what must open nothing. The next sign-in replaces it.
        browser.set_cookie(cookie);
    }
}

async fn is_done(browser: &Browser, request: reqwest::RequestBuilder) -> bool {
    matches!(
        browser.try_send(request).await,
        Ok(Reply { status: 204, .. })
    )
}

//! P8. Expiry and not-before of the certificate are checked on every request, not once at the
//! handshake: they also apply to kept-alive connections and HTTP/2 streams.

use std::time::Duration;

use certs_dev::LeafRequest;
use certsession_core::{Clock, Lifetimes, Refusal, SessionEvent};
use certsession_tests::{Client, Plan, Setup, Site, promises};
use serde_json::json;

promises![
    p8_a_certificate_that_expires_meanwhile_is_refused_on_the_open_connection,
    p8_a_certificate_that_is_not_valid_yet_is_refused,
    p8_no_deadline_is_after_the_certificate_s_end,
    p8_the_certificate_is_checked_although_the_store_is_not_used,
    p8_a_request_costs_one_store_operation_and_none_without_a_cookie,
];

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

fn refused(reason: Refusal) -> impl Fn(&SessionEvent) -> bool {
    move |event| matches!(event, SessionEvent::Refused { reason: r, .. } if *r == reason)
}

/// A certificate that has been valid for an hour and expires in one.
fn short_lived(site: &Site) -> Client {
    let now = site.clock.now().as_millis() as i64 / 1000;
    let request = LeafRequest::client("alice")
        .not_before(now - 3600)
        .not_after(now + 3600);
    site.certificates.issue(&request)
}

async fn p8_a_certificate_that_expires_meanwhile_is_refused_on_the_open_connection(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser_with(&short_lived(&site));
    alice.sign_in("alice", &[]).await;
    // Kept active, so that the certificate expires and not the idle session.
    for _ in 0..2 {
        site.clock.advance(Duration::from_secs(29 * 60));
        assert_eq!(alice.get("/me").await.status, 200);
    }
    site.clock.advance(Duration::from_secs(3 * 60));
    for path in ["/me", "/session", "/public"] {
        assert_eq!(alice.get(path).await.status, 403, "{path}");
    }
    assert_eq!(alice.sign_in("alice", &[]).await.status, 403);
    let token = alice.cookie();
    alice.set_cookie(None);
    assert_eq!(
        alice.get("/public").await.status,
        403,
        "without a cookie too"
    );
    alice.set_cookie(token);
    assert_eq!(site.events.count(refused(Refusal::CertificateExpired)), 5);

    site.clock.set(site.clock.now());
    let other = site.browser("bob");
    assert_eq!(
        other.sign_in("bob", &[]).await.status,
        204,
        "others are served"
    );
}

async fn p8_a_certificate_that_is_not_valid_yet_is_refused(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    let now = site.clock.now();
    site.clock.set(certsession_core::Timestamp::from_millis(
        now.as_millis() - 2 * DAY.as_millis() as u64,
    ));
    assert_eq!(alice.get("/me").await.status, 403);
    assert_eq!(
        site.events.count(refused(Refusal::CertificateNotYetValid)),
        1
    );
    site.clock.set(now);
    assert_eq!(
        alice.get("/me").await.status,
        200,
        "the session is unchanged"
    );
}

async fn p8_no_deadline_is_after_the_certificate_s_end(plan: Plan) {
    let lifetimes = Lifetimes::default()
        .with_idle(DAY)
        .unwrap()
        .with_absolute(DAY)
        .unwrap();
    let site = plan
        .start_with(Setup {
            lifetimes,
            ..Setup::default()
        })
        .await;
    let client = short_lived(&site);
    let alice = site.browser_with(&client);
    alice.put("/session/data/k", json!(1)).await;
    let end: jiff::Timestamp =
        jiff::Timestamp::from_millisecond(client.certificate().not_after().as_millis() as i64)
            .unwrap();
    for _ in 0..3 {
        let session = alice.get("/session").await.json();
        for deadline in ["idle_deadline", "absolute_deadline"] {
            let deadline: jiff::Timestamp = session[deadline].as_str().unwrap().parse().unwrap();
            assert_eq!(deadline, end);
        }
        site.clock.advance(Duration::from_secs(15 * 60));
        alice.sign_in("alice", &[]).await;
    }
}

async fn p8_the_certificate_is_checked_although_the_store_is_not_used(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser_with(&short_lived(&site));
    assert_eq!(alice.get("/public").await.status, 204);
    site.clock.advance(Duration::from_secs(3700));
    site.faults.take_calls();
    assert_eq!(alice.get("/public").await.status, 403);
    assert_eq!(site.faults.take_calls(), []);
}

async fn p8_a_request_costs_one_store_operation_and_none_without_a_cookie(plan: Plan) {
    use certsession_core::StoreOperation::{Commit, Create, Load, Remove};
    let site = plan.start().await;
    let alice = site.browser("alice");
    let calls = || site.faults.take_calls();
    alice.get("/session").await;
    assert_eq!(calls(), []);
    alice.put("/session/data/k", json!(1)).await;
    assert_eq!(calls(), [Create]);
    alice.get("/session/data/k").await;
    assert_eq!(calls(), [Load]);
    alice.put("/session/data/k", json!(2)).await;
    assert_eq!(calls(), [Load, Commit]);
    alice.sign_in("alice", &[]).await;
    assert_eq!(calls(), [Load, Commit]);
    site.clock.advance(Duration::from_secs(61));
    alice.get("/me").await;
    assert_eq!(calls(), [Load, Commit], "the idle deadline is written");
    for turn in 0..5 {
        site.clock.advance(Duration::from_secs(10));
        alice.get("/me").await;
        let steps: &[_] = match turn > 0 && plan.holds_copies() {
            true => &[],
            false => &[Load],
        };
        assert_eq!(calls(), steps, "once per touch interval");
    }
    alice.post("/sign-out").await;
    assert_eq!(calls(), [Load, Remove]);
}

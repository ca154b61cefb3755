//! Certificates that are not valid: at the handshake, or after it.

use std::time::{Duration, SystemTime};

use certs_dev::LeafRequest;
use certsession_core::{Clock, Refusal, SessionEvent, Timestamp};
use certsession_tests::{Client, Plan, Site, promises};

use crate::verdict::{assert_others_are_served, assert_refused_by_tls};

promises![
    a_certificate_that_has_expired_is_refused_by_tls,
    a_certificate_that_is_not_valid_yet_is_refused_by_tls,
    a_certificate_that_expires_meanwhile_is_refused_by_us,
    a_certificate_that_is_not_valid_yet_after_the_clock_moved_back_is_refused_by_us,
];

const DAY: i64 = 24 * 60 * 60;

fn now() -> i64 {
    let since_epoch = SystemTime::UNIX_EPOCH.elapsed().unwrap();
    i64::try_from(since_epoch.as_secs()).unwrap()
}

fn at(unix_seconds: i64) -> Timestamp {
    Timestamp::from_millis(u64::try_from(unix_seconds).unwrap() * 1000)
}

fn valid(from: i64, to: i64) -> LeafRequest {
    LeafRequest::client("alice").not_before(from).not_after(to)
}

async fn assert_no_handshake(plan: Plan, from: i64, to: i64) {
    let site = plan.start().await;
    let bystander = site.browser("bystander");
    bystander.sign_in("bystander", &[]).await;
    let client = site.certificates.issue(&valid(from, to));
    assert_refused_by_tls(&site, &client).await;
    assert_others_are_served(&site, &bystander).await;
}

async fn a_certificate_that_has_expired_is_refused_by_tls(plan: Plan) {
    assert_no_handshake(plan, now() - 2 * DAY, now() - 60).await;
}

async fn a_certificate_that_is_not_valid_yet_is_refused_by_tls(plan: Plan) {
    assert_no_handshake(plan, now() + 3600, now() + DAY).await;
}

/// Asserts that the framework refuses the client from this moment on, on the open connection and on
/// a new one: TLS uses the real time, at which the certificate is valid throughout.
async fn assert_refused_from(site: &Site, client: &Client, moment: Timestamp, reason: Refusal) {
    let before = site.clock.now();
    let open = site.browser_with(client);
    assert_eq!(open.sign_in("alice", &[]).await.status, 204);
    let bystander = site.browser_with(
        &site
            .certificates
            .issue(&valid(now() - 9 * DAY, now() + 9 * DAY)),
    );
    bystander.sign_in("bystander", &[]).await;

    site.clock.set(moment);
    let new = site.browser_with(client);
    for browser in [&open, &new] {
        for path in ["/session", "/public"] {
            assert_eq!(browser.get(path).await.status, 403, "{path}");
        }
        assert_eq!(browser.sign_in("alice", &[]).await.status, 403);
    }
    let refused = |event: &SessionEvent| matches!(event, SessionEvent::Refused { reason: r, .. } if *r == reason);
    assert_eq!(site.events.count(refused), 6);
    assert_eq!(bystander.get("/session").await.status, 200);

    site.clock.set(before);
    // A session that was found expired does not come back with the clock.
    bystander.sign_in("bystander", &[]).await;
    assert_others_are_served(site, &bystander).await;
}

async fn a_certificate_that_expires_meanwhile_is_refused_by_us(plan: Plan) {
    let site = plan.start().await;
    let end = now() + DAY;
    let client = site.certificates.issue(&valid(now() - DAY, end));
    let last_moment = site.browser_with(&client);
    site.clock.set(at(end));
    assert_eq!(last_moment.get("/session").await.status, 200);
    site.clock.set(at(now()));

    let after = at(end) + Duration::from_millis(1);
    assert_refused_from(&site, &client, after, Refusal::CertificateExpired).await;
}

async fn a_certificate_that_is_not_valid_yet_after_the_clock_moved_back_is_refused_by_us(
    plan: Plan,
) {
    let site = plan.start().await;
    let beginning = now() - DAY;
    let client = site.certificates.issue(&valid(beginning, now() + DAY));
    let first_moment = site.browser_with(&client);
    site.clock.set(at(beginning));
    assert_eq!(first_moment.get("/session").await.status, 200);
    site.clock.set(at(now()));

    let before = at(beginning - 1);
    assert_refused_from(&site, &client, before, Refusal::CertificateNotYetValid).await;
}

//! Connections that outlive their request end when their session ends.

use std::time::Duration;

use certsession_core::Clock;
use certsession_tests::{Live, Plan, promises};

use crate::revocation::Listed;

promises![
    p8_a_websocket_closes_when_its_session_ends_elsewhere,
    p8_a_websocket_closes_when_its_certificate_is_revoked,
    p8_a_websocket_closes_when_session_or_certificate_expire,
    a_websocket_without_a_session_is_refused,
    a_websocket_survives_a_store_that_fails_for_a_moment,
];

/// The promised time.
const AT_MOST: Duration = Duration::from_secs(1);
/// How long a test waits if no time is promised: other tests may use the machine.
const PATIENCE: Duration = Duration::from_secs(10);

async fn p8_a_websocket_closes_when_its_session_ends_elsewhere(plan: Plan) {
    let site = plan.start().await;
    let (alice, bob) = (site.browser("alice"), site.browser("bob"));
    alice.sign_in("alice", &[]).await;
    bob.sign_in("bob", &[]).await;
    let (live, other) = (Live::open(&alice), Live::open(&bob));
    alice.post("/sign-out").await;
    assert!(live.closed_within(PATIENCE).is_some());
    assert!(!other.is_closed());

    alice.sign_in("alice", &[]).await;
    let live = Live::open(&alice);
    alice.sign_in("another principal", &[]).await;
    assert!(
        live.closed_within(PATIENCE).is_some(),
        "another session ended"
    );
    assert!(!other.is_closed());
}

async fn p8_a_websocket_closes_when_its_certificate_is_revoked(plan: Plan) {
    let listed = Listed::start(plan).await;
    let site = &listed.site;
    let client = site.certificates.client("alice");
    let (alice, bob) = (site.browser_with(&client), site.browser("bob"));
    alice.sign_in("alice", &[]).await;
    bob.sign_in("bob", &[]).await;
    let (live, other) = (Live::open(&alice), Live::open(&bob));
    assert!(
        live.closed_within(AT_MOST).is_none(),
        "nothing has happened"
    );
    listed.revoke(&[&client]);
    assert!(live.closed_within(PATIENCE).is_some());
    assert!(!other.is_closed());
}

async fn p8_a_websocket_closes_when_session_or_certificate_expire(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    let live = Live::open(&alice);
    let now = site.clock.now();
    site.clock.advance(Duration::from_secs(31 * 60));
    assert!(
        live.closed_within(PATIENCE).is_some(),
        "the session was idle"
    );
    // The session that was found expired does not come back with the clock.
    site.clock.set(now);
    alice.sign_in("alice", &[]).await;

    let live = Live::open(&alice);
    site.clock.advance(Duration::from_secs(366 * 24 * 60 * 60));
    assert!(
        live.closed_within(PATIENCE).is_some(),
        "the certificate has expired"
    );
}

async fn a_websocket_without_a_session_is_refused(plan: Plan) {
    let site = plan.start().await;
    assert_eq!(Live::refused(&site.browser("alice")), "401");
}

async fn a_websocket_survives_a_store_that_fails_for_a_moment(plan: Plan) {
    use certsession_core::StoreOperation::Load;
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    let live = Live::open(&alice);
    site.faults.fail_all(Load);
    assert!(live.closed_within(2 * AT_MOST).is_none());
    site.faults.heal();
    assert!(live.closed_within(AT_MOST).is_none());
    alice.post("/sign-out").await;
    assert!(live.closed_within(PATIENCE).is_some());
}

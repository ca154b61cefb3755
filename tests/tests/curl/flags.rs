//! The effect of each flag of the portal, as a client sees it.

use std::thread;
use std::time::{Duration, Instant};

use certs_dev::{LeafRequest, Overwrite};
use certsession_tests::programs::Portal;
use certsession_tests::{Curl, Plan, promises};
use serde_json::Value;

use crate::interface::time;

promises![
    idle_and_absolute_set_the_deadlines,
    renewal_replaces_the_token_and_grace_keeps_the_one_before,
    max_sessions_ends_the_oldest,
    binding_by_certificate_ends_with_it,
    binding_by_public_key_outlives_a_renewal,
    binding_by_identity_outlives_a_renewal_with_a_new_key,
    crl_refuses_certificates_that_are_revoked_while_the_portal_runs,
    resumption_can_be_turned_on,
];

fn lifetime(session: &Value, deadline: &str) -> i64 {
    time(&session[deadline])
        .duration_since(time(&session["created_at"]))
        .as_secs()
}

async fn idle_and_absolute_set_the_deadlines(plan: Plan) {
    let portal = Portal::start(plan, &["--idle", "100", "--absolute", "1000"]);
    let alice = portal.curl("alice");
    alice.put("/session/data/k", "1");
    let session = alice.get("/session").json();
    assert_eq!(lifetime(&session, "idle_deadline"), 100);
    assert_eq!(lifetime(&session, "absolute_deadline"), 1000);

    let portal = Portal::start(plan, &["--idle", "3000", "--absolute", "50"]);
    let alice = portal.curl("alice");
    alice.put("/session/data/k", "1");
    let session = alice.get("/session").json();
    assert_eq!(
        lifetime(&session, "idle_deadline"),
        50,
        "the absolute deadline caps it"
    );
}

/// Waits until the portal renews the token by itself. Its clock is the real one, so waiting is the
/// only way; the renewal timeout is a second.
fn wait_for_renewal(curl: &Curl) -> [String; 2] {
    let before = curl.cookie().unwrap();
    let began = Instant::now();
    while began.elapsed() < Duration::from_secs(20) {
        curl.get("/session");
        let now = curl.cookie().unwrap();
        if now != before {
            return [before, now];
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("the token was not renewed");
}

async fn renewal_replaces_the_token_and_grace_keeps_the_one_before(plan: Plan) {
    let opens = |curl: &Curl, token: &str| {
        let cookie = format!("Cookie: __Host-session={token}");
        curl.run("/me", &["-H", &cookie]).status == 200
    };
    let portal = Portal::start(plan, &["--renewal", "1", "--grace", "600"]);
    let alice = portal.curl("alice");
    alice.sign_in("alice", &[]);
    let [before, after] = wait_for_renewal(&alice);
    let copy = portal.curl("alice");
    assert!(opens(&copy, &before) && opens(&copy, &after));

    let portal = Portal::start(plan, &["--renewal", "1", "--grace", "0"]);
    let alice = portal.curl("alice");
    alice.sign_in("alice", &[]);
    let [before, after] = wait_for_renewal(&alice);
    let copy = portal.curl("alice");
    assert!(opens(&copy, &after) && !opens(&copy, &before));
}

async fn max_sessions_ends_the_oldest(plan: Plan) {
    let portal = Portal::start(plan, &["--max-sessions", "2"]);
    let sessions = [0; 3].map(|_| portal.curl("alice"));
    for session in &sessions {
        assert_eq!(session.sign_in("alice", &[]).status, 204);
    }
    let me = sessions.map(|session| session.get("/me").status);
    assert_eq!(me, [401, 200, 200]);
}

/// The status that alice's jar gets under a renewed certificate with the same key, and under one
/// with another key.
fn after_renewals(portal: &Portal) -> [u16; 2] {
    let alice = portal.curl("alice");
    alice.sign_in("alice", &[]);
    let now = jiff::Timestamp::now().as_second();
    let renewed = LeafRequest::client("alice").not_before(now - 60);
    let same_key = renewed.clone().same_key_as(portal.pki.alice());
    [("same-key", same_key), ("other-key", renewed)].map(|(name, request)| {
        let identity = portal.pki.authority().issue(&request).unwrap();
        identity
            .write(portal.pki.dir(), name, Overwrite::Refuse)
            .unwrap();
        portal.curl(name).with_jar_of(&alice).get("/me").status
    })
}

async fn binding_by_certificate_ends_with_it(plan: Plan) {
    assert_eq!(
        after_renewals(&Portal::start(plan, &["--binding", "certificate"])),
        [403, 403]
    );
    assert_eq!(after_renewals(&Portal::start(plan, &[])), [403, 403]);
}

async fn binding_by_public_key_outlives_a_renewal(plan: Plan) {
    let portal = Portal::start(plan, &["--binding", "public-key"]);
    let alice = portal.curl("alice");
    alice.sign_in("alice", &[]);
    let before = alice.cookie();

    let now = jiff::Timestamp::now().as_second();
    let renewed = LeafRequest::client("alice").not_before(now - 60);
    let renewed = renewed.same_key_as(portal.pki.alice());
    let renewed = portal.pki.authority().issue(&renewed).unwrap();
    renewed
        .write(portal.pki.dir(), "renewed", Overwrite::Refuse)
        .unwrap();

    let renewed = portal.curl("renewed").with_jar_of(&alice);
    assert_eq!(renewed.get("/me").status, 200);
    assert_ne!(renewed.cookie(), before, "a rebind rotates the token");
    assert_eq!(
        alice.get("/me").status,
        403,
        "the certificate before it is superseded"
    );
    let alice = alice.with_jar_of(&renewed);
    assert_eq!(alice.get("/me").status, 403, "under the new token too");
    assert_eq!(renewed.get("/me").status, 200);
}

async fn binding_by_identity_outlives_a_renewal_with_a_new_key(plan: Plan) {
    let portal = Portal::start(plan, &["--binding", "identity"]);
    let web = LeafRequest::client("web").spiffe("spiffe://example.com/web");
    let identity = portal.pki.authority().issue(&web).unwrap();
    identity
        .write(portal.pki.dir(), "web", Overwrite::Refuse)
        .unwrap();
    let web = portal.curl("web");
    web.sign_in("web", &[]);
    let before = web.cookie();
    certs_dev::renew(portal.pki.dir(), "web", false).unwrap();
    assert_eq!(web.get("/me").status, 200);
    assert_ne!(web.cookie(), before, "a rebind rotates the token");
    let alice = portal.curl("alice").with_jar_of(&web);
    assert_eq!(alice.get("/me").status, 403);
}

async fn crl_refuses_certificates_that_are_revoked_while_the_portal_runs(plan: Plan) {
    let portal = Portal::start(plan, &["--crl", "{dir}/crl.pem"]);
    let (alice, bob) = (portal.curl("alice"), portal.curl("bob"));
    alice.sign_in("alice", &[]);
    bob.sign_in("bob", &[]);
    certs_dev::revoke(portal.pki.dir(), "alice").unwrap();
    let began = Instant::now();
    // Each call of curl opens a new connection, and the handshake is refused.
    while alice.run_once("/me", &[]).is_ok() {
        assert!(
            began.elapsed() < Duration::from_secs(20),
            "it is still admitted"
        );
        thread::sleep(Duration::from_millis(50));
    }
    assert_eq!(bob.get("/me").status, 200);
}

async fn resumption_can_be_turned_on(plan: Plan) {
    for resumption in ["on", "cache", "off"] {
        let portal = Portal::start(plan, &["--resumption", resumption]);
        let alice = portal.curl("alice");
        alice.sign_in("alice", &[]);
        assert_eq!(alice.get("/me").status, 200);
    }
}

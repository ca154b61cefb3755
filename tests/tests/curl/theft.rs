//! A stolen cookie.

use certs_dev::{LeafRequest, Overwrite};
use certsession_tests::programs::Portal;
use certsession_tests::{Plan, promises};
use serde_json::Value;

promises![
    a_stolen_jar_under_another_certificate_is_refused,
    a_refusal_reaches_a_client_that_is_still_sending,
    a_stolen_jar_without_a_certificate_is_refused,
    a_client_without_a_certificate_is_refused_if_one_is_required,
    a_client_of_another_authority_is_refused,
];

async fn a_stolen_jar_under_another_certificate_is_refused(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    alice.sign_in("alice", &[]);
    let bob = portal.curl("bob").with_jar_of(&alice);
    for path in ["/session", "/me", "/", "/sessions", "/session/data/k"] {
        let refused = bob.get(path);
        assert_eq!(refused.status, 403, "{path}");
        assert_eq!(refused.header("set-cookie"), None);
        assert_eq!(refused.body.lines().count(), 1);
    }
    assert_eq!(bob.put("/session/data/k", "1").status, 403);
    assert_eq!(bob.post("/sign-out").status, 403);
    assert_eq!(bob.delete("/sessions").status, 403);
    assert_eq!(
        alice.get("/me").status,
        200,
        "the owner's session is unharmed"
    );
}

/// A response before the whole body was read would reset the HTTP/2 stream, and this curl would
/// report the reset instead of the refusal.
async fn a_refusal_reaches_a_client_that_is_still_sending(plan: Plan) {
    let portal = Portal::start_quiet(plan, &[]);
    let alice = portal.curl("alice");
    alice.sign_in("alice", &[]);
    let bob = portal.curl("bob").with_jar_of(&alice);
    for body in ["1", &"1".repeat(5000), &"1".repeat(50_000)] {
        for _ in 0..8 {
            let put = ["-X", "PUT", "--data-raw", body];
            let refused = bob.run_once("/session/data/k", &put).unwrap();
            assert_eq!(refused.status, 403);
        }
    }
}

async fn a_stolen_jar_without_a_certificate_is_refused(plan: Plan) {
    let portal = Portal::start(plan, &["--client-auth", "optional"]);
    let alice = portal.curl("alice");
    alice.sign_in("alice", &[]);
    let stranger = portal.stranger();
    let session = stranger.get("/session");
    assert_eq!((session.status, session.json()), (200, Value::Null));
    assert_eq!(stranger.put("/session/data/k", "1").status, 403);
    assert_eq!(stranger.sign_in("alice", &[]).status, 403);
    assert_eq!(stranger.get("/me").status, 401);
    assert!(stranger.get("/").body.contains("no client certificate"));

    let thief = portal.stranger().with_jar_of(&alice);
    assert_eq!(thief.get("/session").status, 403);
    assert_eq!(thief.get("/me").status, 403);
    assert_eq!(alice.get("/me").status, 200);
}

async fn a_client_without_a_certificate_is_refused_if_one_is_required(plan: Plan) {
    let portal = Portal::start(plan, &["--client-auth", "required"]);
    assert!(portal.stranger().try_run("/session", &[]).is_err());
    assert_eq!(portal.curl("alice").get("/session").status, 200);
}

async fn a_client_of_another_authority_is_refused(plan: Plan) {
    let other = certs_dev::Authority::new("certsession development CA").unwrap();
    for client_auth in ["required", "optional"] {
        let portal = Portal::start(plan, &["--client-auth", client_auth]);
        let mallory = other.issue(&LeafRequest::client("alice")).unwrap();
        mallory
            .write(portal.pki.dir(), "mallory", Overwrite::Refuse)
            .unwrap();
        assert!(portal.curl("mallory").try_run("/session", &[]).is_err());
    }
}

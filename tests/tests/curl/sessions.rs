//! The portal's interface: signing in and out, and the sessions of a principal.

use std::thread;
use std::time::Duration;

use certsession_tests::programs::Portal;
use certsession_tests::redis::wait_for;
use certsession_tests::{Curl, Plan, promises};
use serde_json::{Value, json};

use crate::interface::{assert_empty, names, time};

promises![
    signing_in_changes_the_token_and_carries_what_is_named,
    an_invalid_sign_in_changes_nothing,
    signing_out_ends_the_session,
    a_sign_out_holds_although_the_handler_fails,
    rotating_changes_the_token_and_nothing_else,
    sessions_are_listed_and_ended_one_by_one,
    sessions_are_ended_everywhere,
    a_principal_cannot_end_the_sessions_of_another,
    a_slow_writer_revives_nothing_after_a_sign_out,
];

/// Whether a token opens a session for a client with the right certificate.
fn opens(curl: &Curl, token: &str) -> bool {
    let cookie = format!("Cookie: __Host-session={token}");
    let session = curl.run("/session", &["-H", &cookie]);
    assert_eq!(session.status, 200);
    session.json() != Value::Null
}

async fn signing_in_changes_the_token_and_carries_what_is_named(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    alice.put("/session/data/cart", "[1]");
    alice.put("/session/data/note", "\"gone\"");
    let before = alice.cookie().unwrap();
    assert_empty(&alice.sign_in("alice", &["cart", "missing"]), 204);

    let after = alice.cookie().unwrap();
    assert_ne!(after, before);
    let me = alice.get("/me");
    assert_eq!(
        (me.status, me.json()),
        (200, json!({ "principal": "alice" }))
    );
    let session = alice.get("/session").json();
    assert_eq!(session["principal"], "alice");
    assert_eq!(session["data"], json!({ "cart": [1] }));

    let copy = portal.curl("alice");
    assert!(opens(&copy, &after) && !opens(&copy, &before));

    // The list of keys to carry is optional.
    let plain = portal.curl("alice");
    plain.put("/session/data/cart", "[1]");
    assert_empty(
        &plain.post_json("/sign-in", &json!({ "principal": "alice" })),
        204,
    );
    assert_eq!(plain.get("/session").json()["data"], json!({}));
}

async fn an_invalid_sign_in_changes_nothing(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    for body in [
        json!({}),
        json!("alice"),
        json!({ "principal": 1 }),
        json!({ "principal": "" }),
    ] {
        assert_eq!(alice.post_json("/sign-in", &body).status, 400, "{body}");
    }
    // A browser reports the origin of a form.
    let body = r#"{"principal":"alice"}"#;
    let form = ["--data-raw", body, "-H", "Sec-Fetch-Site: cross-site"];
    assert_eq!(alice.run("/sign-in", &form).status, 403);
    assert_eq!(alice.get("/sign-in").status, 404);
    assert_eq!(alice.cookie(), None);
    assert_eq!(alice.get("/me").status, 401);
}

async fn signing_out_ends_the_session(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    alice.sign_in("alice", &[]);
    let token = alice.cookie().unwrap();
    assert_empty(&alice.post("/sign-out"), 204);
    assert_eq!(alice.cookie(), None);
    assert!(!opens(&portal.curl("alice"), &token));
    assert_eq!(alice.get("/me").status, 401);
}

async fn a_sign_out_holds_although_the_handler_fails(plan: Plan) {
    let portal = Portal::start(plan, &["--lab"]);
    let alice = portal.curl("alice");
    alice.sign_in("alice", &[]);
    let token = alice.cookie().unwrap();
    assert_eq!(alice.post("/sign-out-fail").status, 500);
    assert_eq!(alice.cookie(), None);
    assert!(!opens(&portal.curl("alice"), &token));
}

async fn rotating_changes_the_token_and_nothing_else(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    alice.sign_in("alice", &[]);
    alice.put("/session/data/k", "1");
    let (before, session) = (alice.cookie().unwrap(), alice.get("/session").json());
    assert_empty(&alice.post("/rotate"), 204);

    let copy = portal.curl("alice");
    assert!(!opens(&copy, &before) && opens(&copy, &alice.cookie().unwrap()));
    let rotated = alice.get("/session").json();
    for member in ["handle", "principal", "data", "certificate", "created_at"] {
        assert_eq!(rotated[member], session[member], "{member}");
    }
}

async fn sessions_are_listed_and_ended_one_by_one(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let [here, there] = ["alice", "bob"].map(|name| portal.curl(name));
    assert_eq!(here.get("/sessions").status, 401);
    assert_eq!(
        here.delete("/sessions/00112233445566778899aabbccddeeff")
            .status,
        401
    );
    assert_eq!(here.delete("/sessions").status, 401);
    here.sign_in("alice", &[]);
    there.sign_in("alice", &[]);

    let listed = here.get("/sessions");
    assert_eq!(listed.status, 200);
    let listed = listed.json();
    assert_eq!(listed.as_array().unwrap().len(), 2);
    for (index, subject) in ["CN=alice", "CN=bob"].into_iter().enumerate() {
        let session = &listed[index];
        let members = [
            "certificate",
            "created_at",
            "current",
            "handle",
            "last_seen_at",
        ];
        assert_eq!(names(session), members);
        assert_eq!(
            names(&session["certificate"]),
            ["serial", "sha256", "subject"]
        );
        assert_eq!(session["certificate"]["subject"], subject);
        assert_eq!(session["current"], index == 0);
        assert!(time(&session["last_seen_at"]) >= time(&session["created_at"]));
    }

    let path = format!("/sessions/{}", listed[1]["handle"].as_str().unwrap());
    assert_empty(&here.delete(&path), 204);
    assert_eq!(here.delete(&path).status, 404);
    assert_eq!(here.delete("/sessions/no-handle").status, 404);
    assert_eq!(there.get("/me").status, 401);
    assert_eq!(here.get("/sessions").json().as_array().unwrap().len(), 1);

    let this = format!("/sessions/{}", listed[0]["handle"].as_str().unwrap());
    assert_empty(&here.delete(&this), 204);
    assert_eq!(here.cookie(), None);
    assert_eq!(here.get("/me").status, 401);
}

async fn sessions_are_ended_everywhere(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let sessions = ["alice", "alice", "bob"].map(|name| portal.curl(name));
    for session in &sessions {
        session.sign_in("alice", &[]);
    }
    let other = portal.curl("bob");
    other.sign_in("bob", &[]);
    assert_empty(&sessions[0].delete("/sessions"), 204);
    assert_eq!(sessions[0].cookie(), None);
    for session in &sessions {
        assert_eq!(session.get("/me").status, 401);
    }
    assert_eq!(other.get("/me").status, 200);
}

async fn a_principal_cannot_end_the_sessions_of_another(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let [alice, bob] = ["alice", "bob"].map(|name| portal.curl(name));
    alice.sign_in("alice", &[]);
    bob.sign_in("bob", &[]);
    let handle = alice.get("/session").json()["handle"].clone();
    let path = format!("/sessions/{}", handle.as_str().unwrap());
    assert_eq!(bob.delete(&path).status, 404);
    assert_empty(&bob.delete("/sessions"), 204);
    assert_eq!(alice.get("/me").status, 200);
}

async fn a_slow_writer_revives_nothing_after_a_sign_out(plan: Plan) {
    let portal = Portal::start(plan, &["--lab"]);
    let alice = portal.curl("alice");
    alice.sign_in("alice", &[]);
    let token = alice.cookie().unwrap();
    let slow = portal.curl("alice").with_jar_of(&alice);
    let writer = thread::spawn(move || {
        let written = slow.get("/slow?ms=60000&key=k&value=v");
        (written, slow)
    });
    let onlooker = portal.curl("alice");
    wait_for("slow writer", Duration::from_secs(20), || {
        (onlooker.get("/slow/waiting").body == "1").then_some(())
    });
    assert_empty(&alice.post("/sign-out"), 204);
    assert_empty(&onlooker.post("/slow/release"), 204);

    let (written, slow) = writer.join().unwrap();
    assert_eq!(written.status, 409);
    assert_eq!(
        written
            .header("set-cookie")
            .map(|field| field.contains(&token)),
        None
    );
    assert_eq!(slow.get("/me").status, 401);
    assert!(!opens(&portal.curl("alice"), &token));
}

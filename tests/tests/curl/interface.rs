//! The portal's interface: the session and its data.

use certsession_tests::programs::Portal;
use certsession_tests::{Http, Plan, Printed, promises};
use serde_json::{Value, json};

promises![
    reading_creates_nothing,
    the_session_is_described,
    any_json_is_kept_under_a_key,
    the_cookie_is_stored_as_its_prefix_requires,
    a_slow_write_arrives,
    routes_for_tests_are_there_with_lab_alone,
    the_page_is_for_browsers,
    a_missing_page_is_not_found,
];

pub(crate) fn assert_empty(printed: &Printed, status: u16) {
    assert_eq!((printed.status, &*printed.body), (status, ""));
}

/// The names of an object's members, sorted.
pub(crate) fn names(object: &Value) -> Vec<&str> {
    let mut names: Vec<_> = object
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str)
        .collect();
    names.sort_unstable();
    names
}

pub(crate) fn time(text: &Value) -> jiff::Timestamp {
    text.as_str().unwrap().parse().unwrap()
}

async fn reading_creates_nothing(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    let session = alice.get("/session");
    assert_eq!((session.status, session.json()), (200, Value::Null));
    assert_eq!(session.header("content-type"), Some("application/json"));
    assert_eq!(session.header("set-cookie"), None);
    let version = match plan.http() {
        Http::One => "1.1",
        Http::Two => "2",
    };
    assert_eq!(session.version, version);

    assert_eq!(alice.get("/session/data/cart").status, 404);
    assert_empty(&alice.delete("/session/data/cart"), 204);
    assert_empty(&alice.post("/rotate"), 204);
    assert_empty(&alice.post("/sign-out"), 204);
    assert_eq!(alice.get("/me").status, 401);
    assert_eq!(alice.get("/").status, 200);
    assert_eq!(alice.cookie(), None);
}

async fn the_session_is_described(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    assert_empty(&alice.put("/session/data/cart", "[1,2]"), 204);
    let session = alice.get("/session").json();
    let members = [
        "absolute_deadline",
        "certificate",
        "created_at",
        "data",
        "handle",
        "idle_deadline",
        "principal",
    ];
    assert_eq!(names(&session), members);
    let handle = session["handle"].as_str().unwrap();
    assert_eq!(handle.len(), 32);
    assert!(handle.bytes().all(|digit| digit.is_ascii_hexdigit()));
    assert_eq!(session["principal"], Value::Null);
    assert_eq!(session["data"], json!({ "cart": [1, 2] }));

    assert_eq!(
        names(&session["certificate"]),
        ["serial", "sha256", "subject"]
    );
    assert_eq!(session["certificate"]["subject"], "CN=alice");
    let der = portal.pki.alice().certificate_der();
    let sha256 = certsession_core::Fingerprint::of(der).to_string();
    assert_eq!(session["certificate"]["sha256"], sha256);

    let created = time(&session["created_at"]);
    let seconds = |name: &str| time(&session[name]).duration_since(created).as_secs();
    assert_eq!(seconds("idle_deadline"), 30 * 60);
    assert_eq!(seconds("absolute_deadline"), 12 * 60 * 60);
    assert!(jiff::Timestamp::now().duration_since(created).as_secs() < 60);
}

async fn any_json_is_kept_under_a_key(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    for json in [
        "1",
        "-1.50e3",
        "\"täxt\"",
        "true",
        "null",
        "[]",
        r#"{"b":{"a":[1]}}"#,
    ] {
        assert_empty(&alice.put("/session/data/k", json), 204);
        let read = alice.get("/session/data/k");
        assert_eq!((read.status, &*read.body), (200, json));
        assert_eq!(read.header("content-type"), Some("application/json"));
    }
    for not_json in ["", "{", "alice", "[1,]", "1 2"] {
        assert_eq!(
            alice.put("/session/data/k", not_json).status,
            400,
            "{not_json}"
        );
    }
    assert_empty(&alice.put("/session/data/a%20b", "1"), 204);
    let data = alice.get("/session").json()["data"].clone();
    assert_eq!(data, json!({ "a b": 1, "k": { "b": { "a": [1] } } }));

    assert_empty(&alice.delete("/session/data/k"), 204);
    assert_eq!(alice.get("/session/data/k").status, 404);
    assert_empty(&alice.delete("/session/data/k"), 204);
    assert_eq!(alice.get("/session/data/a%20b").json(), json!(1));
}

async fn the_cookie_is_stored_as_its_prefix_requires(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    alice.put("/session/data/k", "1");
    let line = alice.cookie_line().unwrap();
    let fields: Vec<_> = line.split('\t').collect();
    // For this host only, for the whole site, over TLS, until the browser is closed.
    assert_eq!(
        fields[..6],
        [
            "#HttpOnly_localhost",
            "FALSE",
            "/",
            "TRUE",
            "0",
            "__Host-session"
        ]
    );
    assert_eq!(fields[6].len(), 64);

    let elsewhere = alice.base().replace("localhost", "127.0.0.1");
    let other_host = alice.clone().at(elsewhere);
    assert_eq!(other_host.get("/session").json(), Value::Null);
    assert_ne!(alice.get("/session").json(), Value::Null);

    assert_empty(&alice.post("/sign-out"), 204);
    assert_eq!(alice.cookie(), None);
}

async fn a_slow_write_arrives(plan: Plan) {
    let portal = Portal::start(plan, &["--lab"]);
    let alice = portal.curl("alice");
    let began = std::time::Instant::now();
    assert_empty(&alice.get("/slow?ms=200&key=k&value=v"), 204);
    assert!(began.elapsed().as_millis() >= 200);
    assert_eq!(alice.get("/session/data/k").json(), json!("v"));
    assert_eq!(alice.get("/slow?ms=1").status, 400);
}

async fn routes_for_tests_are_there_with_lab_alone(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    alice.sign_in("alice", &[]);
    assert_eq!(alice.get("/slow?ms=1&key=k&value=v").status, 404);
    assert_eq!(alice.get("/slow/waiting").status, 404);
    assert_eq!(alice.post("/slow/release").status, 404);
    assert_eq!(alice.post("/sign-out-fail").status, 404);
    assert_eq!(alice.get("/me").status, 200);
}

async fn the_page_is_for_browsers(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    let page = alice.get("/");
    assert_eq!(page.status, 200);
    assert_eq!(
        page.header("content-type"),
        Some("text/html; charset=utf-8")
    );
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    for part in ["<!doctype html>", "Not signed in", "CN=alice"] {
        assert!(page.body.contains(part), "{part}");
    }

    alice.sign_in("<b>alice</b>", &[]);
    let handle = alice.get("/session").json()["handle"].clone();
    let page = alice.get("/").body;
    for part in [
        "&lt;b&gt;alice&lt;/b&gt;",
        handle.as_str().unwrap(),
        "POST /sign-out",
    ] {
        assert!(page.contains(part), "{part}");
    }
    assert!(!page.contains("<b>") && !page.contains("{{"));
}

async fn a_missing_page_is_not_found(plan: Plan) {
    let portal = Portal::start(plan, &[]);
    let alice = portal.curl("alice");
    for path in ["/nowhere", "/session/data", "/session/", "/favicon.ico"] {
        assert_eq!(alice.get(path).status, 404, "{path}");
    }
    assert_eq!(alice.post("/session").status, 404);
}

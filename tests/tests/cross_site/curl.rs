//! The guard of both portals, as it is by default, field by field.

use certsession_tests::programs::Portal;
use certsession_tests::stores::Memory;
use certsession_tests::{Curl, Http, Plan, Stack, adapters, run};

#[test]
fn the_portal_on_actix_web_refuses_what_another_sites_page_sends() {
    run::<adapters::Actix, Memory, _>(Stack::Rustls, Http::One, refuses);
}

#[test]
fn the_portal_on_actix_web_refuses_it_over_http_2() {
    run::<adapters::Actix, Memory, _>(Stack::Openssl, Http::Two, refuses);
}

#[test]
fn the_portal_on_axum_refuses_what_another_sites_page_sends() {
    run::<adapters::Axum, Memory, _>(Stack::Openssl, Http::One, refuses);
}

#[test]
fn the_portal_on_axum_refuses_it_over_http_2() {
    run::<adapters::Axum, Memory, _>(Stack::Rustls, Http::Two, refuses);
}

fn status(curl: &Curl, method: &str, path: &str, fields: &[&str]) -> u16 {
    let mut arguments = vec!["-X", method];
    arguments.extend(fields.iter().flat_map(|field| ["-H", field]));
    curl.run(path, &arguments).status
}

async fn refuses(plan: Plan) {
    let sister = "https://sister.example";
    let portal = Portal::start(plan, &["--own-origin", sister]);
    let alice = portal.curl("alice");
    // curl is no browser, and says nothing of a site.
    assert_eq!(alice.sign_in("alice", &[]).status, 204);
    let token = alice.cookie();
    let own = format!("Origin: {}", alice.base());
    let own = own.as_str();

    for foreign in [
        &["Sec-Fetch-Site: cross-site"][..],
        &["Sec-Fetch-Site: same-site"],
        &["Sec-Fetch-Site: cross-site", own],
        &["Sec-Fetch-Site: same-origin", "Sec-Fetch-Site: same-origin"],
        &["Origin: https://evil.example"],
        &["Origin: null"],
        &["Origin: https://localhost"],
        &[own, own],
    ] {
        for (method, path) in [
            ("POST", "/sign-out"),
            ("DELETE", "/sessions"),
            ("PUT", "/session/data/k"),
            ("POST", "/nowhere"),
        ] {
            let status = status(&alice, method, path, foreign);
            assert_eq!(status, 403, "{method} {path} {foreign:?}");
        }
        // A link works.
        assert_eq!(status(&alice, "GET", "/me", foreign), 200, "{foreign:?}");
    }
    assert_eq!(alice.cookie(), token, "the session is as it was");

    if plan.http() == Http::Two {
        // There a WebSocket is an extended CONNECT, which curl does not send.
        return admits(&alice, own, sister, token.as_deref());
    }
    let upgrade = [
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
    ];
    // Without an origin too: every browser says where a WebSocket comes from.
    for foreign in [
        &[][..],
        &["Origin: https://evil.example"],
        &["Origin: null"],
    ] {
        let fields = [&upgrade[..], foreign].concat();
        let status = status(&alice, "GET", "/live", &fields);
        assert_eq!(status, 403, "{foreign:?}");
    }

    admits(&alice, own, sister, token.as_deref());
}

fn admits(alice: &Curl, own: &str, sister: &str, token: Option<&str>) {
    // What changes something by a safe method is there for tests alone.
    let slow = status(alice, "GET", "/slow?ms=0&key=k&value=v", &[]);
    assert_eq!(slow, 404);

    let sister = format!("Origin: {sister}");
    for same in [
        &["Sec-Fetch-Site: same-origin"][..],
        &[own],
        &["Sec-Fetch-Site: cross-site", &sister],
    ] {
        assert_eq!(status(alice, "POST", "/rotate", same), 204, "{same:?}");
    }
    assert_ne!(alice.cookie().as_deref(), token);
}

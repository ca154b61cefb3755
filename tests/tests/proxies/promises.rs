//! P1 to P8 through each proxy.

use std::thread;
use std::time::{Duration, Instant};

use certsession_tests::curl::Curl;
use certsession_tests::proxies::{Fronted, Proxy};
use certsession_tests::{Live, Plan};

use crate::cells::behind_every_proxy;

behind_every_proxy![p1_to_p7_hold_through_a_proxy, p8_holds_through_a_proxy];

async fn p1_to_p7_hold_through_a_proxy(plan: Plan, proxy: Proxy) {
    let fronted = Fronted::start(plan, proxy, &["--lab"]);
    let (alice, bob) = (fronted.curl("alice"), fronted.curl("bob"));
    assert_eq!(alice.put("/session/data/colour", "\"red\"").status, 204);
    let before = alice.cookie().unwrap();
    p1_a_planted_cookie_is_never_adopted(&fronted);
    p3_sign_in_issues_a_new_token(&fronted, &alice, &before);

    // P2: another certificate, or none, is refused, and the owner's session stays.
    for thief in [bob.clone(), fronted.stranger()] {
        let stolen = thief.with_jar_of(&alice).at(alice.base().to_owned());
        assert_eq!(stolen.get("/me").status, 403);
        assert_eq!(stolen.post("/sign-out").status, 403);
    }
    let me = alice.get("/me");
    assert_eq!((me.status, &me.json()["principal"]), (200, &"alice".into()));

    // P7: no cache keeps it.
    assert_eq!(me.header("cache-control"), Some("no-store"));
    p5_parallel_writers_of_different_keys_both_win(&fronted, &alice);

    // P6 and P4: the end holds although the handler fails, and nothing brings the session back.
    let ended = fronted.curl("alice").with_jar_of(&alice);
    assert_eq!(alice.post("/sign-out-fail").status, 500);
    assert_eq!(ended.get("/me").status, 401);
}

fn p1_a_planted_cookie_is_never_adopted(fronted: &Fronted) {
    let alice = fronted.curl("alice");
    let planted = "x".repeat(64);
    let cookie = format!("Cookie: __Host-session={planted}");
    let written = alice.run(
        "/session/data/colour",
        &["-H", &cookie, "-X", "PUT", "--data-raw", "1"],
    );
    assert_eq!(written.status, 204);
    assert_ne!(alice.cookie().unwrap(), planted);
}

fn p3_sign_in_issues_a_new_token(fronted: &Fronted, alice: &Curl, before: &str) {
    assert_eq!(alice.sign_in("alice", &["colour"]).status, 204);
    assert_ne!(alice.cookie().unwrap(), before);
    let cookie = format!("Cookie: __Host-session={before}");
    let old = fronted.curl("alice").run("/me", &["-H", &cookie]);
    assert_eq!(old.status, 401, "{old:?}");
}

fn p5_parallel_writers_of_different_keys_both_win(fronted: &Fronted, alice: &Curl) {
    thread::scope(|scope| {
        for key in ["a", "b"] {
            // With a jar of its own: curl empties the file for a moment when it writes it.
            let writer = fronted.curl("alice").with_jar_of(alice);
            scope.spawn(move || {
                let written = writer.put(&format!("/session/data/{key}"), "1");
                assert_eq!(written.status, 204);
            });
        }
    });
    for key in ["a", "b", "colour"] {
        assert_eq!(
            alice.get(&format!("/session/data/{key}")).status,
            200,
            "{key}"
        );
    }
}

async fn p8_holds_through_a_proxy(plan: Plan, proxy: Proxy) {
    let fronted = Fronted::start(plan, proxy, &["--crl", "{dir}/crl.pem"]);
    let pki = &fronted.behind.portal.pki;
    let client = |identity: &certs_dev::Identity| certsession_tests::Client::of(identity);
    let (alice, bob) = (
        fronted.browser(&client(pki.alice())),
        fronted.browser(&client(pki.bob())),
    );
    for (browser, name) in [(&alice, "alice"), (&bob, "bob")] {
        assert_eq!(browser.sign_in(name, &[]).await.status, 204);
    }
    // The same TLS session, resumed if the proxy lets it.
    let again = alice.reconnecting();
    again.set_cookie(alice.cookie());
    assert_eq!(again.get("/me").await.json()["principal"], "alice");
    again.set_cookie(bob.cookie());
    assert_eq!(again.get("/me").await.status, 403);

    let live = Live::open(&alice);
    assert_eq!(Live::refused_from(&alice, "https://other.example"), "403");
    // The proxy knows of no list. The connections stay open.
    certs_dev::revoke(pki.dir(), "alice").unwrap();
    let began = Instant::now();
    while alice.get("/me").await.status != 403 {
        assert!(began.elapsed() < Duration::from_secs(20), "it still counts");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!(bob.get("/me").await.status, 200);
    let closed = live.closed_within(Duration::from_secs(10));
    assert!(closed.is_some(), "the WebSocket is still open");
}

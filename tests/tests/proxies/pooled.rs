//! Many clients on the few connections of a proxy.

use certsession_tests::proxies::{Fronted, Proxy};
use certsession_tests::{Browser, Client, Plan};

use crate::cells::behind_every_proxy;

behind_every_proxy![two_clients_in_turn_are_never_mixed_up];

/// How many requests each of the two makes in turn: 10,000 together over all cells, with most of them
/// where the proxy keeps the fewest connections.
const fn turns(proxy: Proxy) -> usize {
    match proxy {
        Proxy::Nginx => 2_000,
        _ => 100,
    }
}

async fn two_clients_in_turn_are_never_mixed_up(plan: Plan, proxy: Proxy) {
    let fronted = Fronted::start(plan, proxy, &[]);
    let pki = &fronted.behind.portal.pki;
    let alice = fronted.browser(&Client::of(pki.alice()));
    let bob = fronted.browser(&Client::of(pki.bob()));
    for (browser, name) in [(&alice, "alice"), (&bob, "bob")] {
        assert_eq!(browser.sign_in(name, &[]).await.status, 204);
    }
    let ask = async |browser: &Browser, name: &str| {
        let me = browser.get("/me").await;
        assert_eq!((me.status, &me.json()["principal"]), (200, &name.into()));
    };
    for turn in 0..turns(proxy) {
        match turn % 4 {
            // Both at once, and now and then the one with the other's cookie.
            0 => tokio::join!(ask(&alice, "alice"), ask(&bob, "bob")).0,
            1 if turn % 20 == 1 => {
                let thief = bob.clone();
                let own = bob.cookie();
                thief.set_cookie(alice.cookie());
                assert_eq!(thief.get("/me").await.status, 403);
                thief.set_cookie(own);
                ask(&alice, "alice").await;
            }
            _ => {
                ask(&alice, "alice").await;
                ask(&bob, "bob").await;
            }
        }
    }
}

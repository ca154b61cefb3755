//! The portal over the emulator, seen by curl; and a WebSocket that ends with its session.

use std::time::{Duration, Instant};

use certsession_core::{Owner, SessionStore};
use certsession_tests::firestore::{new_collection, shared, url};
use certsession_tests::programs::Portal;
use certsession_tests::stores::{self, StoreKind, open_firestore};
use certsession_tests::{Http, Live, Stack, adapter, run};

#[test]
fn the_portal_keeps_sessions_in_firestore() {
    run::<adapter::Actix, stores::Firestore, _>(Stack::Rustls, Http::Two, |plan| async move {
        let portal = Portal::start(plan, &[]);
        let alice = portal.curl("alice");
        alice.put("/session/data/k", "7");
        assert_eq!(alice.sign_in("alice", &["k"]).status, 204);
        assert_eq!(alice.get("/session/data/k").body, "7");
        let thief = portal.curl("bob").with_jar_of(&alice);
        assert_eq!(thief.get("/me").status, 403);
        let planted = portal.curl("alice").with_jar_of(&alice);
        assert_eq!(alice.post("/rotate").status, 204);
        assert_eq!(planted.get("/me").status, 401, "the old token is dead");
        assert_eq!(alice.get("/me").status, 200);
        assert_eq!(alice.post("/sign-out").status, 204);
        assert_eq!(alice.get("/me").status, 401);
    });
}

/// A collection whose name the test knows.
struct Named;

/// Each test is a process of its own.
fn name() -> &'static str {
    static NAME: std::sync::OnceLock<String> = std::sync::OnceLock::new();
    NAME.get_or_init(new_collection)
}

impl StoreKind for Named {
    type Store = certsession_firestore::FirestoreStore;

    async fn open(_: Option<usize>) -> Self::Store {
        open_firestore(&url(shared(), name())).await
    }

    fn portal_flag() -> String {
        url(shared(), name())
    }
}

#[test]
fn p8_a_websocket_closes_within_a_second_of_an_end_on_another_node() {
    run::<adapter::Actix, Named, _>(Stack::Rustls, Http::One, |plan| async move {
        let site = plan.start().await;
        let alice = site.browser("alice");
        alice.sign_in("alice", &[]).await;
        let live = Live::open(&alice);
        let elsewhere = Named::open(None).await;
        // The node of the WebSocket has begun to listen by then.
        assert!(live.closed_within(Duration::from_millis(1500)).is_none());
        let began = Instant::now();
        let alice = Owner::principal("alice").unwrap();
        assert_eq!(elsewhere.revoke(&alice).await.unwrap().len(), 1);
        assert!(live.closed_within(Duration::from_secs(10)).is_some());
        assert!(
            began.elapsed() < Duration::from_secs(1),
            "{:?}",
            began.elapsed()
        );
    });
}

//! Clients that hang up while the store works.

use std::time::Duration;

use certsession_axum::{CertSessionLayer, MemoryStore, SessionManager};
use certsession_core::StoreOperation;
use certsession_core::test_util::FaultyStore;
use certsession_tests::{Http, Stack};
use reqwest::Method;

use crate::request::routes;
use crate::wire::Host;

#[tokio::test]
async fn a_client_that_hangs_up_at_any_point_leaves_the_session_whole() {
    for http in [Http::One, Http::Two] {
        let store = FaultyStore::new(MemoryStore::new());
        let faults = store.faults();
        let manager: SessionManager<_> = store.into();
        let sessions = CertSessionLayer::new(manager);
        let app = routes().layer(sessions.clone());
        let host = Host::start(Stack::Rustls, app, |server| server).await;
        let alice = host.browser("alice", http);
        assert_eq!(alice.post("/sign-in/alice").await.status, 200);
        assert_eq!(alice.post("/word/first").await.status, 200);

        // While the session is loaded, and while what was written is committed.
        for operation in [StoreOperation::Load, StoreOperation::Commit] {
            let gate = faults.hold_next(operation);
            let request = {
                let alice = alice.clone();
                // Its own thread: the client of HTTP/1.1 blocks.
                tokio::task::spawn_blocking(move || {
                    alice.send_to_hang_up(Method::POST, "/word/second")
                })
            };
            let request = request.await.unwrap();
            gate.arrived().await;
            drop(request);
            tokio::time::sleep(Duration::from_millis(50)).await;
            gate.release();
            assert!(sessions.drain(Duration::from_secs(5)).await);
            assert_eq!(alice.get("/me").await.body, "alice", "{operation:?}");
        }
        assert_eq!(alice.post("/word/third").await.status, 200);
        assert_eq!(alice.get("/word").await.body, "third");
    }
}

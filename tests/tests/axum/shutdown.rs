//! A server that is told to stop.

use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::routing::{get, post};
use certsession_axum::{
    CertSession, CertSessionLayer, Error, MemoryStore, Owner, SessionManager, SessionStore,
};
use certsession_core::test_util::FaultyStore;
use certsession_core::{Page, Principal, StoreOperation};
use certsession_tests::{Http, Stack};
use reqwest::Method;
use tokio::net::TcpStream;
use tokio::sync::Notify;

use crate::request::routes;
use crate::wire::Host;

/// A route that tells when it is entered, and answers when it is let go on.
#[derive(Clone, Default)]
struct Held {
    entered: Arc<Notify>,
    go_on: Arc<Notify>,
}

impl Held {
    fn routes(&self) -> Router {
        let (held, ending) = (self.clone(), self.clone());
        let wait = async move || {
            held.entered.notify_one();
            held.go_on.notified().await;
            "finished"
        };
        let end_and_wait = async move |session: CertSession| -> Result<(), Error> {
            session.end()?;
            ending.entered.notify_one();
            ending.go_on.notified().await;
            Ok(())
        };
        routes()
            .route("/held", get(wait))
            .route("/end-and-hold", post(end_and_wait))
    }
}

async fn count<S: SessionStore>(sessions: &CertSessionLayer<S>) -> usize {
    let alice = Owner::Principal(Principal::new("alice").unwrap());
    let page = sessions.manager().sessions(&alice, &Page::default()).await;
    page.unwrap().sessions().len()
}

async fn ended_within(host: &mut Host, limit: Duration) -> Duration {
    let began = Instant::now();
    let ended = tokio::time::timeout(limit, &mut host.task).await;
    ended.expect("the server has not ended").unwrap();
    began.elapsed()
}

#[tokio::test]
async fn a_request_in_progress_is_finished_and_no_connection_is_accepted() {
    for http in [Http::One, Http::Two] {
        let (held, stop) = (Held::default(), Arc::new(Notify::new()));
        let stopped = Arc::clone(&stop);
        let app = held
            .routes()
            .layer(CertSessionLayer::new(MemoryStore::new()));
        let mut host = Host::start(Stack::Rustls, app, |server| {
            server.with_graceful_shutdown(async move { stopped.notified().await })
        })
        .await;
        let (alice, idle) = (host.browser("alice", http), host.browser("bob", http));
        assert_eq!(idle.get("/word").await.status, 200);
        let request = tokio::spawn(async move { alice.get("/held").await });
        held.entered.notified().await;
        stop.notify_one();
        // Time for the server to hear of it.
        tokio::time::sleep(Duration::from_millis(100)).await;
        assert!(TcpStream::connect(host.address).await.is_err(), "{http:?}");
        assert!(!host.task.is_finished());
        held.go_on.notify_one();
        assert_eq!(request.await.unwrap().body, "finished");
        ended_within(&mut host, Duration::from_secs(5)).await;
    }
}

#[tokio::test]
async fn at_the_deadline_requests_are_dropped_and_an_end_that_was_asked_for_is_waited_for() {
    for http in [Http::One, Http::Two] {
        let (held, stop) = (Held::default(), Arc::new(Notify::new()));
        let stopped = Arc::clone(&stop);
        let store = FaultyStore::new(MemoryStore::new());
        let faults = store.faults();
        let manager: SessionManager<_> = store.into();
        let sessions = CertSessionLayer::new(manager);
        let app = held.routes().layer(sessions.clone());
        let mut host = Host::start(Stack::Openssl, app, |server| {
            server
                .with_sessions(&sessions)
                .with_shutdown_deadline(Duration::from_millis(300))
                .with_graceful_shutdown(async move { stopped.notified().await })
        })
        .await;
        let alice = host.browser("alice", http);
        assert_eq!(alice.post("/sign-in/alice").await.status, 200);
        assert_eq!(count(&sessions).await, 1);
        let gate = faults.hold_next(StoreOperation::Remove);
        let request = {
            let alice = alice.clone();
            let request = alice.request(Method::POST, "/end-and-hold");
            tokio::spawn(async move { alice.try_send(request).await.is_ok() })
        };
        held.entered.notified().await;
        stop.notify_one();
        gate.arrived().await;
        tokio::time::sleep(Duration::from_millis(200)).await;
        assert!(!host.task.is_finished(), "the end is in flight");
        gate.release();
        ended_within(&mut host, Duration::from_secs(5)).await;
        assert!(!request.await.unwrap(), "the request was dropped");
        assert_eq!(count(&sessions).await, 0);
    }
}

#[tokio::test]
async fn an_unfinished_handshake_does_not_keep_the_server() {
    let stop = Arc::new(Notify::new());
    let stopped = Arc::clone(&stop);
    let mut host = Host::start(Stack::Rustls, routes(), |server| {
        server.with_graceful_shutdown(async move { stopped.notified().await })
    })
    .await;
    let _stalled = TcpStream::connect(host.address).await.unwrap();
    tokio::time::sleep(Duration::from_millis(50)).await;
    stop.notify_one();
    let after = ended_within(&mut host, Duration::from_secs(5)).await;
    assert!(after < Duration::from_secs(2), "{after:?}");
}

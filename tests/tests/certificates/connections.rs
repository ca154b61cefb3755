//! Connections that stay open while client CAs change, and that are closed for their certificate.

use std::time::{Duration, Instant};

use certs_dev::Authority;
use certsession_tests::{Browser, Client, Plan, Setup, promises_of_connections};
use rustls::version::TLS13;

promises_of_connections![
    p8_a_client_ca_that_is_taken_away_is_noticed_on_the_open_connection,
    a_connection_is_closed_after_its_certificate_was_refused,
    a_connection_stays_open_after_any_other_refusal,
];

const PATIENCE: Duration = Duration::from_secs(20);

async fn p8_a_client_ca_that_is_taken_away_is_noticed_on_the_open_connection(plan: Plan) {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("ca.pem");
    let (kept, removed) = (
        Authority::new("kept").unwrap(),
        Authority::new("removed").unwrap(),
    );
    let both = format!("{}{}", kept.certificate_pem(), removed.certificate_pem());
    std::fs::write(&file, both).unwrap();
    let setup = Setup {
        client_ca_file: Some(file.clone()),
        ..Setup::default()
    };
    let site = plan.start_with(setup).await;
    let client = |authority: &Authority, name| {
        let request = certs_dev::LeafRequest::client(name);
        Client::of(&authority.issue(&request).unwrap())
    };
    let alice = site.browser_with(&client(&removed, "alice"));
    let bob = site.browser_with(&client(&kept, "bob"));
    alice.sign_in("alice", &[]).await;
    bob.sign_in("bob", &[]).await;

    let new = file.with_extension("new");
    std::fs::write(&new, kept.certificate_pem()).unwrap();
    std::fs::rename(new, file).unwrap();
    let began = Instant::now();
    // A new connection would fail in its handshake, and `get` with it: each response comes over the
    // connection of the sign-in.
    while alice.get("/me").await.status != 403 {
        assert!(began.elapsed() < PATIENCE, "it is still admitted");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(bob.get("/me").await.status, 200);
}

async fn a_connection_is_closed_after_its_certificate_was_refused(plan: Plan) {
    let site = plan.start().await;
    let alice = site.browser("alice");
    alice.sign_in("alice", &[]).await;
    let (eve, shown) = Browser::counting(
        site.address(),
        site.certificates.authority().certificate_der(),
        &site.certificates.client("eve"),
        plan.http(),
        &TLS13,
    );
    let own = eve.cookie();
    eve.set_cookie(alice.cookie());
    let refused = eve.get("/me").await;
    assert_eq!((refused.status, shown.times()), (403, 1));
    eve.set_cookie(own);
    let began = Instant::now();
    while shown.times() == 1 {
        assert!(began.elapsed() < PATIENCE, "the connection is still open");
        // Over HTTP/2 it is closed when it is idle.
        tokio::time::sleep(Duration::from_millis(1500)).await;
        assert_eq!(eve.get("/public").await.status, 204);
    }
}

async fn a_connection_stays_open_after_any_other_refusal(plan: Plan) {
    let site = plan.start().await;
    let (eve, shown) = Browser::counting(
        site.address(),
        site.certificates.authority().certificate_der(),
        &site.certificates.client("eve"),
        plan.http(),
        &TLS13,
    );
    assert_eq!(eve.get("/me").await.status, 401);
    tokio::time::sleep(Duration::from_millis(2500)).await;
    assert_eq!(eve.get("/public").await.status, 204);
    assert_eq!(shown.times(), 1, "it was closed");
}

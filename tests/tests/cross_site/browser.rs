//! Chromium with Alice's certificate: on the server's own page, then on that of another site.

use std::time::{Duration, Instant};

use certs_dev::LeafRequest;
use certsession_core::{Owner, Page, Refusal, SessionEvent};
use certsession_tests::stores::Memory;
use certsession_tests::{Chromium, Http, OtherSite, Plan, Stack, adapters, run};

#[test]
fn chromium_on_another_sites_page_neither_signs_out_nor_in_nor_opens_a_web_socket_on_actix_web() {
    run::<adapters::Actix, Memory, _>(Stack::Rustls, Http::Two, attack);
}

#[test]
fn chromium_on_another_sites_page_neither_signs_out_nor_in_nor_opens_a_web_socket_on_axum() {
    run::<adapters::Axum, Memory, _>(Stack::Openssl, Http::Two, attack);
}

async fn attack(plan: Plan) {
    let site = plan.start().await;
    let other = OtherSite::start();
    let authority = site.certificates.authority();
    let alice = authority.issue(&LeafRequest::client("alice")).unwrap();
    let own = format!("https://localhost:{}", site.address().port());
    let url = format!("{own}/own-page?from={}", other.origin());
    let _chromium = Chromium::open(&url, authority, &alice);
    let report = other.report();
    // The page of the own site may do all of it.
    assert_eq!(report, "status=204&opened=true&foreign=false");

    let refused = |event: &SessionEvent| match event {
        SessionEvent::Refused { reason, .. } => *reason == Refusal::CrossSite,
        _ => false,
    };
    // A sign-out, a sign-in, a WebSocket, and a sign-in by a form as a whole page.
    let began = Instant::now();
    while site.events.count(refused) < 4 {
        let told = site.events.events();
        assert!(began.elapsed() < Duration::from_secs(60), "{told:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let sessions_of = async |name: &str| {
        let owner = Owner::principal(name).unwrap();
        site.admin
            .sessions(&owner, &Page::default())
            .await
            .unwrap()
            .sessions()
            .len()
    };
    assert_eq!(sessions_of("alice").await, 1);
    assert_eq!(sessions_of("mallory").await, 0);
    // The certificate came along: without the guard each of them would have had a client.
    let is_of_alice = |event: &SessionEvent| match event {
        SessionEvent::SignedIn { principal, .. } => principal.as_str() == "alice",
        _ => false,
    };
    assert_eq!(site.events.count(is_of_alice), 1);
}

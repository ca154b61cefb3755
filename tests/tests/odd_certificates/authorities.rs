//! Certificates that look like the session's own, but from another authority or with another key.

use certs_dev::{Authority, Identity, LeafRequest};
use certsession_actix::ClientAuth;
use certsession_core::{BindingPolicy, Refusal, SessionEvent};
use certsession_tests::{Client, Plan, Setup, Site, promises};
use reqwest::Method;
use serde_json::{Value, json};

use crate::verdict::{assert_others_are_served, assert_refused_by_tls};

promises![
    the_same_serial_from_another_authority_is_another_certificate,
    the_same_serial_from_an_authority_of_the_same_name_is_another_certificate,
    a_certificate_renewed_with_another_key_is_another_certificate,
    a_certificate_of_an_authority_that_is_not_trusted_is_refused_by_tls,
    a_server_certificate_is_not_accepted_from_a_client,
    a_client_without_a_certificate_is_refused_by_tls_unless_it_is_optional,
];

fn alice() -> LeafRequest {
    LeafRequest::client("alice").serial([0x0a, 0x11, 0xce])
}

/// Begins a session under `bound`, and uses its cookie under `other`: it must be refused, with the
/// session unharmed.
async fn assert_stays_with(site: &Site, bound: &Identity, other: &Identity) {
    let owner = site.browser_with(&Client::of(bound));
    assert_eq!(owner.sign_in("alice", &[]).await.status, 204);
    let fingerprint = Client::of(bound).certificate().fingerprint().to_string();

    let thief = site.browser_with(&Client::of(other));
    assert_eq!(
        thief.get("/session").await.json(),
        Value::Null,
        "it is admitted"
    );
    thief.set_cookie(owner.cookie());
    for path in ["/session", "/me", "/public"] {
        assert_eq!(thief.get(path).await.status, 403, "{path}");
    }
    assert_eq!(thief.post("/sign-out").await.status, 403);
    let refused = |event: &SessionEvent| {
        let reason = Refusal::OtherCertificate;
        matches!(event, SessionEvent::Refused { reason: r, .. } if *r == reason)
    };
    assert_eq!(site.events.count(refused), 4);

    let session = owner.get("/session").await.json();
    assert_eq!(session["principal"], "alice");
    assert_eq!(session["certificate"]["sha256"], fingerprint);

    thief.set_cookie(None);
    assert_eq!(
        thief.sign_in("alice", &[]).await.status,
        204,
        "a session of its own"
    );
    let theirs = thief.get("/session").await.json();
    assert_eq!(
        theirs["certificate"]["serial"],
        session["certificate"]["serial"]
    );
    assert_ne!(theirs["certificate"]["sha256"], fingerprint);
    assert_others_are_served(site, &owner).await;
}

async fn trusting(plan: Plan, other: &Authority, binding: BindingPolicy) -> Site {
    plan.start_with(Setup {
        binding,
        further_authorities: vec![other.certificate_pem().to_owned()],
        ..Setup::default()
    })
    .await
}

async fn the_same_serial_from_another_authority_is_another_certificate(plan: Plan) {
    let other = Authority::new("another CA").unwrap();
    for binding in [BindingPolicy::Certificate, BindingPolicy::PublicKey] {
        let site = trusting(plan, &other, binding).await;
        let bound = site.certificates.authority().issue(&alice()).unwrap();
        // The same subject and the same key as well: only the issuer differs.
        let twin = other.issue(&alice().same_key_as(&bound)).unwrap();
        assert_stays_with(&site, &bound, &twin).await;
    }
}

async fn the_same_serial_from_an_authority_of_the_same_name_is_another_certificate(plan: Plan) {
    let other = Authority::new("certsession test CA").unwrap();
    for binding in [BindingPolicy::Certificate, BindingPolicy::PublicKey] {
        let site = trusting(plan, &other, binding).await;
        let authority = site.certificates.authority();
        assert_eq!(authority.subject_der(), other.subject_der());
        let bound = authority.issue(&alice()).unwrap();
        let twin = other.issue(&alice()).unwrap();
        assert_stays_with(&site, &bound, &twin).await;
    }
}

async fn a_certificate_renewed_with_another_key_is_another_certificate(plan: Plan) {
    for binding in [BindingPolicy::Certificate, BindingPolicy::PublicKey] {
        let setup = Setup {
            binding,
            ..Setup::default()
        };
        let site = plan.start_with(setup).await;
        let authority = site.certificates.authority();
        let bound = authority.issue(&alice()).unwrap();
        // Even with the same serial number, which a CA must not reuse.
        let renewed = authority.issue(&alice()).unwrap();
        assert_stays_with(&site, &bound, &renewed).await;
    }
}

async fn a_certificate_of_an_authority_that_is_not_trusted_is_refused_by_tls(plan: Plan) {
    // With the same name, too.
    let other = Authority::new("certsession test CA").unwrap();
    let client = Client::of(&other.issue(&alice()).unwrap());
    for client_auth in [ClientAuth::Required, ClientAuth::Optional] {
        let setup = Setup {
            client_auth,
            ..Setup::default()
        };
        let site = plan.start_with(setup).await;
        let bystander = site.browser("bystander");
        bystander.sign_in("bystander", &[]).await;
        assert_refused_by_tls(&site, &client).await;
        assert_others_are_served(&site, &bystander).await;
    }
}

async fn a_server_certificate_is_not_accepted_from_a_client(plan: Plan) {
    let site = plan.start().await;
    let server = site.certificates.issue(&LeafRequest::server("localhost"));
    assert_refused_by_tls(&site, &server).await;
}

async fn a_client_without_a_certificate_is_refused_by_tls_unless_it_is_optional(plan: Plan) {
    let site = plan.start().await;
    let stranger = site.stranger();
    let request = stranger.request(Method::GET, "/session");
    assert!(stranger.try_send(request).await.is_err());

    let setup = Setup {
        client_auth: ClientAuth::Optional,
        ..Setup::default()
    };
    let site = plan.start_with(setup).await;
    let owner = site.browser("alice");
    owner.sign_in("alice", &[]).await;
    let stranger = site.stranger();
    assert_eq!(stranger.get("/session").await.json(), Value::Null);
    assert_eq!(stranger.put("/session/data/k", json!(1)).await.status, 403);
    assert_eq!(stranger.sign_in("alice", &[]).await.status, 403);
    stranger.set_cookie(owner.cookie());
    assert_eq!(stranger.get("/session").await.status, 403);
    assert_others_are_served(&site, &owner).await;
}

//! Which CA may have issued the renewed certificate that a session follows.

use certsession_core::{BindingPolicy, IdentityName, PeerState, Refusal, RenewedBy};

use crate::support::{Ca, Certificate, Client, MINUTE, World};

const ID: &str = "spiffe://example.org/web";

fn world(renewed_by: RenewedBy) -> World {
    let policy = BindingPolicy::Identity(IdentityName::SpiffeId);
    World::with(|rules| rules.binding(policy).renewed_by(renewed_by))
}

fn svid(serial: u64) -> Certificate {
    let certificate = Certificate::serial(serial).uri(ID);
    certificate.later(MINUTE * u32::try_from(serial).unwrap())
}

/// Whether a session that was begun under one certificate goes on under the other.
fn follows(renewed_by: RenewedBy, from: &PeerState, to: &PeerState) -> bool {
    let world = world(renewed_by);
    let client = Client::signed_in(&world, from, "web");
    let mut renewed = Client::with_cookie_of(to, &client);
    if renewed.try_open(&world).is_err() {
        assert_eq!(renewed.refusal(&world), Refusal::OtherCertificate);
        return false;
    }
    renewed.request(&world, |session| {
        assert_eq!(session.principal().unwrap().as_str(), "web");
    });
    assert!(client.try_open(&world).is_err() || client.handle(&world).is_none());
    true
}

#[test]
fn a_session_follows_a_renewal_by_another_intermediate_of_the_same_ca() {
    let root = Ca::named("root");
    let (one, other) = (Ca::named("issuing 1"), Ca::named("issuing 2"));
    let from = one.issue_under(&root, &svid(1));
    let to = other.issue_under(&root, &svid(2));
    for renewed_by in [RenewedBy::SameCa, RenewedBy::TrustDomain, RenewedBy::AnyCa] {
        assert!(follows(renewed_by, &from, &to), "{renewed_by:?}");
    }
}

#[test]
fn p2_an_issuer_of_the_same_name_under_another_ca_takes_nothing_over() {
    let (root, other_root) = (Ca::named("root"), Ca::named("root"));
    let (issuing, same_name) = (Ca::named("issuing"), Ca::named("issuing"));
    let from = issuing.issue_under(&root, &svid(1));
    let to = same_name.issue_under(&other_root, &svid(2));
    assert!(!follows(RenewedBy::SameCa, &from, &to));
    assert!(!follows(RenewedBy::TrustDomain, &from, &to));
    assert!(follows(RenewedBy::AnyCa, &from, &to));
}

#[test]
fn a_session_follows_through_the_rotation_of_a_trust_domains_ca() {
    let before = Ca::of_domain("of monday", "example.org");
    let after = Ca::of_domain("of tuesday", "example.org");
    let elsewhere = Ca::of_domain("of tuesday", "example.com");
    let from = before.issue_under(&before, &svid(1));
    let to = after.issue_under(&after, &svid(2));
    assert!(follows(RenewedBy::TrustDomain, &from, &to));
    assert!(!follows(RenewedBy::SameCa, &from, &to));
    let to = elsewhere.issue_under(&elsewhere, &svid(2));
    assert!(!follows(RenewedBy::TrustDomain, &from, &to));
    // Two CAs without a trust domain share none.
    let (one, other) = (Ca::named("one"), Ca::named("other"));
    let from = one.issue_under(&one, &svid(1));
    let to = other.issue_under(&other, &svid(2));
    assert!(!follows(RenewedBy::TrustDomain, &from, &to));
}

#[test]
fn p2_a_session_whose_ca_is_known_follows_no_certificate_whose_ca_is_not() {
    let ca = Ca::named("ca");
    let (known, unknown) = (ca.issue_under(&ca, &svid(1)), ca.issue(&svid(2)));
    assert!(!follows(RenewedBy::SameCa, &known, &unknown));
    let (unknown, known) = (ca.issue(&svid(1)), ca.issue_under(&ca, &svid(2)));
    assert!(!follows(RenewedBy::SameCa, &unknown, &known));
    assert!(follows(
        RenewedBy::SameCa,
        &ca.issue(&svid(1)),
        &ca.issue(&svid(2))
    ));
}

#[test]
fn a_session_under_its_own_certificate_does_not_ask_for_the_ca() {
    let ca = Ca::named("ca");
    let world = World::new();
    let certificate = svid(1);
    let client = Client::signed_in(&world, &ca.issue(&certificate), "web");
    let PeerState::Verified(same) = &client.peer else {
        panic!("it is verified");
    };
    let again = PeerState::Verified(std::sync::Arc::clone(same)).verified_by(ca.anchor());
    assert!(
        Client::with_cookie_of(&again, &client)
            .handle(&world)
            .is_some()
    );
}

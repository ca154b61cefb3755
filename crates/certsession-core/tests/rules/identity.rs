//! The policy `Identity`: a session is bound to a name, with any key.

use std::time::Duration;

use certsession_core::test_util::Fault;
use certsession_core::{
    BindingPolicy, IdentityName, PeerState, Refusal, RotationReason, SessionEvent, StoreOperation,
};

use crate::support::{Ca, Certificate, Client, MINUTE, World, owner};

const SPIFFE: &str = "spiffe://example.com/web";

fn world_by(name: IdentityName) -> World {
    World::with(|rules| rules.binding(BindingPolicy::Identity(name)))
}

/// A certificate with this SPIFFE id and a key of its own.
fn svid(serial: u64, later: Duration) -> Certificate {
    Certificate::serial(serial).uri(SPIFFE).later(later)
}

/// Begins a session under one certificate, and returns the result of a request under another.
fn moves(world: &World, from: &PeerState, to: &PeerState) -> Result<(), Refusal> {
    let mut client = Client::signed_in(world, from, "web");
    client.peer = to.clone();
    match client.try_open(world) {
        Ok(mut session) => {
            client.finish(world, &mut session).result.unwrap();
            assert_eq!(client.principal(world).as_deref(), Some("web"));
            Ok(())
        }
        Err(certsession_core::SessionError::Refused(reason)) => Err(reason),
        Err(other) => panic!("{other}"),
    }
}

#[test]
fn a_renewal_with_a_new_key_re_binds_the_session_and_rotates_the_token() {
    let world = world_by(IdentityName::SpiffeId);
    let ca = Ca::named("ca");
    let old = ca.issue(&svid(1, Duration::ZERO));
    let new = ca.issue(&svid(2, MINUTE));
    let mut client = Client::signed_in(&world, &old, "web");
    let before = client.clone();
    world.events();
    client.peer = new.clone();
    assert!(client.try_request(&world, |_| {}).has_token());
    let handle = client.handle(&world).unwrap();
    let fingerprint = |peer: &PeerState| *peer.certificate().unwrap().fingerprint();
    let (from, to) = (fingerprint(&old), fingerprint(&new));
    let reason = RotationReason::Renewal;
    assert_eq!(
        world.events(),
        [
            SessionEvent::Rebound { handle, from, to },
            SessionEvent::Rotated { handle, reason },
        ]
    );
    assert_eq!(world.sessions_by(&owner(&old)), []);
    assert_eq!(world.sessions_by(&owner(&new)), [handle]);
    // The older certificate is refused from now on, with the new token and with the old one.
    let older = Client::with_cookie_of(&old, &client);
    assert_eq!(older.refusal(&world), Refusal::CertificateSuperseded);
    assert!(before.try_open(&world).is_err() || before.handle(&world).is_none());
}

#[test]
fn an_older_certificate_of_the_same_name_never_wins() {
    let world = world_by(IdentityName::SpiffeId);
    let ca = Ca::named("ca");
    let new = ca.issue(&svid(1, MINUTE));
    let old = ca.issue(&svid(2, Duration::ZERO));
    assert_eq!(
        moves(&world, &new, &old),
        Err(Refusal::CertificateSuperseded)
    );
    let twin = ca.issue(&svid(3, MINUTE));
    assert_eq!(
        moves(&world, &new, &twin),
        Err(Refusal::CertificateSuperseded)
    );
}

#[test]
fn p2_another_name_or_issuer_or_no_name_is_another_certificate() {
    let world = world_by(IdentityName::SpiffeId);
    let ca = Ca::named("ca");
    let bound = ca.issue(&svid(1, Duration::ZERO));
    let later = |certificate: Certificate| certificate.later(MINUTE);
    let others = [
        ca.issue(&later(
            Certificate::serial(2).uri("spiffe://example.com/db"),
        )),
        ca.issue(&later(
            Certificate::serial(2).uri("spiffe://example.com/WEB"),
        )),
        ca.issue(&later(Certificate::serial(2).dns("example.com"))),
        ca.issue(&later(Certificate::serial(2))),
        Ca::named("another").issue(&svid(1, MINUTE)),
    ];
    for other in others {
        assert_eq!(
            moves(&world, &bound, &other),
            Err(Refusal::OtherCertificate),
            "{other:?}"
        );
    }
}

#[test]
fn a_dns_name_is_compared_without_case_and_has_to_be_the_only_one() {
    let world = world_by(IdentityName::DnsName);
    let ca = Ca::named("ca");
    let one = ca.issue(&Certificate::serial(1).dns("web.example.com"));
    let same = ca.issue(&Certificate::serial(2).dns("WEB.example.com").later(MINUTE));
    assert_eq!(moves(&world, &one, &same), Ok(()));
    let two = Certificate::serial(3)
        .dns("web.example.com")
        .dns("db.example.com");
    let two = ca.issue(&two.later(MINUTE));
    assert_eq!(moves(&world, &one, &two), Err(Refusal::OtherCertificate));
    let later = Certificate::serial(4)
        .dns("web.example.com")
        .dns("db.example.com");
    let later = ca.issue(&later.later(2 * MINUTE));
    assert_eq!(moves(&world, &two, &later), Err(Refusal::OtherCertificate));
}

#[test]
fn a_name_of_one_kind_is_not_one_of_another() {
    let world = world_by(IdentityName::DnsName);
    let ca = Ca::named("ca");
    let by_uri = ca.issue(&Certificate::serial(1).uri("x:web"));
    let by_dns = ca.issue(&Certificate::serial(2).dns("x:web").later(MINUTE));
    assert_eq!(
        moves(&world, &by_uri, &by_dns),
        Err(Refusal::OtherCertificate)
    );
}

#[test]
fn a_certificate_with_two_spiffe_ids_is_rejected() {
    let certificate = svid(1, Duration::ZERO).uri("spiffe://example.com/db");
    let peer = Ca::named("ca").issue_odd(&certificate);
    assert!(matches!(peer, PeerState::Rejected(_)));
    let world = world_by(IdentityName::SpiffeId);
    assert_eq!(
        Client::of(&peer).refusal(&world),
        Refusal::CertificateRejected
    );
}

#[test]
fn p6_a_re_binding_that_fails_keeps_the_session_as_it_was() {
    for fault in [Fault::Before, Fault::After] {
        let world = world_by(IdentityName::SpiffeId);
        let ca = Ca::named("ca");
        let mut client = Client::signed_in(&world, &ca.issue(&svid(1, Duration::ZERO)), "web");
        client.peer = ca.issue(&svid(2, MINUTE));
        world.faults.fail_next(StoreOperation::Commit, fault);
        client.request(&world, |session| assert!(session.principal().is_some()));
        client.request(&world, |session| assert!(session.principal().is_some()));
    }
}

//! A renewed certificate under each policy that admits it: P2 and P3.

use certsession_core::test_util::Fault;
use certsession_core::{
    BindingPolicy, Key, PeerState, Refusal, SessionError, SessionEvent, StoreOperation,
};

use crate::support::{Ca, Certificate, Client, HOUR, MINUTE, NOW, World, owner};

const CART: Key<u32> = Key::new("cart");

struct Renewal {
    ca: Ca,
    old_certificate: Certificate,
    old: PeerState,
    new: PeerState,
}

fn renewal() -> Renewal {
    let ca = Ca::named("ca");
    let old_certificate = Certificate::serial(1);
    let old = ca.issue(&old_certificate);
    let new = ca.issue(&old_certificate.renewed(2, MINUTE));
    Renewal {
        ca,
        old_certificate,
        old,
        new,
    }
}

fn public_key() -> World {
    World::with(|rules| rules.binding(BindingPolicy::PublicKey))
}

#[test]
fn p2_by_default_a_renewed_certificate_opens_nothing_and_leaves_the_session_alone() {
    let world = World::new();
    let Renewal { old, new, .. } = renewal();
    let client = Client::signed_in(&world, &old, "alice");
    let handle = client.handle(&world);
    client
        .clone()
        .request(&world, |session| session.insert(&CART, &1).unwrap());
    world.events();
    let mut renewed = Client::with_cookie_of(&new, &client);
    let answer = renewed.try_request(&world, |session| {
        assert_eq!(session.handle(), None);
        assert_eq!(session.principal(), None);
        assert_eq!(session.get(&CART).unwrap(), None);
        let written = session.insert(&CART, &2);
        let renewed = Refusal::CertificateRenewed;
        assert!(matches!(written, Err(SessionError::Refused(it)) if it == renewed));
        assert_eq!(session.refusal(), Some(renewed));
        assert!(session.sign_out().is_err());
    });
    answer.result.unwrap();
    assert!(answer.cookie.is_none(), "the cookie is the session's");
    let reason = Refusal::CertificateRenewed;
    assert_eq!(world.events(), [SessionEvent::Refused { handle, reason }]);
    assert_eq!(client.principal(&world).as_deref(), Some("alice"));
}

#[test]
fn p3_by_default_a_sign_in_under_a_renewed_certificate_begins_a_session_of_its_own() {
    type Renew = fn(&Certificate) -> Certificate;
    let same_key: Renew = |old| old.renewed(2, MINUTE);
    let same_subject: Renew = |old| {
        let new = Certificate::serial(2).later(MINUTE).dns("a.example");
        new.subject(old.subject_name())
    };
    let same_name: Renew = |_| Certificate::serial(2).later(MINUTE).dns("a.example");
    for renew in [same_key, same_subject, same_name] {
        let world = World::new();
        let ca = Ca::named("ca");
        let certificate = Certificate::serial(1).dns("a.example");
        let old = ca.issue(&certificate);
        let new = ca.issue(&renew(&certificate));
        let client = Client::signed_in(&world, &old, "alice");
        let before = client.handle(&world).unwrap();
        let mut renewed = Client::with_cookie_of(&new, &client);
        world.clock.advance(MINUTE);
        renewed.request(&world, |session| session.sign_in("alice").unwrap());
        let after = renewed.handle(&world).unwrap();
        assert_ne!(before, after);
        assert_eq!(world.sessions_of("alice"), [before, after]);
        assert_eq!(client.handle(&world), Some(before), "it is left as it was");
        assert_eq!(world.sessions_by(&owner(&new)), [after]);
    }
}

#[test]
fn p2_a_newer_certificate_of_someone_else_is_refused_and_so_is_an_older_one() {
    let world = World::new();
    let ca = Ca::named("ca");
    let certificate = Certificate::serial(1).later(MINUTE);
    let client = Client::signed_in(&world, &ca.issue(&certificate), "alice");
    let refusal = |peer: &PeerState| Client::with_cookie_of(peer, &client).refusal(&world);
    let other = ca.issue(&Certificate::serial(2).later(2 * MINUTE));
    assert_eq!(refusal(&other), Refusal::OtherCertificate);
    let other_name = Certificate::serial(5).subject(certificate.subject_name());
    let other_name = ca.issue(&other_name.dns("other.example").later(2 * MINUTE));
    assert_eq!(refusal(&other_name), Refusal::OtherCertificate);
    let older = Certificate::serial(3).subject(certificate.subject_name());
    assert_eq!(refusal(&ca.issue(&older)), Refusal::OtherCertificate);
    let alike = Certificate::serial(4).subject(certificate.subject_name());
    let elsewhere = Ca::named("other").issue(&alike.later(2 * MINUTE));
    assert_eq!(refusal(&elsewhere), Refusal::OtherCertificate);
}

#[test]
fn p3_a_renewed_certificate_of_the_same_key_keeps_the_session_with_a_new_token() {
    let world = public_key();
    let Renewal { old, new, .. } = renewal();
    let mut client = Client::signed_in(&world, &old, "alice");
    let handle = client.handle(&world).unwrap();
    world.events();

    client.peer = new.clone();
    let before = client.cookie.clone();
    // A request that only reads is sufficient, with one commit.
    let mut session = client.open(&world);
    client.finish(&world, &mut session).result.unwrap();
    assert!(session.begin_commit().is_none());
    assert_ne!(client.cookie, before);
    let fingerprint = |peer: &PeerState| *peer.certificate().unwrap().fingerprint();
    let (from, to) = (fingerprint(&old), fingerprint(&new));
    let events = world.events();
    assert_eq!(events[0], SessionEvent::Rebound { handle, from, to });
    assert!(matches!(events[1], SessionEvent::Rotated { .. }));
    assert_eq!(events.len(), 2);
    assert_eq!(client.principal(&world).as_deref(), Some("alice"));
    assert_eq!(world.sessions_by(&owner(&new)), [handle]);
    assert_eq!(world.sessions_by(&owner(&old)), []);
}

#[test]
fn p2_a_superseded_certificate_is_refused_and_does_not_take_the_session_back() {
    let world = public_key();
    let Renewal { old, new, .. } = renewal();
    let mut client = Client::signed_in(&world, &old, "alice");
    client.peer = new;
    client.request(&world, |_| {});
    let superseded = Client::with_cookie_of(&old, &client);
    assert_eq!(superseded.refusal(&world), Refusal::CertificateSuperseded);
    assert_eq!(client.principal(&world).as_deref(), Some("alice"));
}

#[test]
fn p2_the_same_key_under_another_issuer_is_refused() {
    let world = public_key();
    let Renewal {
        old,
        old_certificate,
        ..
    } = renewal();
    let client = Client::signed_in(&world, &old, "alice");
    let other_ca = Ca::named("other ca");
    let elsewhere = other_ca.issue(&old_certificate.renewed(2, MINUTE));
    let thief = Client::with_cookie_of(&elsewhere, &client);
    assert_eq!(thief.refusal(&world), Refusal::OtherCertificate);
}

#[test]
fn p2_another_key_of_the_same_issuer_is_refused() {
    let world = public_key();
    let Renewal { ca, old, .. } = renewal();
    let client = Client::signed_in(&world, &old, "alice");
    let later = Certificate::serial(2).valid(NOW, NOW + HOUR);
    let thief = Client::with_cookie_of(&ca.issue(&later), &client);
    assert_eq!(thief.refusal(&world), Refusal::OtherCertificate);
}

#[test]
fn the_session_follows_the_renewed_certificate_to_its_end_and_not_the_old_one() {
    let world = public_key();
    let ca = Ca::named("ca");
    let short = Certificate::serial(1).valid(NOW, NOW + 10 * MINUTE);
    let mut client = Client::signed_in(&world, &ca.issue(&short), "alice");
    let deadline = |client: &Client| client.open(&world).record().unwrap().absolute_deadline();
    assert_eq!(deadline(&client), NOW + 10 * MINUTE);

    let long = short
        .renewed(2, MINUTE)
        .valid(NOW + MINUTE, NOW + 24 * HOUR);
    world.clock.advance(2 * MINUTE);
    client.peer = ca.issue(&long);
    client.request(&world, |_| {});
    // Twelve hours after the sign-in: a renewed certificate restarts no lifetime.
    assert_eq!(deadline(&client), NOW + 12 * HOUR);
}

#[test]
fn a_rebind_that_failed_in_the_store_fails_no_read_and_is_retried() {
    let world = public_key();
    let Renewal { old, new, .. } = renewal();
    let mut client = Client::signed_in(&world, &old, "alice");
    client.peer = new.clone();
    world
        .faults
        .fail_next(StoreOperation::Commit, Fault::Before);
    client.request(&world, |session| {
        assert_eq!(session.principal().unwrap().as_str(), "alice");
    });
    assert_eq!(world.sessions_by(&owner(&new)), []);
    client.request(&world, |_| {});
    assert_eq!(world.sessions_by(&owner(&new)).len(), 1);
}

#[test]
fn of_parallel_requests_under_a_renewed_certificate_one_gets_the_token_and_one_event_is_emitted() {
    let world = public_key();
    let Renewal { old, new, .. } = renewal();
    let mut client = Client::signed_in(&world, &old, "alice");
    client.peer = new;
    let mut requests = [(); 3].map(|()| (client.clone(), client.open(&world)));
    world.events();
    let mut tokens = 0;
    for (n, (client, session)) in (0..).zip(&mut requests) {
        session
            .insert(&Key::<u32>::named(n.to_string()), &n)
            .unwrap();
        tokens += u32::from(client.finish(&world, session).has_token());
    }
    assert_eq!(tokens, 1);
    let rebinds = |event: &SessionEvent| matches!(event, SessionEvent::Rebound { .. });
    assert_eq!(world.log.count(rebinds), 1);
    assert_eq!(requests[0].0.open(&world).entries().unwrap().len(), 3);
}

#[test]
fn p2_a_token_in_its_grace_is_not_accepted_under_a_renewed_certificate() {
    let world = public_key();
    let Renewal { old, new, .. } = renewal();
    let mut client = Client::signed_in(&world, &old, "alice");
    let before = client.clone();
    world.clock.advance(15 * MINUTE);
    assert!(client.try_request(&world, |_| {}).has_token());
    assert!(before.handle(&world).is_some(), "it is in its grace period");

    let renewed = Client::with_cookie_of(&new, &before);
    world.events();
    assert_eq!(renewed.handle(&world), None);
    let (handle, reason) = (None, Refusal::UnknownToken);
    assert_eq!(world.events(), [SessionEvent::Refused { handle, reason }]);
    assert!(client.handle(&world).is_some());
}

#[test]
fn a_sign_in_under_a_renewed_certificate_binds_the_session_to_it() {
    let world = public_key();
    let Renewal { old, new, .. } = renewal();
    let mut client = Client::of(&old);
    client.request(&world, |session| session.insert(&CART, &7).unwrap());
    client.peer = new.clone();
    world.events();
    client.request(&world, |session| session.sign_in("alice").unwrap());
    let handle = client.handle(&world).unwrap();
    assert_eq!(world.sessions_by(&owner(&new)), [handle]);
    assert_eq!(world.sessions_of("alice"), [handle]);
    let events = world.events();
    assert!(matches!(events[0], SessionEvent::Rebound { .. }));
    assert!(matches!(events[1], SessionEvent::SignedIn { .. }));
}

#[test]
fn p3_a_client_overtaken_by_its_renewed_certificate_may_sign_in_again() {
    let world = public_key();
    let Renewal { old, new, .. } = renewal();
    let mut client = Client::signed_in(&world, &old, "alice");
    let mut overtaken = client.clone();
    client.peer = new.clone();
    client.request(&world, |session| session.rotate().unwrap());
    world.events();
    // Under the old certificate, with the old token.
    overtaken.request(&world, |session| {
        assert_eq!(session.handle(), None);
        let written = session.insert(&CART, &1);
        assert!(matches!(written, Err(SessionError::TokenReplaced)));
    });
    let (handle, reason) = (None, Refusal::UnknownToken);
    assert_eq!(world.events(), [SessionEvent::Refused { handle, reason }]);
    assert_eq!(world.count(), 1);
    overtaken.request(&world, |session| session.sign_in("alice").unwrap());
    assert_eq!(world.sessions_of("alice").len(), 2);
}

#[test]
fn of_two_certificates_that_begin_at_the_same_second_the_one_that_ends_later_is_newer() {
    let world = public_key();
    let Renewal {
        ca,
        old_certificate,
        old,
        ..
    } = renewal();
    let mut client = Client::signed_in(&world, &old, "alice");
    let longer = old_certificate.renewed_until(2, NOW + 99 * 24 * HOUR);
    client.peer = ca.issue(&longer);
    client.request(&world, |_| {});
    assert_eq!(world.sessions_by(&owner(&client.peer)).len(), 1);
    let before = Client::with_cookie_of(&old, &client);
    assert_eq!(before.refusal(&world), Refusal::CertificateSuperseded);
}

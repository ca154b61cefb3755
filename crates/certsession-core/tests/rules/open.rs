//! Opening the session of a request: P1, P2 and P8.

use certsession_core::test_util::block_on;
use certsession_core::{
    CertificateError, Handle, Key, PeerState, Presented, Refusal, RequestInfo, SessionError,
    SessionEvent, StoreOperation, Token,
};

use crate::support::{Ca, Certificate, Client, HOUR, MINUTE, NOW, SECOND, World, commit};

const CART: Key<u32> = Key::new("cart");

#[test]
fn a_request_without_a_cookie_does_not_use_the_store() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let session = Client::of(&peer).open(&world);
    assert_eq!(session.handle(), None);
    assert_eq!(world.faults.take_calls(), []);
    assert_eq!(world.events(), []);
}

#[test]
fn a_request_that_only_reads_begins_no_session() {
    let world = World::new();
    let mut client = Client::of(&Ca::named("ca").issue(&Certificate::serial(1)));
    let answer = client.try_request(&world, |session| {
        assert_eq!(session.get(&CART).unwrap(), None);
        session.remove(&CART).unwrap();
        session.clear().unwrap();
        session.rotate().unwrap();
        session.sign_out().unwrap();
    });
    answer.result.unwrap();
    assert!(answer.cookie.is_none());
    assert_eq!(world.faults.take_calls(), []);
    assert_eq!(world.count(), 0);
}

#[test]
fn p1_a_token_that_was_never_issued_is_never_adopted() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut client = Client::of(&peer);
    let planted = Token::issue().unwrap();
    client.cookie = Some(planted.expose());
    client.request(&world, |session| {
        assert_eq!(session.handle(), None);
        session.sign_in("alice").unwrap();
    });
    let refused = refused(None, Refusal::UnknownToken);
    assert_eq!(world.events()[0], refused);
    let handle = client.handle(&world).unwrap();
    assert_ne!(handle, planted.handle());
    assert_ne!(client.cookie, Some(planted.expose()));
    assert_eq!(world.sessions_of("alice"), [handle]);
}

#[test]
fn p1_text_that_is_no_token_opens_nothing_and_does_not_use_the_store() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let good = Token::issue().unwrap().expose();
    let texts = [
        String::new(),
        "null".to_owned(),
        good[1..].to_owned(),
        format!("{good}A"),
        good.replace(|c: char| c.is_ascii_digit(), "+"),
        "A".repeat(8192),
    ];
    for text in texts.iter().filter(|text| **text != good) {
        let session = block_on(world.sessions.open(Presented::One(text.as_bytes()), &peer));
        assert_eq!(session.unwrap().handle(), None);
        let refused = refused(None, Refusal::MalformedToken);
        assert_eq!(world.events(), [refused], "{text}");
    }
    assert_eq!(world.faults.take_calls(), []);
}

#[test]
fn p1_of_several_tokens_none_is_used() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let owner = Client::signed_in(&world, &peer, "alice");
    world.events();
    world.faults.take_calls();
    let mut session = block_on(world.sessions.open(Presented::Several, &peer)).unwrap();
    assert_eq!(session.handle(), None);
    assert_eq!(world.faults.take_calls(), []);
    assert_eq!(world.events(), [refused(None, Refusal::SeveralTokens)]);

    session.insert(&CART, &7).unwrap();
    commit(&world, &mut session).unwrap();
    assert_ne!(session.handle(), owner.handle(&world));
    assert_eq!(owner.principal(&world).as_deref(), Some("alice"));
}

#[test]
fn p1_the_token_of_a_session_that_ended_opens_nothing() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut client = Client::signed_in(&world, &peer, "alice");
    let kept = client.clone();
    client.request(&world, |session| session.sign_out().unwrap());
    world.events();
    assert_eq!(kept.handle(&world), None);
    assert_eq!(world.events(), [refused(None, Refusal::UnknownToken)]);
}

#[test]
fn p2_another_certificate_is_refused_and_the_owner_is_unharmed() {
    let world = World::new();
    let ca = Ca::named("ca");
    let owner = Client::signed_in(&world, &ca.issue(&Certificate::serial(1)), "alice");
    let handle = owner.handle(&world);
    let thief = Client::with_cookie_of(&ca.issue(&Certificate::serial(2)), &owner);
    world.events();
    assert_eq!(thief.refusal(&world), Refusal::OtherCertificate);
    assert_eq!(world.events(), [refused(handle, Refusal::OtherCertificate)]);
    assert_eq!(owner.principal(&world).as_deref(), Some("alice"));
}

#[test]
fn p2_a_genuine_token_without_a_certificate_is_refused_and_not_anonymous() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let owner = Client::signed_in(&world, &peer, "alice");
    let thief = Client::with_cookie_of(&PeerState::Absent, &owner);
    assert_eq!(thief.refusal(&world), Refusal::CertificateMissing);
    assert_eq!(owner.principal(&world).as_deref(), Some("alice"));
}

#[test]
fn p2_the_same_serial_from_another_ca_is_another_certificate() {
    let world = World::new();
    let certificate = Certificate::serial(1);
    let owner = Client::signed_in(&world, &Ca::named("ca").issue(&certificate), "alice");
    let other = Ca::named("other ca").issue(&certificate);
    let thief = Client::with_cookie_of(&other, &owner);
    assert_eq!(thief.refusal(&world), Refusal::OtherCertificate);
}

#[test]
fn p2_the_same_serial_and_issuer_name_with_another_key_is_another_certificate() {
    let world = World::new();
    let owner = Client::signed_in(
        &world,
        &Ca::named("ca").issue(&Certificate::serial(1)),
        "alice",
    );
    let forged = Ca::named("ca").issue(&Certificate::serial(1));
    let thief = Client::with_cookie_of(&forged, &owner);
    assert_eq!(thief.refusal(&world), Refusal::OtherCertificate);
}

#[test]
fn p2_a_client_with_neither_secret_nor_certificate_learns_nothing() {
    let world = World::new();
    let ca = Ca::named("ca");
    let owner = Client::signed_in(&world, &ca.issue(&Certificate::serial(1)), "alice");
    let handle = owner.handle(&world).unwrap();
    let guess = Token::reissue(handle).unwrap().expose();
    world.events();
    for peer in [ca.issue(&Certificate::serial(2)), PeerState::Absent] {
        let mut thief = Client::of(&peer);
        thief.cookie = Some(guess.clone());
        assert_eq!(thief.handle(&world), None);
        assert_eq!(world.events(), [refused(None, Refusal::UnknownToken)]);
    }
    assert_eq!(owner.handle(&world), Some(handle));
}

#[test]
fn no_session_begins_without_a_certificate() {
    let world = World::new();
    let mut client = Client::of(&PeerState::Absent);
    client.request(&world, |session| {
        let inserted = session.insert(&CART, &7);
        assert!(matches!(inserted, Err(SessionError::CertificateRequired)));
        let signed_in = session.sign_in("alice");
        assert!(matches!(signed_in, Err(SessionError::CertificateRequired)));
    });
    assert_eq!(client.cookie, None);
    assert_eq!(world.count(), 0);
}

#[test]
fn p8_a_certificate_is_judged_on_each_request_with_a_cookie_or_without() {
    let world = World::new();
    let ca = Ca::named("ca");
    let until = NOW + MINUTE;
    let peer = ca.issue(&Certificate::serial(1).valid(NOW, until));
    let owner = Client::signed_in(&world, &peer, "alice");
    let anonymous = Client::of(&peer);

    // Both dates are inclusive, but the session ends when the certificate does.
    world.clock.set(until);
    assert_eq!(owner.handle(&world), None);
    world.clock.advance(SECOND);
    assert_eq!(owner.refusal(&world), Refusal::CertificateExpired);
    assert_eq!(anonymous.refusal(&world), Refusal::CertificateExpired);
}

#[test]
fn p8_a_certificate_that_is_not_valid_yet_is_refused() {
    let world = World::new();
    let certificate = Certificate::serial(1).valid(NOW + MINUTE, NOW + HOUR);
    let client = Client::of(&Ca::named("ca").issue(&certificate));
    assert_eq!(client.refusal(&world), Refusal::CertificateNotYetValid);
    assert_eq!(
        world.events(),
        [refused(None, Refusal::CertificateNotYetValid)]
    );
    world.clock.advance(MINUTE);
    assert_eq!(client.handle(&world), None);
}

#[test]
fn p8_a_certificate_that_cannot_be_read_is_rejected_and_not_absent() {
    let world = World::new();
    let peer = PeerState::from_leaf(Some(b"no certificate"));
    let client = Client::of(&peer);
    let refusal = client.try_open(&world).unwrap_err();
    assert!(matches!(
        refusal,
        SessionError::Refused(Refusal::CertificateRejected)
    ));
    let PeerState::Rejected(error) = peer else {
        panic!("it is rejected");
    };
    assert_eq!(
        world.events(),
        [
            SessionEvent::CertificateRejected { error },
            refused(None, Refusal::CertificateRejected)
        ]
    );
    assert_eq!(world.faults.take_calls(), []);
}

#[test]
fn a_sender_that_is_not_the_proxy_is_refused_by_a_reason_of_its_own() {
    let world = World::new();
    let error = CertificateError::NotTheProxy {
        reason: "it has no certificate".into(),
    };
    for error in [error.clone(), error.of(b"the sender's certificate")] {
        let peer = PeerState::Rejected(error.clone());
        let refusal = Client::of(&peer).refusal(&world);
        let asked =
            world
                .sessions
                .refuse_request(Refusal::CrossSite, &peer, RequestInfo::default());
        assert_eq!(refusal, Refusal::NotTheProxy);
        assert!(matches!(asked, SessionError::Refused(Refusal::NotTheProxy)));
        let told = [
            SessionEvent::CertificateRejected { error },
            refused(None, Refusal::NotTheProxy),
        ];
        assert_eq!(world.events(), [told.clone(), told].concat());
    }
    assert_eq!(world.faults.take_calls(), []);
}

#[test]
fn a_request_with_a_cookie_costs_one_load() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut client = Client::signed_in(&world, &peer, "alice");
    world.faults.take_calls();
    client.request(&world, |session| {
        session.get(&CART).unwrap();
    });
    assert_eq!(world.faults.take_calls(), [StoreOperation::Load]);
}

fn refused(handle: Option<Handle>, reason: Refusal) -> SessionEvent {
    SessionEvent::Refused { handle, reason }
}

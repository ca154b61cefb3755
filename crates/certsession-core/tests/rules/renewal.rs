//! The periodic renewal of the token, and its grace period.

use std::time::Duration;

use certsession_core::test_util::Fault;
use certsession_core::{
    Key, Lifetimes, PeerState, Refusal, RotationReason, SessionEvent, StoreOperation,
};

use crate::support::{Ca, Certificate, Client, MINUTE, SECOND, World};

const CART: Key<u32> = Key::new("cart");

fn peer() -> PeerState {
    Ca::named("ca").issue(&Certificate::serial(1))
}

/// A signed-in client whose token is due for renewal.
fn due(world: &World) -> Client {
    let client = Client::signed_in(world, &peer(), "alice");
    world.clock.advance(15 * MINUTE);
    world.events();
    client
}

#[test]
fn a_token_is_renewed_at_its_next_use_once_it_is_old() {
    let world = World::new();
    let mut client = Client::signed_in(&world, &peer(), "alice");
    world.clock.advance(15 * MINUTE - SECOND);
    assert!(!client.try_request(&world, |_| {}).has_token());
    world.clock.advance(SECOND);
    world.events();
    assert!(client.try_request(&world, |_| {}).has_token());
    let handle = client.handle(&world).unwrap();
    let reason = RotationReason::Renewal;
    assert_eq!(world.events(), [SessionEvent::Rotated { handle, reason }]);
    assert!(!client.try_request(&world, |_| {}).has_token());
}

#[test]
fn a_renewed_token_is_accepted_until_its_grace_is_over() {
    let world = World::new();
    let mut client = due(&world);
    let mut before = client.clone();
    client.request(&world, |_| {});
    world.clock.advance(30 * SECOND - SECOND);
    // It can read and write, and is not renewed a second time.
    let answer = before.try_request(&world, |session| {
        assert_eq!(session.principal().unwrap().as_str(), "alice");
        session.insert(&CART, &1).unwrap();
    });
    answer.result.as_ref().unwrap();
    assert!(!answer.has_token());
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(1));
    world.clock.advance(SECOND);
    assert_eq!(before.handle(&world), None);
    assert!(client.handle(&world).is_some());
}

#[test]
fn parallel_requests_renew_the_token_once_and_lose_nothing() {
    let world = World::new();
    let client = due(&world);
    let mut requests = [(); 4].map(|()| (client.clone(), client.open(&world)));
    let mut tokens = 0;
    for (n, (client, session)) in (0..).zip(&mut requests) {
        session
            .insert(&Key::<u32>::named(n.to_string()), &n)
            .unwrap();
        let answer = client.finish(&world, session);
        answer.result.as_ref().unwrap();
        tokens += u32::from(answer.has_token());
    }
    assert_eq!(tokens, 1);
    for (client, _) in &requests {
        assert_eq!(client.open(&world).entries().unwrap().len(), 4);
    }
}

#[test]
fn p2_the_grace_is_for_the_same_certificate_only() {
    let world = World::new();
    let mut client = due(&world);
    let before = client.clone();
    client.request(&world, |_| {});
    let other = Ca::named("ca").issue(&Certificate::serial(2));
    let thief = Client::with_cookie_of(&other, &before);
    assert_eq!(thief.refusal(&world), Refusal::OtherCertificate);
    let without_certificate = Client::with_cookie_of(&PeerState::Absent, &before);
    assert_eq!(
        without_certificate.refusal(&world),
        Refusal::CertificateMissing
    );
}

#[test]
fn p3_a_privilege_change_by_a_token_in_its_grace_kills_both_tokens() {
    let world = World::new();
    let mut client = due(&world);
    let mut slow = client.clone();
    client.request(&world, |_| {});
    assert!(
        slow.try_request(&world, |session| session.rotate().unwrap())
            .has_token()
    );
    assert_eq!(client.handle(&world), None);
    assert!(slow.handle(&world).is_some());
}

#[test]
fn a_token_in_its_grace_is_not_renewed_again() {
    let lifetimes = Lifetimes::default().with_renewal(10 * SECOND).unwrap();
    let world = World::with(|rules| rules.lifetimes(lifetimes.with_grace(MINUTE)));
    let mut client = due(&world);
    let mut before = client.clone();
    client.request(&world, |_| {});
    world.clock.advance(10 * SECOND);
    world.faults.take_calls();
    before.request(&world, |_| {});
    assert_eq!(world.faults.take_calls(), [StoreOperation::Load]);
    assert!(client.try_request(&world, |_| {}).has_token());
}

#[test]
fn without_a_grace_a_renewed_token_is_dead_at_once() {
    let lifetimes = Lifetimes::default().with_grace(Duration::ZERO);
    let world = World::with(|rules| rules.lifetimes(lifetimes));
    let mut client = due(&world);
    let before = client.clone();
    client.request(&world, |_| {});
    assert_eq!(before.handle(&world), None);
}

#[test]
fn renewal_can_be_turned_off() {
    let lifetimes = Lifetimes::default().with_renewal(Duration::MAX);
    let world = World::with(|rules| rules.lifetimes(lifetimes.unwrap()));
    let mut client = Client::signed_in(&world, &peer(), "alice");
    for _ in 0..30 {
        world.clock.advance(20 * MINUTE);
        assert!(!client.try_request(&world, |_| {}).has_token());
    }
}

#[test]
fn p6_a_failed_renewal_fails_no_read_and_is_retried() {
    for fault in [Fault::Before, Fault::After] {
        let world = World::new();
        let mut client = due(&world);
        world.faults.fail_next(StoreOperation::Commit, fault);
        let answer = client.try_request(&world, |session| {
            assert_eq!(session.principal().unwrap().as_str(), "alice");
        });
        answer.result.as_ref().unwrap();
        assert!(!answer.has_token());
        // If the result was lost, the client's token is in its grace period: it is still accepted.
        assert_eq!(client.principal(&world).as_deref(), Some("alice"));
        let is_renewed = client.try_request(&world, |_| {}).has_token();
        assert_eq!(is_renewed, fault == Fault::Before);
    }
}

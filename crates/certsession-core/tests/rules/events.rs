//! The exact events of complete scenarios.

use certsession_core::{
    EndReason, Handle, Key, PeerState, Principal, Refusal, RotationReason, SessionEvent,
};

use crate::support::{Ca, Certificate, Client, MINUTE, World};

const CART: Key<u32> = Key::new("cart");

#[test]
fn the_events_of_a_session_are_emitted_once_and_in_order() {
    let world = World::new();
    let ca = Ca::named("ca");
    let peer = ca.issue(&Certificate::serial(1));
    let mut client = Client::of(&peer);

    client.request(&world, |session| session.insert(&CART, &1).unwrap());
    let handle = client.handle(&world).unwrap();
    assert_eq!(world.events(), begins(handle, &peer));

    // Reads and writes emit no events.
    client.request(&world, |session| session.insert(&CART, &2).unwrap());
    world.clock.advance(2 * MINUTE);
    client.request(&world, |_| {});
    assert_eq!(world.events(), []);

    client.request(&world, |session| session.sign_in("alice").unwrap());
    let principal = Principal::new("alice").unwrap();
    let signed_in = SessionEvent::SignedIn { handle, principal };
    assert_eq!(world.events(), [signed_in]);

    client.request(&world, |session| session.rotate().unwrap());
    let reason = RotationReason::Requested;
    assert_eq!(world.events(), [SessionEvent::Rotated { handle, reason }]);

    world.clock.advance(15 * MINUTE);
    client.request(&world, |_| {});
    let reason = RotationReason::Renewal;
    assert_eq!(world.events(), [SessionEvent::Rotated { handle, reason }]);

    let thief = Client::with_cookie_of(&ca.issue(&Certificate::serial(2)), &client);
    let reason = thief.refusal(&world);
    assert_eq!(reason, Refusal::OtherCertificate);
    let refused = SessionEvent::Refused {
        handle: Some(handle),
        reason,
    };
    assert_eq!(world.events(), [refused]);

    client.request(&world, |session| session.sign_out().unwrap());
    let reason = EndReason::SignOut;
    assert_eq!(world.events(), [SessionEvent::Ended { handle, reason }]);
}

#[test]
fn a_session_that_begins_with_a_sign_in_emits_all_three_events() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let client = Client::signed_in(&world, &peer, "alice");
    let handle = client.handle(&world).unwrap();
    let principal = Principal::new("alice").unwrap();
    let mut expected = begins(handle, &peer).to_vec();
    expected.push(SessionEvent::SignedIn { handle, principal });
    assert_eq!(world.events(), expected);
}

#[test]
fn an_end_is_reported_before_the_beginning_that_follows_it() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut client = Client::signed_in(&world, &peer, "alice");
    let first = client.handle(&world).unwrap();
    world.events();
    client.request(&world, |session| {
        session.sign_out().unwrap();
        session.insert(&CART, &1).unwrap();
    });
    let second = client.handle(&world).unwrap();
    let (handle, reason) = (first, EndReason::SignOut);
    let mut expected = vec![SessionEvent::Ended { handle, reason }];
    expected.extend(begins(second, &peer));
    assert_eq!(world.events(), expected);
}

#[test]
fn a_sign_in_that_came_too_late_emits_nothing() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut client = Client::signed_in(&world, &peer, "alice");
    let mut late = client.open(&world);
    client.request(&world, |session| session.end().unwrap());
    world.events();
    late.sign_in("bob").unwrap();
    assert!(client.finish(&world, &mut late).result.is_err());
    assert_eq!(world.events(), []);
}

fn begins(handle: Handle, peer: &PeerState) -> [SessionEvent; 2] {
    let certificate = *peer.certificate().unwrap().fingerprint();
    [
        SessionEvent::Issued { handle },
        SessionEvent::Bound {
            handle,
            certificate,
        },
    ]
}

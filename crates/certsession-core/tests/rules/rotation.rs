//! A new token that the application requested: P3.

use certsession_core::{Key, RotationReason, SessionError, SessionEvent};

use crate::support::{Ca, Certificate, Client, World, commit};

const CART: Key<u32> = Key::new("cart");

fn signed_in(world: &World) -> Client {
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut client = Client::signed_in(world, &peer, "alice");
    client.request(world, |session| session.insert(&CART, &7).unwrap());
    client
}

#[test]
fn p3_a_rotation_replaces_the_token_at_once_and_keeps_the_session() {
    let world = World::new();
    let mut client = signed_in(&world);
    let before = client.clone();
    let handle = client.handle(&world).unwrap();
    world.events();
    client.request(&world, |session| session.rotate().unwrap());
    let reason = RotationReason::Requested;
    assert_eq!(world.events(), [SessionEvent::Rotated { handle, reason }]);
    assert_ne!(client.cookie, before.cookie);
    let session = client.open(&world);
    assert_eq!(session.handle(), Some(handle));
    assert_eq!(session.get(&CART).unwrap(), Some(7));
    assert_eq!(session.principal().unwrap().as_str(), "alice");
    assert_eq!(before.handle(&world), None);
}

#[test]
fn p3_a_rotation_and_a_write_go_together() {
    let world = World::new();
    let mut client = signed_in(&world);
    let answer = client.try_request(&world, |session| {
        session.insert(&CART, &8).unwrap();
        session.rotate().unwrap();
    });
    assert!(answer.has_token());
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(8));
}

#[test]
fn p3_of_two_rotations_at_once_the_second_is_stale() {
    let world = World::new();
    let mut client = signed_in(&world);
    let mut late = client.open(&world);
    client.request(&world, |session| session.rotate().unwrap());
    late.rotate().unwrap();
    let answer = client.clone().finish(&world, &mut late);
    assert!(matches!(answer.result, Err(SessionError::Stale)));
    assert!(!answer.has_token());
    assert!(client.handle(&world).is_some());
}

#[test]
fn a_rotation_of_a_session_that_the_request_begins_is_its_first_token() {
    let world = World::new();
    let mut client = Client::of(&Ca::named("ca").issue(&Certificate::serial(1)));
    client.request(&world, |session| {
        session.insert(&CART, &7).unwrap();
        session.rotate().unwrap();
    });
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(7));
    assert_eq!(world.count(), 1);
}

#[test]
fn p3_a_request_whose_token_was_replaced_gets_no_new_one_by_writing_first() {
    let world = World::new();
    let mut client = signed_in(&world);
    let mut slow = client.open(&world);
    client.request(&world, |session| session.rotate().unwrap());
    // The write is merged, because it began while its token was current. That does not make the
    // token current again.
    slow.insert(&CART, &8).unwrap();
    commit(&world, &mut slow).unwrap();
    slow.rotate().unwrap();
    let answer = client.clone().finish(&world, &mut slow);
    assert!(matches!(answer.result, Err(SessionError::Stale)));
    assert!(!answer.has_token());
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(8));
}

#[test]
fn a_token_issued_in_the_middle_of_a_request_reaches_the_client() {
    let world = World::new();
    let mut client = signed_in(&world);
    let mut session = client.open(&world);
    session.rotate().unwrap();
    commit(&world, &mut session).unwrap();
    session.insert(&CART, &9).unwrap();
    assert!(client.finish(&world, &mut session).has_token());
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(9));
}

#[test]
fn a_commit_in_the_middle_of_a_request_leaves_one_cookie_that_opens_the_session() {
    let world = World::new();
    let mut client = signed_in(&world);
    let mut session = client.open(&world);
    session.rotate().unwrap();
    commit(&world, &mut session).unwrap();
    session.insert(&CART, &9).unwrap();
    session.rotate().unwrap();
    let answer = client.finish(&world, &mut session);
    assert!(answer.has_token());
    assert!(session.take_cookie().is_none(), "the cookie is taken once");
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(9));
}

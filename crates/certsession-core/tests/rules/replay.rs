//! A replaced token is used again: P2 and P3.

use std::thread;

use certsession_core::test_util::{Fault, block_on};
use certsession_core::{
    EndReason, Key, OnReplay, PeerState, Refusal, SessionError, SessionEvent, SignIn,
    StoreOperation, Token,
};

use crate::support::{Ca, Certificate, Client, World};

const CART: Key<u32> = Key::new("cart");

/// A client, and another one with the same certificate and the previous token.
fn replaced(world: &World, peer: &PeerState) -> (Client, Client) {
    let mut client = Client::signed_in(world, peer, "alice");
    let before = client.clone();
    client.request(world, |session| session.rotate().unwrap());
    world.events();
    (client, before)
}

fn ends_session() -> World {
    World::with(|rules| rules.on_replay(OnReplay::EndSession))
}

#[test]
fn p3_a_replaced_token_is_reported_and_opens_nothing_and_the_session_continues() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let (client, before) = replaced(&world, &peer);
    let session = before.open(&world);
    assert_eq!(session.principal(), None);
    let handle = client.handle(&world).unwrap();
    assert_eq!(world.events(), [SessionEvent::Replayed { handle }]);
}

#[test]
fn a_replayed_token_ends_the_session_if_the_policy_says_so() {
    let world = ends_session();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let (client, mut before) = replaced(&world, &peer);
    let handle = client.handle(&world).unwrap();
    world.events();
    assert_eq!(before.handle(&world), None);
    let reason = EndReason::Replay;
    assert_eq!(
        world.events(),
        [
            SessionEvent::Replayed { handle },
            SessionEvent::Ended { handle, reason },
        ]
    );
    assert_eq!(client.handle(&world), None);
    // The owner of the certificate may begin a new session.
    before.request(&world, |session| session.sign_in("alice").unwrap());
    assert_eq!(world.sessions_of("alice").len(), 1);
}

#[test]
fn a_session_that_a_replay_ends_gives_back_all_the_room_that_it_took() {
    let world = ends_session();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut client = Client::of(&peer);
    let sign_in = SignIn::principal("alice").role("admin");
    client.request(&world, |session| session.sign_in(sign_in).unwrap());
    let before = client.clone();
    client.request(&world, |session| session.rotate().unwrap());
    before.open(&world);
    let store = world.sessions.store().inner();
    assert_eq!((store.len(), store.data_len()), (0, 0));
}

#[test]
fn p2_a_thief_cannot_log_the_owner_out_even_if_a_replay_ends_sessions() {
    let world = ends_session();
    let ca = Ca::named("ca");
    let (client, before) = replaced(&world, &ca.issue(&Certificate::serial(1)));
    let handle = client.handle(&world).unwrap();
    let forged = Token::reissue(handle).unwrap().expose();
    world.events();
    for peer in [ca.issue(&Certificate::serial(2)), PeerState::Absent] {
        let mut thief = Client::with_cookie_of(&peer, &before);
        assert_eq!(thief.handle(&world), None);
        thief.cookie = Some(forged.clone());
        assert_eq!(thief.handle(&world), None);
        thief.cookie.clone_from(&client.cookie);
        thief.refusal(&world);
    }
    let is_quiet = |event: &SessionEvent| matches!(event, SessionEvent::Refused { .. });
    assert!(world.events().iter().all(is_quiet));
    assert_eq!(client.handle(&world), Some(handle));
}

#[test]
fn p2_a_replaced_token_under_another_certificate_is_unknown_and_no_replay() {
    let world = World::new();
    let ca = Ca::named("ca");
    let (_, before) = replaced(&world, &ca.issue(&Certificate::serial(1)));
    let thief = Client::with_cookie_of(&ca.issue(&Certificate::serial(2)), &before);
    assert_eq!(thief.handle(&world), None);
    let (handle, reason) = (None, Refusal::UnknownToken);
    assert_eq!(world.events(), [SessionEvent::Refused { handle, reason }]);
}

#[test]
fn p6_a_replay_that_cannot_end_the_session_is_an_error() {
    let world = ends_session();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let (client, before) = replaced(&world, &peer);
    world
        .faults
        .fail_next(StoreOperation::Remove, Fault::Before);
    assert!(matches!(
        before.try_open(&world),
        Err(SessionError::Store(_))
    ));
    assert!(client.handle(&world).is_some());
    // The retry succeeds.
    assert_eq!(before.handle(&world), None);
    assert_eq!(client.handle(&world), None);
}

#[test]
fn p4_a_session_that_two_requests_end_is_reported_as_ended_once() {
    let world = ends_session();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let (mut client, before) = replaced(&world, &peer);
    // The owner signs out while the replay is on its way to the store.
    let gate = world.faults.hold_next(StoreOperation::Remove);
    thread::scope(|scope| {
        let replay = scope.spawn(|| before.handle(&world));
        block_on(gate.arrived());
        client.request(&world, |session| session.sign_out().unwrap());
        gate.release();
        assert_eq!(replay.join().unwrap(), None);
    });
    let ends = |event: &SessionEvent| matches!(event, SessionEvent::Ended { .. });
    assert_eq!(world.log.count(ends), 1);
}

#[test]
fn a_replay_does_not_end_the_session_that_a_sign_in_has_made_meanwhile() {
    let world = ends_session();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let (mut client, before) = replaced(&world, &peer);
    let gate = world.faults.hold_next(StoreOperation::Remove);
    thread::scope(|scope| {
        let replay = scope.spawn(|| before.handle(&world));
        block_on(gate.arrived());
        client.request(&world, |session| session.sign_in("alice").unwrap());
        gate.release();
        assert_eq!(replay.join().unwrap(), None);
    });
    assert_eq!(client.principal(&world).as_deref(), Some("alice"));
    let ends = |event: &SessionEvent| matches!(event, SessionEvent::Ended { .. });
    assert_eq!(world.log.count(ends), 0);
}

#[test]
fn a_write_meanwhile_does_not_save_a_session_from_a_replay() {
    let world = ends_session();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let (mut client, before) = replaced(&world, &peer);
    let gate = world.faults.hold_next(StoreOperation::Remove);
    thread::scope(|scope| {
        let replay = scope.spawn(|| before.handle(&world));
        block_on(gate.arrived());
        client.request(&world, |session| session.insert(&CART, &1).unwrap());
        gate.release();
        assert_eq!(replay.join().unwrap(), None);
    });
    assert_eq!(client.handle(&world), None);
}

#[test]
fn a_request_with_a_replaced_token_cannot_sign_out() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let (client, mut before) = replaced(&world, &peer);
    before.request(&world, |session| {
        // The handler must get an error, so that it learns that nothing happened.
        for stopped in [session.sign_out(), session.end()] {
            assert!(matches!(stopped, Err(SessionError::TokenReplaced)));
        }
        assert_eq!(session.get(&CART).unwrap(), None);
    });
    assert_eq!(client.principal(&world).as_deref(), Some("alice"));
}

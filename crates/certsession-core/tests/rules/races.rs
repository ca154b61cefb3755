//! Two concurrent requests, one of them held at the store: P4 and P5.

use std::thread;

use certsession_core::test_util::block_on;
use certsession_core::{Key, Owner, Principal, Session, SessionError, StoreOperation};

use crate::support::{Ca, Certificate, Client, World};

const CART: Key<u32> = Key::new("cart");

/// Holds a request's commit at the store, runs something else, and then lets the commit continue.
fn overtake(
    client: &Client,
    writes: impl FnOnce(&mut Session),
    meanwhile: impl FnOnce(&World),
) -> (World, Result<(), SessionError>, bool) {
    let world = World::new();
    let mut client = Client::signed_in(&world, &client.peer, "alice");
    let gate = world.faults.hold_next(StoreOperation::Commit);
    let mut session = client.open(&world);
    writes(&mut session);
    let answer = thread::scope(|scope| {
        let slow = scope.spawn(|| client.finish(&world, &mut session));
        block_on(gate.arrived());
        meanwhile(&world);
        gate.release();
        slow.join().unwrap()
    });
    let has_cookie = answer.cookie.is_some();
    (world, answer.result, has_cookie)
}

fn revoke_alice(world: &World) {
    let alice = Owner::Principal(Principal::new("alice").unwrap());
    let revoked = block_on(world.sessions.revoke_all(&alice)).unwrap();
    assert_eq!(revoked.len(), 1);
}

fn client() -> Client {
    Client::of(&Ca::named("ca").issue(&Certificate::serial(1)))
}

#[test]
fn p4_a_write_that_is_overtaken_by_a_revocation_is_gone() {
    let writes = |session: &mut Session| session.insert(&CART, &1).unwrap();
    let (world, result, has_cookie) = overtake(&client(), writes, revoke_alice);
    assert!(matches!(result, Err(SessionError::Gone)));
    assert!(!has_cookie);
    assert_eq!(world.count(), 0);
}

#[test]
fn p4_a_sign_in_that_is_overtaken_by_a_revocation_is_gone() {
    let signs_in = |session: &mut Session| session.sign_in("bob").unwrap();
    let (world, result, has_cookie) = overtake(&client(), signs_in, revoke_alice);
    assert!(matches!(result, Err(SessionError::Gone)));
    assert!(!has_cookie);
    assert_eq!(world.sessions_of("bob"), []);
    assert_eq!(world.count(), 0);
}

#[test]
fn p5_a_write_that_is_overtaken_by_a_sign_in_is_stale() {
    let world = World::new();
    let mut client = Client::signed_in(&world, &client().peer, "alice");
    let mut fast = client.clone();
    let gate = world.faults.hold_next(StoreOperation::Commit);
    let mut session = client.open(&world);
    session.insert(&CART, &1).unwrap();
    let answer = thread::scope(|scope| {
        let slow = scope.spawn(|| client.finish(&world, &mut session));
        block_on(gate.arrived());
        fast.request(&world, |session| session.sign_in("bob").unwrap());
        gate.release();
        slow.join().unwrap()
    });
    assert!(matches!(answer.result, Err(SessionError::Stale)));
    assert!(answer.cookie.is_none());
    assert_eq!(fast.principal(&world).as_deref(), Some("bob"));
    assert_eq!(fast.open(&world).get(&CART).unwrap(), None);
}

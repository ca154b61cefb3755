//! A commit whose result is unknown: P6. Lost work must not look like success.

use certsession_core::test_util::block_on;
use certsession_core::{Key, Session, SessionError};

use crate::support::{Ca, Certificate, Client, World, commit};

const CART: Key<u32> = Key::new("cart");

fn signed_in(world: &World) -> Client {
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    Client::signed_in(world, &peer, "alice")
}

fn is_refused(change: Result<(), SessionError>) -> bool {
    matches!(change, Err(SessionError::InFlight))
}

fn is_unknown(session: &mut Session, world: &World) -> bool {
    matches!(commit(world, session), Err(SessionError::InFlight))
}

#[test]
fn p6_a_lost_commit_is_never_reported_as_success() {
    let world = World::new();
    let client = signed_in(&world);
    let mut session = client.open(&world);
    session.insert(&CART, &1).unwrap();
    // For example, a timeout drops the commit.
    drop(session.begin_commit());
    assert!(is_unknown(&mut session, &world));
    assert!(is_unknown(&mut session, &world));
    assert!(session.take_cookie().is_none());
    assert_eq!(client.open(&world).get(&CART).unwrap(), None);
}

#[test]
fn p6_a_session_does_not_change_while_its_commit_is_under_way() {
    let world = World::new();
    let mut client = signed_in(&world);
    let mut session = client.open(&world);
    session.insert(&CART, &1).unwrap();
    let pending = session.begin_commit().unwrap();
    for change in [
        session.insert(&CART, &2),
        session.remove(&CART),
        session.clear(),
        session.rotate(),
        session.sign_in("bob"),
        session.sign_out(),
        session.end(),
    ] {
        assert!(is_refused(change));
    }
    // The loaded data can still be read.
    assert_eq!(session.principal().unwrap().as_str(), "alice");
    assert!(is_unknown(&mut session, &world));

    let result = block_on(world.sessions.execute(pending));
    session.finish_commit(result).unwrap();
    session.insert(&CART, &2).unwrap();
    client.finish(&world, &mut session).result.unwrap();
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(2));
}

#[test]
fn p6_a_lost_creation_is_not_started_a_second_time() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut session = Client::of(&peer).open(&world);
    session.insert(&CART, &1).unwrap();
    let pending = session.begin_commit().unwrap();
    assert!(is_refused(session.insert(&CART, &2)));
    assert!(is_unknown(&mut session, &world));
    // It may still reach the store.
    drop(block_on(world.sessions.execute(pending)));
    assert!(is_unknown(&mut session, &world));
    assert_eq!(world.count(), 1);
}

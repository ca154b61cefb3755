//! Sign-out and end: P3 and P4.

use certsession_core::test_util::block_on;
use certsession_core::{EndReason, Key, SessionError, SessionEvent};

use crate::support::{Ca, Certificate, Client, MINUTE, World, commit};

const CART: Key<u32> = Key::new("cart");

fn signed_in(world: &World) -> Client {
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    Client::signed_in(world, &peer, "alice")
}

#[test]
fn p3_a_sign_out_ends_the_session_and_removes_the_cookie() {
    let world = World::new();
    let mut client = signed_in(&world);
    let (kept, handle) = (client.clone(), client.handle(&world).unwrap());
    world.events();
    let answer = client.try_request(&world, |session| {
        session.insert(&CART, &7).unwrap();
        session.sign_out().unwrap();
        assert_eq!(session.principal(), None);
        assert_eq!(session.handle(), None);
        assert_eq!(session.get(&CART).unwrap(), None);
    });
    answer.result.as_ref().unwrap();
    assert!(answer.removes_cookie());
    let reason = EndReason::SignOut;
    assert_eq!(world.events(), [SessionEvent::Ended { handle, reason }]);
    assert_eq!(kept.handle(&world), None);
    assert_eq!(world.sessions_of("alice"), []);
    assert_eq!(world.count(), 0);
}

#[test]
fn p3_a_write_after_a_sign_out_begins_a_session_with_another_handle() {
    let world = World::new();
    let mut client = signed_in(&world);
    let handle = client.handle(&world);
    client.request(&world, |session| {
        session.insert(&CART, &7).unwrap();
        session.sign_out().unwrap();
        let theme: Key<u32> = Key::new("theme");
        session.insert(&theme, &1).unwrap();
    });
    let session = client.open(&world);
    assert_ne!(session.handle(), handle);
    assert_eq!(session.principal(), None);
    assert_eq!(session.entries().unwrap().len(), 1);
    assert_eq!(world.count(), 1);
}

#[test]
fn p3_signing_in_after_a_sign_out_in_one_request_changes_the_handle_too() {
    let world = World::new();
    let mut client = signed_in(&world);
    let handle = client.handle(&world);
    client.request(&world, |session| {
        session.sign_out().unwrap();
        session.sign_in("bob").unwrap();
    });
    assert_eq!(client.principal(&world).as_deref(), Some("bob"));
    assert_ne!(client.handle(&world), handle);
    assert_eq!(world.sessions_of("alice"), []);
}

#[test]
fn p4_after_an_end_the_request_writes_nothing_more() {
    let world = World::new();
    let mut client = signed_in(&world);
    let handle = client.handle(&world).unwrap();
    world.events();
    let answer = client.try_request(&world, |session| {
        session.end().unwrap();
        assert!(matches!(
            session.insert(&CART, &7),
            Err(SessionError::Ended)
        ));
        assert!(matches!(session.sign_in("bob"), Err(SessionError::Ended)));
        assert!(matches!(session.remove(&CART), Err(SessionError::Ended)));
        assert!(matches!(session.rotate(), Err(SessionError::Ended)));
        // Ending an ended session is not an error.
        session.end().unwrap();
    });
    answer.result.as_ref().unwrap();
    assert!(answer.removes_cookie());
    let reason = EndReason::Requested;
    assert_eq!(world.events(), [SessionEvent::Ended { handle, reason }]);
    assert_eq!(world.count(), 0);
}

#[test]
fn p4_a_writer_slower_than_the_sign_out_neither_recreates_the_session_nor_gets_a_token() {
    let world = World::new();
    let mut client = signed_in(&world);
    let mut writer = client.open(&world);
    client.request(&world, |session| session.sign_out().unwrap());

    writer.insert(&CART, &7).unwrap();
    let answer = client.finish(&world, &mut writer);
    assert!(matches!(answer.result, Err(SessionError::Gone)));
    assert!(answer.cookie.is_none());
    assert_eq!(world.count(), 0);
    assert!(matches!(writer.insert(&CART, &7), Err(SessionError::Ended)));
}

#[test]
fn p4_a_slow_sign_in_or_rotation_does_not_recreate_an_ended_session() {
    let world = World::new();
    for privilege_change in [
        |session: &mut certsession_core::Session| session.sign_in("bob").unwrap(),
        |session: &mut certsession_core::Session| session.rotate().unwrap(),
    ] {
        let mut client = signed_in(&world);
        let mut slow = client.open(&world);
        client.request(&world, |session| session.end().unwrap());
        privilege_change(&mut slow);
        let answer = client.finish(&world, &mut slow);
        assert!(matches!(answer.result, Err(SessionError::Gone)));
        assert!(answer.cookie.is_none());
        assert_eq!(world.count(), 0);
    }
}

#[test]
fn p4_a_reader_whose_session_ended_meanwhile_begins_no_other_in_its_place() {
    let world = World::new();
    let mut client = signed_in(&world);
    world.clock.advance(2 * MINUTE);
    let mut reader = client.open(&world);
    client.request(&world, |session| session.end().unwrap());

    // A commit in the middle of the request detects it, and the request that only read succeeds.
    commit(&world, &mut reader).unwrap();
    assert!(matches!(reader.insert(&CART, &7), Err(SessionError::Ended)));
    let answer = client.finish(&world, &mut reader);
    assert!(answer.cookie.is_none());
    assert_eq!(world.count(), 0);
}

#[test]
fn two_concurrent_sign_outs_both_succeed_and_emit_one_event() {
    let world = World::new();
    let mut client = signed_in(&world);
    let mut second = client.open(&world);
    world.events();
    client.request(&world, |session| session.sign_out().unwrap());
    second.sign_out().unwrap();
    let answer = client.finish(&world, &mut second);
    answer.result.as_ref().unwrap();
    assert!(answer.removes_cookie());
    assert_eq!(world.events().len(), 1);
}

#[test]
fn a_request_that_revokes_its_own_session_is_over_and_removes_the_cookie() {
    let world = World::new();
    let mut client = signed_in(&world);
    let handle = client.handle(&world).unwrap();
    let answer = client.try_request(&world, |session| {
        session.insert(&CART, &7).unwrap();
        assert!(block_on(world.sessions.revoke(handle)).unwrap());
        session.mark_revoked(&[handle]);
        assert_eq!((session.handle(), session.principal()), (None, None));
        assert!(matches!(
            session.insert(&CART, &7),
            Err(SessionError::Ended)
        ));
        assert!(session.begin_commit().is_none());
    });
    answer.result.as_ref().unwrap();
    assert!(answer.removes_cookie());
    assert_eq!(world.count(), 0);
}

#[test]
fn p4_a_revocation_that_missed_the_requests_own_session_ends_it_with_the_commit() {
    let world = World::new();
    let mut client = signed_in(&world);
    let answer = client.try_request(&world, |session| session.mark_revoked(&[]));
    answer.result.as_ref().unwrap();
    assert!(answer.removes_cookie());
    assert_eq!(world.count(), 0);
}

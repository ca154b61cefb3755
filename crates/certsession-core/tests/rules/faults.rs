//! A store that fails: P6. Nothing is lost, and nothing is reported as done that was not.

use std::num::{NonZeroU32, NonZeroUsize};

use certsession_core::test_util::{Fault, block_on};
use certsession_core::{
    Admission, EndReason, Handle, Key, OnLimit, Owner, PeerState, RevocationReason, SessionError,
    SessionEvent, StoreErrorKind, StoreOperation,
};

use crate::support::{Ca, Certificate, Client, MINUTE, SECOND, World, commit};

const CART: Key<u32> = Key::new("cart");
const BOTH: [Fault; 2] = [Fault::Before, Fault::After];

fn peer() -> PeerState {
    Ca::named("ca").issue(&Certificate::serial(1))
}

fn failed(operation: StoreOperation) -> SessionEvent {
    let kind = StoreErrorKind::Unavailable;
    SessionEvent::StoreFailed { operation, kind }
}

#[test]
fn p6_a_session_that_cannot_be_loaded_is_an_error_and_never_an_empty_one() {
    for fault in BOTH {
        let world = World::new();
        let client = Client::signed_in(&world, &peer(), "alice");
        world.events();
        world.faults.fail_next(StoreOperation::Load, fault);
        let error = client.try_open(&world).unwrap_err();
        assert!(matches!(error, SessionError::Store(_)));
        assert_eq!(world.events(), [failed(StoreOperation::Load)]);
        assert_eq!(client.principal(&world).as_deref(), Some("alice"));
    }
}

#[test]
fn p6_a_request_without_a_cookie_does_not_need_the_store() {
    let world = World::new();
    world.faults.fail_all(StoreOperation::Load);
    Client::of(&peer()).open(&world);
}

#[test]
fn p6_a_creation_that_failed_is_an_error_and_the_next_commit_retries() {
    for fault in BOTH {
        let world = World::new();
        let mut client = Client::of(&peer());
        let mut session = client.open(&world);
        session.insert(&CART, &1).unwrap();
        world.faults.fail_next(StoreOperation::Create, fault);
        let answer = client.finish(&world, &mut session);
        assert!(matches!(answer.result, Err(SessionError::Store(_))));
        assert!(answer.cookie.is_none());
        assert_eq!(world.events(), [failed(StoreOperation::Create)]);
        assert_eq!(session.get(&CART).unwrap(), Some(1));

        let answer = client.finish(&world, &mut session);
        assert!(answer.has_token());
        assert_eq!(client.open(&world).get(&CART).unwrap(), Some(1));
    }
}

#[test]
fn p6_a_commit_that_failed_is_an_error_and_the_next_commit_retries() {
    for fault in BOTH {
        let world = World::new();
        let mut client = Client::signed_in(&world, &peer(), "alice");
        let mut session = client.open(&world);
        session.insert(&CART, &1).unwrap();
        world.events();
        world.faults.fail_next(StoreOperation::Commit, fault);
        let answer = client.finish(&world, &mut session);
        assert!(matches!(answer.result, Err(SessionError::Store(_))));
        assert_eq!(world.events(), [failed(StoreOperation::Commit)]);
        assert_eq!(session.principal().unwrap().as_str(), "alice");

        commit(&world, &mut session).unwrap();
        assert_eq!(client.open(&world).get(&CART).unwrap(), Some(1));
        assert!(session.begin_commit().is_none());
    }
}

#[test]
fn p6_a_sign_in_whose_result_was_lost_is_never_reported_as_success() {
    let world = World::new();
    let mut client = Client::of(&peer());
    client.request(&world, |session| session.insert(&CART, &1).unwrap());
    world.faults.fail_next(StoreOperation::Commit, Fault::After);
    let mut session = client.open(&world);
    session.sign_in("alice").unwrap();
    let answer = client.finish(&world, &mut session);
    assert!(matches!(answer.result, Err(SessionError::Store(_))));
    assert!(answer.cookie.is_none());
    // The sign-in was executed, with a token that no client has. A retry cannot know this, and must
    // not report success.
    let again = client.finish(&world, &mut session);
    assert!(matches!(again.result, Err(SessionError::Stale)));
    assert!(again.cookie.is_none());
    assert_eq!(client.principal(&world), None);
    // The client may sign in again.
    client.request(&world, |session| session.sign_in("alice").unwrap());
    assert_eq!(client.principal(&world).as_deref(), Some("alice"));
}

#[test]
fn p6_an_end_that_failed_is_an_error_and_is_retried() {
    for fault in BOTH {
        let world = World::new();
        let mut client = Client::signed_in(&world, &peer(), "alice");
        let (kept, handle) = (client.clone(), client.handle(&world).unwrap());
        let mut session = client.open(&world);
        session.sign_out().unwrap();
        session.insert(&CART, &1).unwrap();
        world.events();
        world.faults.fail_next(StoreOperation::Remove, fault);
        let answer = client.finish(&world, &mut session);
        assert!(matches!(answer.result, Err(SessionError::Store(_))));
        // Until the end is certain the cookie stays, and no new session begins.
        assert!(answer.cookie.is_none());
        assert_eq!(world.faults.calls(StoreOperation::Create), 1);

        let answer = client.finish(&world, &mut session);
        answer.result.as_ref().unwrap();
        assert!(answer.has_token());
        assert_eq!(kept.handle(&world), None);
        assert_eq!(client.open(&world).get(&CART).unwrap(), Some(1));
        let reason = EndReason::SignOut;
        let is_reported = world
            .events()
            .contains(&SessionEvent::Ended { handle, reason });
        assert_eq!(is_reported, fault == Fault::Before);
    }
}

#[test]
fn p6_an_end_is_executed_if_the_request_is_abandoned() {
    let world = World::new();
    let client = Client::signed_in(&world, &peer(), "alice");
    let mut session = client.open(&world);
    session.insert(&CART, &1).unwrap();
    assert!(
        session.abandon().is_none(),
        "a write is not finished for an abandoned request"
    );

    session.end().unwrap();
    let pending = session.abandon().unwrap();
    assert!(pending.ends_session());
    let result = block_on(world.sessions.execute(pending));
    session.finish_commit(result).unwrap();
    assert_eq!(client.handle(&world), None);
    assert!(session.abandon().is_none());
}

#[test]
fn p6_a_write_does_not_count_as_an_end() {
    let world = World::new();
    let mut session = Client::of(&peer()).open(&world);
    session.insert(&CART, &1).unwrap();
    assert!(!session.begin_commit().unwrap().ends_session());
}

#[test]
fn p6_failed_upkeep_fails_no_request_and_is_retried() {
    let world = World::new();
    let mut client = Client::signed_in(&world, &peer(), "alice");
    world.clock.advance(2 * MINUTE);
    world.faults.fail_all(StoreOperation::Commit);
    world.events();
    client.request(&world, |session| {
        assert_eq!(session.principal().unwrap().as_str(), "alice");
    });
    assert_eq!(world.events(), [failed(StoreOperation::Commit)]);
    world.faults.heal();
    client.request(&world, |_| {});
    let session = client.open(&world);
    let seen = session.record().unwrap().last_seen_at();
    assert_eq!(seen, crate::support::NOW + 2 * MINUTE);
}

#[test]
fn p6_a_session_stays_whole_after_upkeep_that_failed_in_the_middle_of_a_request() {
    let world = World::new();
    let mut client = Client::signed_in(&world, &peer(), "alice");
    world.clock.advance(2 * MINUTE);
    let mut session = client.open(&world);
    world
        .faults
        .fail_next(StoreOperation::Commit, Fault::Before);
    commit(&world, &mut session).unwrap();
    session.insert(&CART, &1).unwrap();
    client.finish(&world, &mut session).result.unwrap();
    let session = client.open(&world);
    assert_eq!(session.principal().unwrap().as_str(), "alice");
    assert_eq!(session.get(&CART).unwrap(), Some(1));
}

#[test]
fn p6_a_full_store_is_an_error_and_leaves_no_cookie() {
    use certsession_core::{MemoryStore, Presented, SessionManager};
    let sessions = SessionManager::new(MemoryStore::with_capacity(0));
    let peer = Ca::named("ca").issue(&Certificate::serial(1).valid(
        certsession_core::Timestamp::from_millis(0),
        crate::support::NOW + 1000 * 24 * crate::support::HOUR,
    ));
    let mut session = block_on(sessions.open(Presented::None, &peer)).unwrap();
    session.insert(&CART, &1).unwrap();
    let result = block_on(sessions.execute(session.begin_commit().unwrap()));
    let error = session.finish_commit(result).unwrap_err();
    let SessionError::Store(error) = error else {
        panic!("{error}");
    };
    assert_eq!(error.kind(), StoreErrorKind::Full);
    assert!(session.take_cookie().is_none());
}

fn at_most_one(on_limit: OnLimit) -> World {
    let limit = Admission::at_most(NonZeroU32::MIN).on_limit(on_limit);
    World::with(|rules| rules.admission(limit))
}

#[test]
fn p6_a_sign_in_that_failed_takes_no_place_under_a_limit() {
    for fault in BOTH {
        let world = at_most_one(OnLimit::Refuse);
        let mut client = Client::of(&peer());
        world.faults.fail_next(StoreOperation::Create, fault);
        let answer = client.try_request(&world, |session| session.sign_in("alice").unwrap());
        assert!(matches!(answer.result, Err(SessionError::Store(_))));
        assert_eq!(world.events(), [failed(StoreOperation::Create)]);
        assert_eq!(world.count(), 0);
        client.request(&world, |session| session.sign_in("alice").unwrap());
    }
}

#[test]
fn p6_a_sign_in_in_a_session_that_failed_takes_no_place_under_a_limit() {
    for fault in BOTH {
        let world = at_most_one(OnLimit::Refuse);
        let mut client = Client::of(&peer());
        client.request(&world, |session| session.insert(&CART, &1).unwrap());
        let handle = client.handle(&world).unwrap();
        world.events();
        world.faults.fail_next(StoreOperation::Commit, fault);
        let answer = client.try_request(&world, |session| session.sign_in("alice").unwrap());
        assert!(matches!(answer.result, Err(SessionError::Store(_))));
        let mut expected = vec![failed(StoreOperation::Commit)];
        // If it was executed, the client has no token any more.
        if fault == Fault::After {
            expected.push(revoked(handle, RevocationReason::Evicted));
        }
        assert_eq!(world.events(), expected);
        assert_eq!(client.handle(&world).is_some(), fault == Fault::Before);
        client.request(&world, |session| session.sign_in("alice").unwrap());
        assert_eq!(client.principal(&world).as_deref(), Some("alice"));
    }
}

#[test]
fn p6_a_sign_in_that_failed_is_an_error_also_if_it_cannot_be_undone() {
    for operation in [StoreOperation::Create, StoreOperation::Commit] {
        let world = at_most_one(OnLimit::Refuse);
        let mut client = Client::of(&peer());
        if operation == StoreOperation::Commit {
            client.request(&world, |session| session.insert(&CART, &1).unwrap());
        }
        world.events();
        world.faults.fail_next(operation, Fault::After);
        world.faults.fail_all(StoreOperation::Remove);
        let answer = client.try_request(&world, |session| session.sign_in("alice").unwrap());
        assert!(matches!(answer.result, Err(SessionError::Store(_))));
        assert!(answer.cookie.is_none());
        assert_eq!(world.events(), [failed(operation)]);
    }
}

fn revoked(handle: Handle, reason: RevocationReason) -> SessionEvent {
    SessionEvent::Revoked { handle, reason }
}

#[test]
fn sessions_that_ended_before_the_store_failed_are_events() {
    let world = World::new();
    let ca = Ca::named("ca");
    let handles = [1, 2].map(|serial| {
        world.clock.advance(SECOND);
        let peer = ca.issue(&Certificate::serial(serial));
        let client = Client::signed_in(&world, &peer, "alice");
        client.handle(&world).unwrap()
    });
    world.events();
    let in_the_middle = Fault::AfterEnding;
    world
        .faults
        .fail_next(StoreOperation::Revoke, in_the_middle);
    let alice = Owner::principal("alice").unwrap();
    let error = block_on(world.sessions.revoke_all(&alice)).unwrap_err();
    assert_eq!(error.ended(), handles);
    let mut expected = handles
        .map(|it| revoked(it, RevocationReason::Requested))
        .to_vec();
    expected.push(failed(StoreOperation::Revoke));
    assert_eq!(world.events(), expected);
}

#[test]
fn sessions_that_made_room_before_the_store_failed_are_events() {
    let in_the_middle = Fault::AfterEnding;
    let sign_in = |client: &mut Client, world: &World| {
        client.try_request(world, |session| session.sign_in("alice").unwrap())
    };
    // By a sign-in that begins a session, and by one in a session.
    for operation in [StoreOperation::Create, StoreOperation::Commit] {
        let world = at_most_one(OnLimit::EvictOldest);
        let first = Client::signed_in(&world, &peer(), "alice");
        let evicted = first.handle(&world).unwrap();
        world.clock.advance(SECOND);
        let mut next = Client::of(&peer());
        if operation == StoreOperation::Commit {
            next.request(&world, |session| session.insert(&CART, &1).unwrap());
        }
        world.events();
        world.faults.fail_next(operation, in_the_middle);
        assert!(sign_in(&mut next, &world).result.is_err());
        let expected = [
            revoked(evicted, RevocationReason::Evicted),
            failed(operation),
        ];
        // A sign-in in a session that was executed is undone after that.
        assert_eq!(world.events()[..2], expected);
    }
    // By the limit of a certificate.
    let world = World::with(|rules| rules.certificate_limit(NonZeroUsize::MIN));
    let first = Client::signed_in(&world, &peer(), "alice");
    let evicted = first.handle(&world).unwrap();
    world.clock.advance(SECOND);
    world
        .faults
        .fail_next(StoreOperation::EndOldest, in_the_middle);
    world.events();
    sign_in(&mut Client::of(&peer()), &world).result.unwrap();
    let events = world.events();
    assert!(events.contains(&revoked(evicted, RevocationReason::Evicted)));
    assert!(events.contains(&failed(StoreOperation::EndOldest)));
}

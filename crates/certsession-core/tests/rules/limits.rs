//! How many sessions a principal may have.

use std::num::{NonZeroU32, NonZeroUsize};

use certsession_core::test_util::{Fault, ManualClock, block_on};
use certsession_core::{
    Admission, Key, MemoryStore, OnLimit, Presented, RevocationReason, SessionError, SessionEvent,
    SessionManager, StoreOperation,
};

use crate::support::{Ca, Certificate, Client, NOW, SECOND, World};

const CART: Key<u32> = Key::new("cart");

fn at_most_two(on_limit: OnLimit) -> World {
    let two = NonZeroU32::new(2).unwrap();
    World::with(|rules| rules.admission(Admission::at_most(two).on_limit(on_limit)))
}

/// Clients of alice, each with a certificate of its own, one second apart.
fn clients(world: &World, how_many: u64) -> Vec<Client> {
    let ca = Ca::named("ca");
    (1..=how_many)
        .map(|serial| {
            world.clock.advance(SECOND);
            Client::signed_in(world, &ca.issue(&Certificate::serial(serial)), "alice")
        })
        .collect()
}

#[test]
fn one_sign_in_too_many_ends_the_oldest_session() {
    let world = at_most_two(OnLimit::EvictOldest);
    let clients = clients(&world, 2);
    let oldest = clients[0].handle(&world).unwrap();
    let mut third = Client::of(&Ca::named("ca").issue(&Certificate::serial(9)));
    // A session counts from its sign-in, not before.
    third.request(&world, |session| session.insert(&CART, &1).unwrap());
    assert!(clients[0].handle(&world).is_some());
    world.events();
    third.request(&world, |session| session.sign_in("alice").unwrap());

    let (handle, reason) = (oldest, RevocationReason::Evicted);
    let evicted = SessionEvent::Revoked { handle, reason };
    assert_eq!(world.events().last(), Some(&evicted));
    assert_eq!(clients[0].handle(&world), None);
    assert!(clients[1].handle(&world).is_some());
    assert_eq!(world.sessions_of("alice").len(), 2);
}

#[test]
fn a_sign_in_that_begins_a_session_ends_the_oldest_too() {
    let world = at_most_two(OnLimit::EvictOldest);
    let clients = clients(&world, 3);
    assert_eq!(clients[0].handle(&world), None);
    let evicted = |event: &SessionEvent| matches!(event, SessionEvent::Revoked { .. });
    assert_eq!(world.log.count(evicted), 1);
}

#[test]
fn if_the_limit_refuses_a_sign_in_fails_and_the_session_stays_unchanged() {
    let world = at_most_two(OnLimit::Refuse);
    let clients = clients(&world, 2);
    let mut third = Client::of(&Ca::named("ca").issue(&Certificate::serial(9)));
    third.request(&world, |session| session.insert(&CART, &1).unwrap());
    let before = third.cookie.clone();
    let answer = third.try_request(&world, |session| session.sign_in("alice").unwrap());
    assert!(matches!(answer.result, Err(SessionError::LimitReached)));
    assert!(answer.cookie.is_none());
    assert_eq!(third.cookie, before);
    let session = third.open(&world);
    assert_eq!(session.principal(), None);
    assert_eq!(session.get(&CART).unwrap(), Some(1));
    assert!(clients.iter().all(|client| client.handle(&world).is_some()));
}

#[test]
fn if_the_limit_refuses_a_first_sign_in_leaves_no_session() {
    let world = at_most_two(OnLimit::Refuse);
    clients(&world, 2);
    let mut third = Client::of(&Ca::named("ca").issue(&Certificate::serial(9)));
    let answer = third.try_request(&world, |session| session.sign_in("alice").unwrap());
    assert!(matches!(answer.result, Err(SessionError::LimitReached)));
    assert!(answer.cookie.is_none());
    assert_eq!(world.count(), 2);
}

#[test]
fn a_request_that_was_refused_may_go_on_with_its_session() {
    let world = at_most_two(OnLimit::Refuse);
    clients(&world, 2);
    let mut third = Client::of(&Ca::named("ca").issue(&Certificate::serial(9)));
    third.request(&world, |session| session.insert(&CART, &1).unwrap());
    let mut session = third.open(&world);
    session.sign_in("alice").unwrap();
    let refused = crate::support::commit(&world, &mut session);
    assert!(matches!(refused, Err(SessionError::LimitReached)));
    session.insert(&CART, &2).unwrap();
    third.finish(&world, &mut session).result.unwrap();
    assert_eq!(world.count(), 3);
    assert_eq!(third.open(&world).get(&CART).unwrap(), Some(2));
}

#[test]
fn signing_in_again_takes_no_second_place() {
    let world = at_most_two(OnLimit::Refuse);
    let mut clients = clients(&world, 2);
    clients[0].request(&world, |session| session.sign_in("alice").unwrap());
    assert_eq!(world.sessions_of("alice").len(), 2);
}

#[test]
fn anonymous_sessions_are_not_limited() {
    let world = at_most_two(OnLimit::Refuse);
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    for _ in 0..5 {
        Client::of(&peer).request(&world, |session| session.insert(&CART, &1).unwrap());
    }
    assert_eq!(world.faults.calls(StoreOperation::Create), 5);
    assert_eq!(world.count(), 5);
}

#[test]
fn a_certificate_has_a_bounded_number_of_sessions_signed_in_or_not() {
    let three = NonZeroUsize::new(3).unwrap();
    let world = World::with(|rules| rules.certificate_limit(three));
    let ca = Ca::named("ca");
    let (peer, other) = (
        ca.issue(&Certificate::serial(1)),
        ca.issue(&Certificate::serial(2)),
    );
    let bystander = Client::signed_in(&world, &other, "bob");
    let clients: Vec<_> = (0..5)
        .map(|_| {
            world.clock.advance(SECOND);
            let mut client = Client::of(&peer);
            client.request(&world, |session| session.insert(&CART, &1).unwrap());
            client
        })
        .collect();
    let alive = clients.iter().map(|client| client.handle(&world).is_some());
    assert_eq!(alive.collect::<Vec<_>>(), [false, false, true, true, true]);
    assert!(bystander.handle(&world).is_some());
    let reason = RevocationReason::Evicted;
    let evicted = |event: &SessionEvent| matches!(event, SessionEvent::Revoked { reason: r, .. } if *r == reason);
    assert_eq!(world.log.count(evicted), 2);
}

/// The default: a client that keeps no cookie begins a session with each request.
#[test]
fn by_default_a_certificate_has_about_a_thousand_sessions() {
    let rules = SessionManager::builder(MemoryStore::new());
    let sessions = rules.clock(ManualClock::new(NOW)).build();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut largest = 0;
    for _ in 0..3_000 {
        let mut session = block_on(sessions.open(Presented::None, &peer)).unwrap();
        session.insert(&CART, &1).unwrap();
        let committed = block_on(sessions.execute(session.begin_commit().unwrap()));
        session.finish_commit(committed).unwrap();
        largest = sessions.store().len().max(largest);
    }
    assert!((1_000..1_400).contains(&largest), "{largest}");
}

#[test]
fn a_session_is_begun_although_the_others_of_its_certificate_cannot_be_ended() {
    let one = NonZeroUsize::MIN;
    let world = World::with(|rules| rules.certificate_limit(one));
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    world
        .faults
        .fail_next(StoreOperation::EndOldest, Fault::Before);
    let mut client = Client::of(&peer);
    client.request(&world, |session| session.insert(&CART, &1).unwrap());
    assert!(client.handle(&world).is_some());
    let failed = |event: &SessionEvent| matches!(event, SessionEvent::StoreFailed { .. });
    assert_eq!(world.log.count(failed), 1);
}

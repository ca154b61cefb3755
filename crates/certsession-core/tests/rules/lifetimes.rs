//! How long a session lives: idle, absolute, and never longer than its certificate.

use certsession_core::{Key, Lifetimes, PeerState, StoreOperation};

use crate::support::{Ca, Certificate, Client, HOUR, MINUTE, NOW, SECOND, World};

const CART: Key<u32> = Key::new("cart");

fn peer() -> PeerState {
    Ca::named("ca").issue(&Certificate::serial(1))
}

#[test]
fn a_session_that_is_not_used_ends_after_its_idle_timeout() {
    let world = World::new();
    let client = Client::signed_in(&world, &peer(), "alice");
    world.clock.advance(30 * MINUTE - SECOND);
    assert!(client.handle(&world).is_some());
    world.clock.set(NOW + 30 * MINUTE);
    assert_eq!(client.handle(&world), None);
}

#[test]
fn a_session_that_is_used_lives_on_without_a_write() {
    let world = World::new();
    let mut client = Client::signed_in(&world, &peer(), "alice");
    for _ in 0..20 {
        world.clock.advance(20 * MINUTE);
        client.request(&world, |_| {});
    }
    assert!(client.handle(&world).is_some());
}

#[test]
fn a_session_ends_after_its_absolute_timeout_however_much_it_is_used() {
    let world = World::new();
    let mut client = Client::signed_in(&world, &peer(), "alice");
    for _ in 0..12 * 3 - 1 {
        world.clock.advance(20 * MINUTE);
        client.request(&world, |session| session.insert(&CART, &1).unwrap());
    }
    world.clock.set(NOW + (12 * HOUR - SECOND));
    client.request(&world, |session| session.insert(&CART, &2).unwrap());
    assert!(client.handle(&world).is_some());
    world.clock.set(NOW + 12 * HOUR);
    assert_eq!(client.handle(&world), None);
}

#[test]
fn p8_no_deadline_is_after_the_certificates_end() {
    let world = World::new();
    let end = NOW + 10 * MINUTE;
    let short = Ca::named("ca").issue(&Certificate::serial(1).valid(NOW, end));
    let mut client = Client::of(&short);
    client.request(&world, |session| session.insert(&CART, &1).unwrap());
    for step in 1..5 {
        let session = client.open(&world);
        let record = session.record().unwrap();
        assert_eq!(record.idle_deadline(), end);
        assert_eq!(record.absolute_deadline(), end);
        world.clock.set(NOW + step * 2 * MINUTE);
        client.request(&world, |session| session.sign_in("alice").unwrap());
    }
}

#[test]
fn the_idle_deadline_is_written_at_most_once_per_touch_interval() {
    let world = World::new();
    let mut client = Client::signed_in(&world, &peer(), "alice");
    world.faults.take_calls();
    // Ten minutes with one request each second; the touch interval is a minute.
    for _ in 0..600 {
        world.clock.advance(SECOND);
        client.request(&world, |_| {});
    }
    assert_eq!(world.faults.calls(StoreOperation::Load), 600);
    assert_eq!(world.faults.calls(StoreOperation::Commit), 10);
    let session = client.open(&world);
    let record = session.record().unwrap();
    assert_eq!(record.last_seen_at(), NOW + 10 * MINUTE);
    assert_eq!(record.idle_deadline(), NOW + 40 * MINUTE);
}

#[test]
fn a_write_moves_the_idle_deadline_too() {
    let world = World::new();
    let mut client = Client::signed_in(&world, &peer(), "alice");
    world.clock.advance(SECOND);
    client.request(&world, |session| session.insert(&CART, &1).unwrap());
    let session = client.open(&world);
    let deadline = session.record().unwrap().idle_deadline();
    assert_eq!(deadline, NOW + SECOND + 30 * MINUTE);
}

#[test]
fn a_request_is_a_use_when_it_comes_and_a_commit_after_its_head_is_another() {
    let world = World::new();
    let mut client = Client::signed_in(&world, &peer(), "alice");
    let mut slow = client.open(&world);
    world.clock.advance(2 * MINUTE);
    world.faults.take_calls();
    client.finish(&world, &mut slow);
    assert_eq!(world.faults.calls(StoreOperation::Commit), 0);
    slow.mark_head_sent();
    client.finish(&world, &mut slow);
    assert_eq!(world.faults.calls(StoreOperation::Commit), 1);
    let session = client.open(&world);
    assert_eq!(session.record().unwrap().last_seen_at(), NOW + 2 * MINUTE);
}

#[test]
fn a_session_is_gone_when_it_expires_during_a_request() {
    let world = World::new();
    let mut client = Client::signed_in(&world, &peer(), "alice");
    let mut slow = client.open(&world);
    slow.insert(&CART, &1).unwrap();
    world.clock.advance(30 * MINUTE);
    let answer = client.finish(&world, &mut slow);
    let gone = certsession_core::SessionError::Gone.to_string();
    assert_eq!(answer.result.unwrap_err().to_string(), gone);
    assert!(answer.cookie.is_none());
}

#[test]
fn a_handler_reads_the_clock_that_judges_its_session() {
    let world = World::new();
    let client = Client::signed_in(&world, &peer(), "alice");
    let session = client.open(&world);
    world.clock.advance(10 * MINUTE);
    assert_eq!(session.now(), NOW + 10 * MINUTE);
    assert_eq!(world.sessions.now(), session.now());
    let left = session.record().unwrap().idle_deadline();
    assert_eq!(left.saturating_since(session.now()), 20 * MINUTE);
}

#[test]
fn short_lifetimes_are_kept_to_the_millisecond() {
    let lifetimes = Lifetimes::default().with_idle(2 * SECOND).unwrap();
    let lifetimes = lifetimes.with_absolute(5 * SECOND).unwrap();
    let world = World::with(|rules| rules.lifetimes(lifetimes));
    let mut client = Client::signed_in(&world, &peer(), "alice");
    for _ in 0..4 {
        world.clock.advance(SECOND);
        client.request(&world, |_| {});
    }
    let session = client.open(&world);
    let record = session.record().unwrap();
    assert_eq!(record.idle_deadline(), NOW + 5 * SECOND);
    assert_eq!(record.absolute_deadline(), NOW + 5 * SECOND);
    world.clock.advance(SECOND);
    assert_eq!(client.handle(&world), None);
}

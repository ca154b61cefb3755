//! Clocks that do not run as they should.

use certsession_core::{Key, Lifetimes};

use crate::support::{Ca, Certificate, Client, HOUR, MINUTE, NOW, World};

const SECOND: std::time::Duration = std::time::Duration::from_secs(1);

const CART: Key<u32> = Key::new("cart");

fn client(world: &World) -> Client {
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    Client::signed_in(world, &peer, "alice")
}

#[test]
fn p4_a_session_that_was_found_expired_does_not_come_back_when_the_clock_goes_back() {
    let world = World::new();
    let alice = client(&world);
    world.clock.set(NOW + HOUR);
    assert_eq!(alice.handle(&world), None);
    world.clock.set(NOW);
    assert_eq!(alice.handle(&world), None);
    assert_eq!(world.count(), 0);
}

#[test]
fn a_clock_that_ran_ahead_for_one_request_does_not_disable_the_idle_timeout() {
    let idle = Lifetimes::default().with_idle(6 * HOUR).unwrap();
    let world = World::with(|rules| rules.lifetimes(idle));
    let mut alice = client(&world);
    world.clock.set(NOW + 5 * HOUR);
    alice.request(&world, |session| session.insert(&CART, &1).unwrap());
    let deadline = |alice: &Client| alice.open(&world).record().unwrap().idle_deadline();
    assert_eq!(deadline(&alice), NOW + 11 * HOUR);
    // The next use sets it right, also one that merely reads.
    world.clock.set(NOW + 2 * MINUTE);
    alice.request(&world, |_| {});
    assert_eq!(deadline(&alice), NOW + 2 * MINUTE + 6 * HOUR);
    world.clock.set(NOW + 2 * MINUTE + 6 * HOUR);
    assert_eq!(alice.handle(&world), None);
}

#[test]
fn a_session_that_began_under_a_clock_that_ran_ahead_is_set_right_by_its_next_use() {
    let world = World::new();
    world.clock.set(NOW + 10 * HOUR);
    let mut alice = client(&world);
    world.clock.set(NOW);
    alice.request(&world, |_| {});
    world.clock.set(NOW + 31 * MINUTE);
    assert_eq!(alice.handle(&world), None);
}

#[test]
fn of_two_requests_at_about_the_same_time_the_later_use_counts() {
    let world = World::new();
    let mut alice = client(&world);
    world.clock.set(NOW + 10 * MINUTE);
    alice.request(&world, |session| session.insert(&CART, &1).unwrap());
    world.clock.set(NOW + 9 * MINUTE + 50 * SECOND);
    alice.request(&world, |session| session.insert(&CART, &2).unwrap());
    let deadline = alice.open(&world).record().unwrap().idle_deadline();
    assert_eq!(deadline, NOW + 40 * MINUTE);
}

//! Sessions that are watched after the request.

use std::pin::pin;
use std::task::{Context, Waker};

use certsession_core::test_util::block_on;
use certsession_core::{BindingPolicy, PeerState, Revocation, SessionWatch, StoreOperation};

use crate::support::{Ca, Certificate, Client, HOUR, MINUTE, World};

fn peer() -> PeerState {
    Ca::named("ca").issue(&Certificate::serial(1))
}

fn watched(world: &World, client: &Client) -> SessionWatch {
    client.open(world).watch().unwrap()
}

fn is_active(world: &World, watched: &SessionWatch) -> bool {
    block_on(world.sessions.is_active(watched)).unwrap()
}

#[test]
fn p8_a_watched_session_is_active_until_it_ends_for_any_reason() {
    type End = fn(&World, &mut Client);
    let ends: [(&str, End); 6] = [
        ("idle", |world, _| world.clock.advance(31 * MINUTE)),
        ("certificate expired", |world, _| {
            world.clock.advance(31 * 24 * HOUR)
        }),
        ("signed out", |world, client| {
            client.request(world, |session| session.sign_out().unwrap());
        }),
        ("revoked", |world, client| {
            let handle = client.handle(world).unwrap();
            block_on(world.sessions.revoke(handle)).unwrap();
        }),
        ("another principal", |world, client| {
            client.request(world, |session| session.sign_in("bob").unwrap());
        }),
        ("certificate revoked", |world, client| {
            let certificate = client.peer.certificate().unwrap();
            world
                .sessions
                .revocations()
                .revoke(Revocation::of_certificate(certificate));
        }),
    ];
    for (what, end) in ends {
        let world = World::new();
        let mut client = Client::signed_in(&world, &peer(), "alice");
        let watched = watched(&world, &client);
        assert!(is_active(&world, &watched), "{what}");
        end(&world, &mut client);
        assert!(!is_active(&world, &watched), "{what}");
    }
}

#[test]
fn a_watched_session_stays_active_over_a_new_token_of_the_same_owner() {
    let world = World::new();
    let mut client = Client::signed_in(&world, &peer(), "alice");
    let watched = watched(&world, &client);
    client.request(&world, |session| session.rotate().unwrap());
    assert!(is_active(&world, &watched));
}

#[test]
fn a_connection_of_the_older_certificate_ends_when_the_session_moves_on() {
    let world = World::with(|rules| rules.binding(BindingPolicy::PublicKey));
    let ca = Ca::named("ca");
    let old = Certificate::serial(1);
    let mut client = Client::signed_in(&world, &ca.issue(&old), "alice");
    let watched = watched(&world, &client);
    client.peer = ca.issue(&old.renewed(2, MINUTE));
    client.request(&world, |_| {});
    assert!(!is_active(&world, &watched));
}

#[test]
fn p6_a_watched_session_is_unknown_while_the_store_is_down() {
    let world = World::new();
    let client = Client::signed_in(&world, &peer(), "alice");
    let watched = watched(&world, &client);
    world.faults.fail_all(StoreOperation::Load);
    assert!(block_on(world.sessions.is_active(&watched)).is_err());
}

#[test]
fn an_end_by_this_process_is_notified_even_if_the_store_sends_no_notifications() {
    let world = World::new();
    let client = Client::signed_in(&world, &peer(), "alice");
    let watched = watched(&world, &client);
    let mut hint = pin!(world.sessions.end_notification(&watched));
    let context = &mut Context::from_waker(Waker::noop());
    assert!(hint.as_mut().poll(context).is_pending());
    block_on(world.sessions.revoke(client.handle(&world).unwrap())).unwrap();
    assert!(hint.as_mut().poll(context).is_ready());
}

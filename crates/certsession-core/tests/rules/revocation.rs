//! Revoked certificates: refused on the next request, and their sessions ended for good.

use std::thread;

use certsession_core::test_util::{Fault, SampleBinding, SampleRecord, block_on};
use certsession_core::{
    BindingPolicy, Handle, Key, PeerState, Refusal, Revocation, RevocationList, RevocationReason,
    SerialNumber, SessionError, SessionEvent, SessionStore, StoreOperation,
};
use rcgen::KeyPair;

use crate::support::{Ca, Certificate, Client, HOUR, NOW, World, owner};

const CART: Key<u32> = Key::new("cart");

fn serial(peer: &PeerState) -> Revocation {
    Revocation::of_certificate(peer.certificate().unwrap())
}

fn revoked(handle: Handle) -> SessionEvent {
    let reason = RevocationReason::CertificateRevoked;
    SessionEvent::Revoked { handle, reason }
}

fn refused(reason: Refusal) -> SessionEvent {
    let handle = None;
    SessionEvent::Refused { handle, reason }
}

/// A world whose revocation list the test holds, as the TLS configuration does.
fn world_with(list: &RevocationList) -> World {
    World::with(|rules| rules.revocations(list))
}

#[test]
fn p8_a_revoked_certificate_is_refused_cookie_or_not() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let ca = Ca::named("ca");
    let peer = ca.issue(&Certificate::serial(1));
    let alice = Client::signed_in(&world, &peer, "alice");
    let bob = Client::signed_in(&world, &ca.issue(&Certificate::serial(2)), "bob");
    list.revoke(serial(&peer));
    assert_eq!(alice.refusal(&world), Refusal::CertificateRevoked);
    assert_eq!(
        Client::of(&peer).refusal(&world),
        Refusal::CertificateRevoked
    );
    assert!(bob.handle(&world).is_some());
}

#[test]
fn p8_the_sessions_of_a_revoked_certificate_are_ended_by_its_next_request() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let alice = Client::signed_in(&world, &peer, "alice");
    let handle = alice.handle(&world).unwrap();
    list.revoke(serial(&peer));
    world.events();
    alice.refusal(&world);
    world.end_revoked();
    assert_eq!(world.sessions_by(&owner(&peer)), []);
    let expected = [refused(Refusal::CertificateRevoked), revoked(handle)];
    assert_eq!(world.events(), expected);
}

/// A session may begin in a request that was admitted before the revocation.
#[test]
fn p8_each_refused_request_asks_for_the_end_once_more() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let alice = Client::signed_in(&world, &peer, "alice");
    list.revoke(serial(&peer));
    world.end_revoked();
    let binding = peer.certificate().unwrap();
    let late = SampleRecord::new(1)
        .created_at(NOW)
        .bound_to(&(&**binding).into());
    let store = world.sessions.store().inner();
    block_on(store.create(late.build(), None, NOW)).unwrap();
    alice.refusal(&world);
    world.end_revoked();
    assert_eq!(world.count(), 0);
}

#[test]
fn p8_a_revoked_client_that_asks_often_is_queued_once_and_costs_no_store_call() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let alice = Client::signed_in(&world, &peer, "alice");
    list.revoke(serial(&peer));
    world.end_revoked();
    world.faults.take_calls();
    for _ in 0..1_000 {
        alice.refusal(&world);
    }
    assert_eq!(world.faults.take_calls(), []);
    assert_eq!(block_on(world.sessions.end_revoked()).unwrap(), 1);
    assert_eq!(block_on(world.sessions.end_revoked()).unwrap(), 0);
}

#[test]
fn p8_one_owner_whose_end_fails_does_not_hold_up_the_others() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let ca = Ca::named("ca");
    let peers = [1, 2, 3].map(|n| ca.issue(&Certificate::serial(n)));
    for peer in &peers {
        Client::signed_in(&world, peer, "alice");
    }
    list.revoke_all(peers.iter().map(serial));
    world
        .faults
        .fail_next(StoreOperation::Revoke, Fault::Before);
    assert!(block_on(world.sessions.end_revoked()).is_err());
    assert_eq!(world.count(), 1);
    assert_eq!(block_on(world.sessions.end_revoked()).unwrap(), 1);
    assert_eq!(world.count(), 0);
}

#[test]
fn p8_a_shutdown_can_wait_until_no_session_is_left_to_end() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    Client::signed_in(&world, &peer, "alice");
    // Nothing is left to begin with.
    block_on(world.sessions.revocations_ended());
    list.revoke(serial(&peer));
    world
        .faults
        .fail_next(StoreOperation::Revoke, Fault::Before);
    thread::scope(|scope| {
        let waits = scope.spawn(|| block_on(world.sessions.revocations_ended()));
        assert!(block_on(world.sessions.end_revoked()).is_err());
        assert!(!waits.is_finished());
        world.end_revoked();
        waits.join().unwrap();
    });
    assert_eq!(world.count(), 0);
}

#[test]
fn p8_the_sessions_of_a_revoked_key_are_ended_by_its_next_request() {
    let world = World::new();
    let key = KeyPair::generate().unwrap();
    let pem = key.serialize_pem();
    let of_same_key = |serial| Certificate::with_key(serial, KeyPair::from_pem(&pem).unwrap());
    let ca = Ca::named("ca");
    let (old, new) = (ca.issue(&of_same_key(1)), ca.issue(&of_same_key(2)));
    let alice = Client::signed_in(&world, &old, "alice");
    let key = Revocation::of_key(new.certificate().unwrap());
    block_on(world.sessions.revoke_certificate(key)).unwrap();
    assert_eq!(alice.refusal(&world), Refusal::CertificateRevoked);
    world.end_revoked();
    assert_eq!(world.count(), 0);
}

#[test]
fn p8_a_certificate_that_is_revoked_by_call_loses_its_sessions_at_once() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let alice = Client::signed_in(&world, &peer, "alice");
    let handle = alice.handle(&world).unwrap();
    let ended = block_on(world.sessions.revoke_certificate(serial(&peer))).unwrap();
    assert_eq!(ended, [handle]);
    assert_eq!(world.count(), 0);
    assert_eq!(alice.refusal(&world), Refusal::CertificateRevoked);
}

#[test]
fn p8_sessions_of_a_listed_certificate_are_ended_without_a_request() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    Client::signed_in(&world, &peer, "alice");
    list.revoke(serial(&peer));
    block_on(world.sessions.revocations_added());
    assert_eq!(block_on(world.sessions.end_revoked()).unwrap(), 1);
    assert_eq!(world.count(), 0);
    assert_eq!(block_on(world.sessions.end_revoked()).unwrap(), 0);
}

#[test]
fn certificates_already_on_the_list_at_the_start_lose_their_sessions_too() {
    let list = RevocationList::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    list.revoke(serial(&peer));
    let world = world_with(&list);
    assert_eq!(block_on(world.sessions.end_revoked()).unwrap(), 1);
}

#[test]
fn p6_sessions_that_the_store_could_not_end_are_ended_when_it_recovers() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let alice = Client::signed_in(&world, &peer, "alice");
    list.revoke(serial(&peer));
    world.faults.fail_all(StoreOperation::Revoke);
    assert!(block_on(world.sessions.end_revoked()).is_err());
    assert_eq!(
        alice.refusal(&world),
        Refusal::CertificateRevoked,
        "although the store is down"
    );
    assert_eq!(world.count(), 1);
    world.faults.heal();
    world.end_revoked();
    assert_eq!(world.count(), 0);
}

#[test]
fn p6_an_end_whose_result_was_lost_is_retried() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    list.revoke(serial(&peer));
    world.faults.fail_next(StoreOperation::Revoke, Fault::After);
    assert!(block_on(world.sessions.end_revoked()).is_err());
    assert_eq!(block_on(world.sessions.end_revoked()).unwrap(), 1);
}

#[test]
fn p8_a_renewed_certificate_does_not_save_the_session_of_a_revoked_one() {
    let list = RevocationList::new();
    let world = World::with(|rules| rules.revocations(&list).binding(BindingPolicy::PublicKey));
    let ca = Ca::named("ca");
    let old = Certificate::serial(1);
    let peer = ca.issue(&old);
    let mut alice = Client::signed_in(&world, &peer, "alice");
    alice.peer = ca.issue(&old.renewed(2, HOUR / 2));
    list.revoke(serial(&peer));
    assert_eq!(
        alice.handle(&world),
        None,
        "the session ended with its certificate"
    );
    world.end_revoked();
    assert_eq!(world.count(), 0);
}

#[test]
fn a_session_that_has_moved_on_is_left_alone_when_its_old_certificate_is_revoked() {
    let list = RevocationList::new();
    let world = World::with(|rules| rules.revocations(&list).binding(BindingPolicy::PublicKey));
    let ca = Ca::named("ca");
    let old = Certificate::serial(1);
    let peer = ca.issue(&old);
    let mut alice = Client::signed_in(&world, &peer, "alice");
    alice.peer = ca.issue(&old.renewed(2, HOUR / 2));
    alice.request(&world, |session| session.insert(&CART, &1).unwrap());
    list.revoke(serial(&peer));
    block_on(world.sessions.end_revoked()).unwrap();
    assert_eq!(alice.principal(&world).as_deref(), Some("alice"));
}

#[test]
fn p4_a_slow_request_does_not_bring_back_the_session_of_a_revoked_certificate() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut alice = Client::signed_in(&world, &peer, "alice");
    let mut slow = alice.open(&world);
    slow.insert(&CART, &1).unwrap();
    block_on(world.sessions.revoke_certificate(serial(&peer))).unwrap();
    assert!(alice.finish(&world, &mut slow).result.is_err());
    assert_eq!(world.count(), 0);
}

#[test]
fn p8_one_worker_at_a_time_ends_sessions_and_keeps_no_manager_alive() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let _alice = Client::signed_in(&world, &peer, "alice");
    let worker = world.sessions.revocation_worker().unwrap();
    assert!(world.sessions.clone().revocation_worker().is_none());
    list.revoke(serial(&peer));
    assert!(block_on(worker.step()).unwrap());
    assert_eq!(world.sessions_by(&owner(&peer)), []);
    drop(worker);

    let worker = world.sessions.revocation_worker().unwrap();
    drop(world);
    assert!(!block_on(worker.step()).unwrap());
}

/// A stream that writes for hours, under a certificate that is revoked meanwhile.
#[test]
fn p8_a_commit_asks_whether_the_certificate_is_revoked() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut alice = Client::signed_in(&world, &peer, "alice");
    let mut stream = alice.open(&world);
    stream.insert(&CART, &1).unwrap();
    alice.finish(&world, &mut stream).result.unwrap();
    // Revoked by its key, whose sessions no index finds.
    list.revoke(Revocation::of_key(peer.certificate().unwrap()));
    stream.insert(&CART, &2).unwrap();
    let result = alice.finish(&world, &mut stream).result;
    let reason = Refusal::CertificateRevoked;
    assert!(matches!(result, Err(SessionError::Refused(refused)) if refused == reason));
    world.end_revoked();
    assert_eq!(world.count(), 0, "the session is ended");
    assert!(stream.insert(&CART, &3).is_err());
}

#[test]
fn p8_a_commit_asks_whether_the_certificate_is_still_valid_and_its_list_is_not_overdue() {
    let world = World::new();
    let short = Certificate::serial(1).valid(NOW, NOW + HOUR);
    let peer = Ca::named("ca").issue(&short);
    let mut alice = Client::of(&peer);
    let mut slow = alice.open(&world);
    slow.sign_in("alice").unwrap();
    world.clock.set(NOW + 2 * HOUR);
    let result = alice.finish(&world, &mut slow).result;
    let reason = Refusal::CertificateExpired;
    assert!(matches!(result, Err(SessionError::Refused(refused)) if refused == reason));
    assert_eq!(world.count(), 0);
}

#[test]
fn p8_a_request_that_only_read_is_served_although_its_certificate_was_revoked_meanwhile() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut alice = Client::signed_in(&world, &peer, "alice");
    world.clock.advance(HOUR / 4);
    let mut slow = alice.open(&world);
    list.revoke(serial(&peer));
    alice.finish(&world, &mut slow).result.unwrap();
    world.end_revoked();
    assert_eq!(world.count(), 0);
}

#[test]
fn p8_a_sign_out_goes_through_under_a_revoked_certificate() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut alice = Client::signed_in(&world, &peer, "alice");
    let mut slow = alice.open(&world);
    slow.sign_out().unwrap();
    list.revoke(serial(&peer));
    alice.finish(&world, &mut slow).result.unwrap();
    assert_eq!(world.count(), 0);
}

#[test]
fn p8_sessions_of_a_serial_number_with_superfluous_zeros_are_ended() {
    let list = RevocationList::new();
    let world = world_with(&list);
    let certificate = SampleBinding::new(7);
    let mut record = SampleRecord::new(1).created_at(NOW);
    record = record.bound_to(&certificate.clone().build());
    let store = world.sessions.store().inner();
    block_on(store.create(record.build(), None, NOW)).unwrap();
    // The sample's serial number is 00 00 00 07.
    list.revoke(Revocation::Certificate {
        issuer: *certificate.build().issuer(),
        serial: SerialNumber::from_bytes(&[7]),
    });
    assert_eq!(block_on(world.sessions.end_revoked()).unwrap(), 1);
    assert_eq!(world.count(), 0);
}

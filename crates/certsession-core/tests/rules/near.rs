//! Outdated copies of records: they serve only requests that would be served anyway, for a moment
//! longer, and no others. (In the stores' own tests that moment is short; here the copy stays.)

use certsession_core::test_util::Fault;
use certsession_core::{
    BindingPolicy, Key, OnReplay, Refusal, Revocation, Session, SessionError, StoreOperation,
};

use crate::support::{Ca, Certificate, Client, HOUR, World, commit, refusal_of};

const CART: Key<u32> = Key::new("cart");
const NOTE: Key<u32> = Key::new("note");

/// A client with a session, whose current record becomes the copy.
fn copied(world: &World) -> Client {
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let mut client = Client::signed_in(world, &peer, "alice");
    client.request(world, |session| session.insert(&CART, &7).unwrap());
    let session = client.open(world);
    world.faults.hold_copy(session.record().unwrap().clone());
    world.faults.take_calls();
    client
}

fn near(client: &Client, world: &World) -> Session {
    client.try_open_near(world).unwrap()
}

#[test]
fn a_copy_serves_a_reader_without_the_store() {
    let world = World::new();
    let client = copied(&world);
    let session = near(&client, &world);
    assert_eq!(session.get(&CART).unwrap(), Some(7));
    assert_eq!(session.principal().unwrap().as_str(), "alice");
    assert_eq!(world.faults.take_calls(), []);
    client.open(&world);
    assert_eq!(world.faults.take_calls(), [StoreOperation::Load]);
}

#[test]
fn without_a_copy_the_record_is_loaded() {
    let world = World::new();
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    let client = Client::signed_in(&world, &peer, "alice");
    assert!(near(&client, &world).handle().is_some());
    world.faults.fail_next(StoreOperation::Load, Fault::Before);
    let failed = client.try_open_near(&world);
    assert!(matches!(failed, Err(SessionError::Store(_))));
}

#[test]
fn p2_a_copy_is_not_used_for_another_certificate() {
    let world = World::new();
    let owner = copied(&world);
    let other = Ca::named("ca").issue(&Certificate::serial(2));
    let thief = Client::with_cookie_of(&other, &owner);
    let refusal = refusal_of(thief.try_open_near(&world));
    assert_eq!(refusal, Refusal::OtherCertificate);
    assert_eq!(near(&owner, &world).get(&CART).unwrap(), Some(7));
}

#[test]
fn p3_a_new_token_is_judged_by_the_store_and_not_by_an_older_copy() {
    let world = World::with(|rules| rules.on_replay(OnReplay::EndSession));
    let mut client = copied(&world);
    client.request(&world, |session| session.rotate().unwrap());
    world.events();
    // Judged by the copy it would be a replay, which ends the session.
    assert!(near(&client, &world).handle().is_some());
    assert_eq!(world.events(), []);
    assert!(client.handle(&world).is_some());
}

#[test]
fn p3_a_replaced_token_writes_nothing_from_an_older_copy() {
    let world = World::new();
    let mut client = copied(&world);
    let before = client.clone();
    client.request(&world, |session| session.sign_in("bob").unwrap());
    let mut session = near(&before, &world);
    session.insert(&NOTE, &1).unwrap();
    let result = commit(&world, &mut session);
    assert!(matches!(result, Err(SessionError::Stale)));
    assert_eq!(client.open(&world).get(&NOTE).unwrap(), None);
}

#[test]
fn p4_a_write_from_an_older_copy_brings_no_session_back() {
    let world = World::new();
    let mut client = copied(&world);
    let before = client.clone();
    client.request(&world, |session| session.sign_out().unwrap());
    let mut session = near(&before, &world);
    session.insert(&NOTE, &1).unwrap();
    let result = commit(&world, &mut session);
    assert!(matches!(result, Err(SessionError::Gone)));
    assert_eq!(world.count(), 0);
}

#[test]
fn p5_a_write_from_an_older_copy_undoes_no_other() {
    let world = World::new();
    let mut client = copied(&world);
    let mut session = near(&client, &world);
    client.request(&world, |session| session.insert(&CART, &8).unwrap());
    session.insert(&NOTE, &1).unwrap();
    commit(&world, &mut session).unwrap();
    let session = client.open(&world);
    assert_eq!(session.get(&CART).unwrap(), Some(8));
    assert_eq!(session.get(&NOTE).unwrap(), Some(1));
}

#[test]
fn p8_a_copy_is_not_used_after_its_deadline() {
    let world = World::new();
    let client = copied(&world);
    world.clock.advance(HOUR);
    assert_eq!(near(&client, &world).handle(), None);
}

#[test]
fn p8_a_copy_is_not_used_for_a_revoked_certificate() {
    let world = World::new();
    let client = copied(&world);
    let certificate = client.peer.certificate().unwrap();
    let revocation = Revocation::of_certificate(certificate);
    world.sessions.revocations().revoke(revocation);
    let refusal = refusal_of(client.try_open_near(&world));
    assert_eq!(refusal, Refusal::CertificateRevoked);
}

#[test]
fn a_renewed_certificate_is_judged_by_the_store() {
    let world = World::with(|rules| rules.binding(BindingPolicy::PublicKey));
    let ca = Ca::named("ca");
    let certificate = Certificate::serial(1);
    let client = Client::signed_in(&world, &ca.issue(&certificate), "alice");
    let record = client.open(&world).record().unwrap().clone();
    world.faults.hold_copy(record);
    let renewed = ca.issue(&certificate.renewed(2, HOUR / 2));
    let mut client = Client::with_cookie_of(&renewed, &client);
    let mut session = near(&client, &world);
    let answer = client.finish(&world, &mut session);
    answer.result.unwrap();
    assert!(
        session.record().unwrap().binding().unwrap().serial()
            == renewed.certificate().unwrap().serial()
    );
}

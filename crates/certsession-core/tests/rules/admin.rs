//! Listing and ending sessions from outside: P4.

use certsession_core::test_util::{Fault, block_on};
use certsession_core::{
    BindWhenPresent, Clock, Device, Key, MemoryStore, OnReplay, Owner, Page, PeerState, Principal,
    Refusal, Revocation, RevocationReason, SessionAdmin, SessionError, SessionEvent,
    SessionManager, SessionSummary, StoreErrorKind, StoreOperation,
};

use crate::support::{Ca, Certificate, Client, SECOND, World, owner};

const CART: Key<u32> = Key::new("cart");

fn principal(name: &str) -> Principal {
    Principal::new(name).unwrap()
}

fn revoked(handle: certsession_core::Handle) -> SessionEvent {
    let reason = RevocationReason::Requested;
    SessionEvent::Revoked { handle, reason }
}

/// Three clients with a certificate each: two of alice, a second apart, and one of bob.
fn three(world: &World) -> [Client; 3] {
    let ca = Ca::named("ca");
    let names = [(1, "alice"), (2, "alice"), (3, "bob")];
    names.map(|(serial, name)| {
        world.clock.advance(SECOND);
        Client::signed_in(world, &ca.issue(&Certificate::serial(serial)), name)
    })
}

#[test]
fn a_principal_sees_the_sessions_that_are_theirs_oldest_first() {
    let world = World::new();
    let clients = three(&world);
    let alice = Owner::Principal(principal("alice"));
    let page = block_on(world.sessions.sessions(&alice, &Page::default())).unwrap();
    let listed = page.sessions();
    let handles: Vec<_> = listed.iter().map(SessionSummary::handle).collect();
    let expected = [&clients[0], &clients[1]].map(|client| client.handle(&world).unwrap());
    assert_eq!(handles, expected);
    assert_eq!(listed[0].binding().unwrap().serial().as_bytes(), [1]);
}

#[test]
fn p4_a_revoked_session_is_gone_and_a_slow_writer_does_not_bring_it_back() {
    let world = World::new();
    let mut clients = three(&world);
    let handle = clients[0].handle(&world).unwrap();
    let mut slow = clients[0].open(&world);
    world.events();
    assert!(block_on(world.sessions.revoke(handle)).unwrap());
    assert!(!block_on(world.sessions.revoke(handle)).unwrap());
    assert_eq!(world.events(), [revoked(handle)]);

    slow.insert(&CART, &1).unwrap();
    let answer = clients[0].finish(&world, &mut slow);
    assert!(matches!(answer.result, Err(SessionError::Gone)));
    assert!(answer.cookie.is_none());
    assert_eq!(world.count(), 2);
}

#[test]
fn a_principal_ends_their_own_sessions_and_no_others() {
    let world = World::new();
    let clients = three(&world);
    let (alice, bob) = (principal("alice"), principal("bob"));
    let handle = clients[0].handle(&world).unwrap();
    world.events();
    let own = |who, handle| block_on(world.sessions.revoke_own(who, handle)).unwrap();
    assert!(!own(&bob, handle));
    assert!(clients[0].handle(&world).is_some());
    assert_eq!(world.events(), []);
    assert!(own(&alice, handle));
    assert!(!own(&alice, handle));
    assert_eq!(world.events(), [revoked(handle)]);
    assert_eq!(clients[0].handle(&world), None);
}

#[test]
fn a_session_that_another_principal_signs_in_to_meanwhile_is_not_ended_as_ones_own() {
    let world = World::new();
    let mut clients = three(&world);
    let handle = clients[0].handle(&world).unwrap();
    // Alice ends the session; what is loaded is hers.
    let gate = world.faults.hold_next(StoreOperation::Remove);
    let alice = principal("alice");
    std::thread::scope(|scope| {
        let end = scope.spawn(|| block_on(world.sessions.revoke_own(&alice, handle)).unwrap());
        block_on(gate.arrived());
        clients[0].request(&world, |session| session.sign_in("carol").unwrap());
        gate.release();
        assert!(!end.join().unwrap(), "carol's session was ended as alice's");
    });
    assert_eq!(clients[0].principal(&world).as_deref(), Some("carol"));
    assert!(block_on(world.sessions.revoke_own(&principal("carol"), handle)).unwrap());
}

#[test]
fn a_write_meanwhile_does_not_save_a_session_from_its_principal() {
    let world = World::new();
    let mut clients = three(&world);
    let handle = clients[0].handle(&world).unwrap();
    let gate = world.faults.hold_next(StoreOperation::Remove);
    let alice = principal("alice");
    std::thread::scope(|scope| {
        let end = scope.spawn(|| block_on(world.sessions.revoke_own(&alice, handle)).unwrap());
        block_on(gate.arrived());
        clients[0].request(&world, |session| session.insert(&CART, &1).unwrap());
        gate.release();
        assert!(end.join().unwrap());
    });
    assert_eq!(clients[0].handle(&world), None);
}

#[test]
fn an_anonymous_session_is_not_revoked_with_any_principal() {
    let world = World::new();
    let mut client = Client::of(&Ca::named("ca").issue(&Certificate::serial(1)));
    client.request(&world, |session| session.insert(&CART, &1).unwrap());
    let handle = client.handle(&world).unwrap();
    let alice = principal("alice");
    assert!(!block_on(world.sessions.revoke_own(&alice, handle)).unwrap());
    assert!(client.handle(&world).is_some());
}

#[test]
fn p4_every_session_of_a_principal_ends_at_once() {
    let world = World::new();
    let clients = three(&world);
    world.events();
    let alice = Owner::Principal(principal("alice"));
    let ended = block_on(world.sessions.revoke_all(&alice)).unwrap();
    assert_eq!(ended.len(), 2);
    let events = world.events();
    assert!(
        ended
            .iter()
            .all(|handle| events.contains(&revoked(*handle)))
    );
    assert_eq!(events.len(), 2);
    assert_eq!(clients[0].handle(&world), None);
    assert_eq!(clients[1].handle(&world), None);
    assert_eq!(clients[2].principal(&world).as_deref(), Some("bob"));
    assert_eq!(block_on(world.sessions.revoke_all(&alice)).unwrap(), []);
}

#[test]
fn p8_every_session_of_a_certificate_ends_at_once() {
    let world = World::new();
    let clients = three(&world);
    let stolen = owner(&clients[1].peer);
    let mut second = Client::of(&clients[1].peer);
    second.request(&world, |session| session.insert(&CART, &1).unwrap());
    let ended = block_on(world.sessions.revoke_all(&stolen)).unwrap();
    assert_eq!(ended.len(), 2);
    assert_eq!(second.handle(&world), None);
    assert_eq!(clients[1].handle(&world), None);
    assert!(clients[0].handle(&world).is_some());
}

#[test]
fn p4_p8_an_administrator_needs_no_type_of_a_store() {
    let world = World::new();
    let clients = three(&world);
    let other = SessionManager::new(MemoryStore::new());
    // One type for managers over different stores, and it may go to another thread.
    let admins: [SessionAdmin; 2] = [world.sessions.admin(), other.admin()];
    let (alice, bob) = (principal("alice"), principal("bob"));
    let owner = Owner::Principal(alice.clone());
    let handles = clients
        .each_ref()
        .map(|client| client.handle(&world).unwrap());
    assert_eq!(admins[0].now(), world.clock.now());
    let first = Page::default();
    let empty = block_on(admins[1].sessions(&owner, &first)).unwrap();
    assert_eq!(empty.sessions(), []);
    world.events();

    let admin = admins[0].clone();
    let listed = std::thread::spawn({
        let owner = owner.clone();
        move || block_on(admin.sessions(&owner, &Page::default())).unwrap()
    });
    let listed = listed.join().unwrap().into_sessions();
    assert_eq!(
        listed
            .iter()
            .map(SessionSummary::handle)
            .collect::<Vec<_>>(),
        handles[..2]
    );
    let admin = &admins[0];
    assert!(!block_on(admin.revoke_own(&bob, handles[0])).unwrap());
    assert!(block_on(admin.revoke_own(&alice, handles[0])).unwrap());
    assert!(!block_on(admin.revoke(handles[0])).unwrap());
    assert_eq!(block_on(admin.revoke_all(&owner)).unwrap(), [handles[1]]);
    assert_eq!(world.events(), [revoked(handles[0]), revoked(handles[1])]);

    let PeerState::Verified(certificate) = &clients[2].peer else {
        panic!("bob has a certificate");
    };
    let revocation = Revocation::of_certificate(certificate);
    assert_eq!(
        block_on(admin.revoke_certificate(revocation)).unwrap(),
        [handles[2]]
    );
    assert_eq!(admin.revocations().len(), 1);
    assert_eq!(clients[2].refusal(&world), Refusal::CertificateRevoked);
    assert_eq!(world.count(), 0);
}

#[test]
fn p6_a_failed_store_operation_is_an_error_and_an_event() {
    let world = World::new();
    let clients = three(&world);
    let handle = clients[0].handle(&world).unwrap();
    let alice = principal("alice");
    let owner = Owner::Principal(alice.clone());
    world.events();
    let fail = |operation| world.faults.fail_next(operation, Fault::Before);
    fail(StoreOperation::Sessions);
    assert!(block_on(world.sessions.sessions(&owner, &Page::default())).is_err());
    fail(StoreOperation::Remove);
    assert!(block_on(world.sessions.revoke(handle)).is_err());
    fail(StoreOperation::Load);
    assert!(block_on(world.sessions.revoke_own(&alice, handle)).is_err());
    fail(StoreOperation::Revoke);
    assert!(block_on(world.sessions.revoke_all(&owner)).is_err());

    let kind = StoreErrorKind::Unavailable;
    let operations = [
        StoreOperation::Sessions,
        StoreOperation::Remove,
        StoreOperation::Load,
        StoreOperation::Revoke,
    ];
    let expected = operations.map(|operation| SessionEvent::StoreFailed { operation, kind });
    assert_eq!(world.events(), expected);
    assert!(clients[0].handle(&world).is_some());
}

#[test]
fn an_operator_counts_and_ends_everyones_sessions() {
    let world = World::with(|rules| rules.certificate(BindWhenPresent::new()));
    let clients = three(&world);
    let mut anonymous = Client::of(&PeerState::Absent);
    anonymous.request(&world, |session| session.insert(&CART, &1).unwrap());
    let admin = world.sessions.admin();
    assert_eq!(block_on(admin.count_sessions()).unwrap(), 4);
    let page = block_on(admin.all_sessions(&Page::default())).unwrap();
    let mut names: Vec<_> = page
        .sessions()
        .iter()
        .map(|it| it.principal().cloned())
        .collect();
    names.sort();
    let [alice, bob] = ["alice", "bob"].map(|name| Some(principal(name)));
    assert_eq!(names, [None, alice.clone(), alice, bob]);

    let own = clients[2].handle(&world).unwrap();
    world
        .faults
        .fail_next(StoreOperation::Remove, Fault::Before);
    assert!(block_on(admin.revoke_everyone_but(own)).is_err());
    assert_eq!(world.count(), 2, "one could not be ended, the others were");
    assert_eq!(block_on(admin.revoke_everyone_but(own)).unwrap(), 1);
    assert_eq!(clients[2].handle(&world), Some(own));
    assert_eq!(block_on(admin.revoke_everyone()).unwrap(), 1);
    assert_eq!(block_on(admin.revoke_everyone()).unwrap(), 0);
    assert_eq!(world.count(), 0);
}

#[test]
fn what_a_session_without_data_took_is_given_back() {
    let world = World::with(|rules| rules.on_replay(OnReplay::EndSession));
    let mut client = Client::of(&Ca::named("ca").issue(&Certificate::serial(1)));
    client.request(&world, |session| {
        session.sign_in("alice").unwrap();
        session
            .describe(&Device::new().with_label("laptop"))
            .unwrap();
    });
    let old = client.clone();
    client.request(&world, |session| session.rotate().unwrap());
    assert_eq!(old.handle(&world), None);
    let store = world.sessions.store().inner();
    assert_eq!((store.len(), store.data_len()), (0, 0));
}

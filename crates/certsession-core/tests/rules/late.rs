//! A session after the response head.

use certsession_core::test_util::Fault;
use certsession_core::{BindingPolicy, Key, SessionError, StoreOperation};

use crate::support::{Ca, Certificate, Client, MINUTE, NOW, World, owner};

const CART: Key<u32> = Key::new("cart");

fn signed_in(world: &World) -> Client {
    let peer = Ca::named("ca").issue(&Certificate::serial(1));
    Client::signed_in(world, &peer, "alice")
}

#[test]
fn p6_a_change_after_the_head_is_an_error_and_not_a_loss() {
    let world = World::new();
    let client = signed_in(&world);
    let mut session = client.open(&world);
    session.mark_head_sent();
    let changes = [
        session.insert(&CART, &1),
        session.remove(&CART),
        session.clear(),
        session.rotate(),
        session.sign_in("bob"),
        session.sign_out(),
        session.end(),
    ];
    for change in changes {
        assert!(matches!(change, Err(SessionError::HeadSent)), "{change:?}");
    }
    assert_eq!(session.principal().unwrap().as_str(), "alice");
    assert!(session.begin_commit().is_none());
}

#[test]
fn p6_a_change_reported_as_failed_is_not_completed_after_the_head() {
    let world = World::new();
    let mut client = signed_in(&world);
    let mut session = client.open(&world);
    session.sign_in("bob").unwrap();
    world
        .faults
        .fail_next(StoreOperation::Commit, Fault::Before);
    assert!(client.finish(&world, &mut session).result.is_err());
    session.mark_head_sent();
    assert!(session.begin_commit().is_none());
    session.late_insert(&CART, &1).unwrap();
    client.finish(&world, &mut session).result.unwrap();
    assert_eq!(client.principal(&world).as_deref(), Some("alice"));

    let mut session = client.open(&world);
    session.sign_out().unwrap();
    world
        .faults
        .fail_next(StoreOperation::Remove, Fault::Before);
    assert!(client.finish(&world, &mut session).result.is_err());
    session.mark_head_sent();
    assert!(session.begin_commit().is_none());
    assert!(client.handle(&world).is_some());
}

#[test]
fn a_late_write_reaches_the_session_without_a_cookie() {
    let world = World::new();
    let mut client = signed_in(&world);
    let mut session = client.open(&world);
    session.mark_head_sent();
    session.late_insert(&CART, &1).unwrap();
    let answer = client.finish(&world, &mut session);
    answer.result.as_ref().unwrap();
    assert!(answer.cookie.is_none());
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(1));

    session.late_remove(&CART).unwrap();
    client.finish(&world, &mut session).result.unwrap();
    assert_eq!(client.open(&world).get(&CART).unwrap(), None);
}

#[test]
fn a_late_write_begins_no_session() {
    let world = World::new();
    let mut client = Client::of(&Ca::named("ca").issue(&Certificate::serial(1)));
    client.request(&world, |session| {
        session.mark_head_sent();
        let changes = [
            session.late_insert(&CART, &1),
            session.late_remove(&CART),
            session.late_end(),
        ];
        for change in changes {
            assert!(matches!(change, Err(SessionError::NoSession)));
        }
    });
    assert_eq!(world.count(), 0);
}

#[test]
fn a_late_write_is_possible_in_a_session_that_the_request_began() {
    let world = World::new();
    let mut client = Client::of(&Ca::named("ca").issue(&Certificate::serial(1)));
    let mut session = client.open(&world);
    session.insert(&CART, &1).unwrap();
    client.finish(&world, &mut session).result.unwrap();
    session.mark_head_sent();
    session.late_insert(&CART, &2).unwrap();
    client.finish(&world, &mut session).result.unwrap();
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(2));
}

#[test]
fn p4_a_late_end_is_final() {
    let world = World::new();
    let mut client = signed_in(&world);
    let mut session = client.open(&world);
    session.mark_head_sent();
    session.late_end().unwrap();
    assert!(matches!(
        session.late_insert(&CART, &1),
        Err(SessionError::Ended)
    ));
    client.finish(&world, &mut session).result.unwrap();
    assert_eq!(world.count(), 0);
}

#[test]
fn a_late_commit_renews_no_token_because_none_could_reach_the_client() {
    let world = World::new();
    let mut client = signed_in(&world);
    let mut session = client.open(&world);
    session.mark_head_sent();
    world.clock.advance(20 * MINUTE);
    session.late_insert(&CART, &1).unwrap();
    assert!(client.finish(&world, &mut session).cookie.is_none());
    // The token that the client has is not in a grace period: it is still the current one.
    world.clock.advance(20 * MINUTE);
    let answer = client.try_request(&world, |session| {
        assert_eq!(session.get(&CART).unwrap(), Some(1));
    });
    assert!(answer.has_token());
}

#[test]
fn a_late_commit_moves_the_idle_deadline() {
    let world = World::new();
    let mut client = signed_in(&world);
    let mut session = client.open(&world);
    session.mark_head_sent();
    world.clock.advance(5 * MINUTE);
    client.finish(&world, &mut session).result.unwrap();
    let session = client.open(&world);
    let deadline = session.record().unwrap().idle_deadline();
    assert_eq!(deadline, NOW + 35 * MINUTE);
}

#[test]
fn a_late_commit_leaves_the_session_with_its_certificate() {
    let world = World::with(|rules| rules.binding(BindingPolicy::PublicKey));
    let ca = Ca::named("ca");
    let certificate = Certificate::serial(1);
    let (old, new) = (
        ca.issue(&certificate),
        ca.issue(&certificate.renewed(2, MINUTE)),
    );
    let mut client = Client::signed_in(&world, &old, "alice");
    client.peer = new.clone();
    let mut session = client.open(&world);
    session.mark_head_sent();
    session.late_insert(&CART, &1).unwrap();
    client.finish(&world, &mut session).result.unwrap();
    assert_eq!(world.sessions_by(&owner(&old)).len(), 1);
    assert_eq!(world.sessions_by(&owner(&new)), []);
    // The next request rebinds it.
    client.request(&world, |_| {});
    assert_eq!(world.sessions_by(&owner(&new)).len(), 1);
}

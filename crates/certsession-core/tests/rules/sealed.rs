//! Data that is encrypted at rest: P7 goes further, and nothing else changes.

use std::sync::Arc;
use std::thread;

use certsession_core::test_util::block_on;
use certsession_core::{
    Flash, FlashLevel, Key, Record, SessionError, SessionStore, SignIn, StoreOperation,
};

use crate::support::{Ca, Certificate, Client, MINUTE, NOW, SECOND, World, commit};

const SECRET: Key<String> = Key::new("diagnosis");
const CART: Key<Vec<u32>> = Key::new("cart");
const COUNT: Key<u32> = Key::new("count");

fn client() -> Client {
    Client::of(&Ca::named("ca").issue(&Certificate::serial(1)))
}

fn sealed_world() -> World {
    World::with(|rules| rules.encrypt_data())
}

fn record(client: &Client, world: &World) -> Arc<Record> {
    client.open(world).record().cloned().unwrap()
}

fn holds(record: &Record, text: &str) -> bool {
    let bytes = record.encode();
    bytes
        .windows(text.len())
        .any(|window| window == text.as_bytes())
}

#[test]
fn p7_the_store_holds_no_value_and_the_session_reads_them_all() {
    let world = sealed_world();
    let mut client = client();
    client.request(&world, |session| {
        session.insert(&SECRET, "swordfish").unwrap();
        session.insert(&CART, &vec![7]).unwrap();
        assert_eq!(session.get(&SECRET).unwrap().unwrap(), "swordfish");
    });
    let first = record(&client, &world);
    assert!(first.is_encrypted());
    assert!(!holds(&first, "swordfish"));
    assert!(holds(&first, "diagnosis"), "names stay readable");
    client.request(&world, |session| {
        assert_eq!(session.get(&SECRET).unwrap().unwrap(), "swordfish");
        assert_eq!(session.entries().unwrap()["cart"], "[7]");
        session.insert(&SECRET, "halibut").unwrap();
        session.remove(&CART).unwrap();
        assert_eq!(session.entries().unwrap().len(), 1);
    });
    assert!(!holds(&record(&client, &world), "halibut"));
    assert_eq!(
        client.open(&world).get(&SECRET).unwrap().unwrap(),
        "halibut"
    );

    let listed = first.get(&SECRET).unwrap_err();
    assert!(listed.to_string().contains("encrypted"), "{listed}");
}

#[test]
fn values_are_read_after_every_kind_of_new_token() {
    let world = sealed_world();
    let mut client = client();
    client.request(&world, |session| session.insert(&CART, &vec![7]).unwrap());
    let carry = || SignIn::principal("alice").carry(&CART);
    client.request(&world, |session| session.sign_in(carry()).unwrap());
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(vec![7]));
    client.request(&world, |session| session.rotate().unwrap());
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(vec![7]));

    // A renewal: both tokens read during the grace period, and both write.
    world.clock.advance(20 * MINUTE);
    let mut late = client.clone();
    client.request(&world, |session| session.insert(&COUNT, &1).unwrap());
    assert_ne!(client.cookie, late.cookie);
    late.request(&world, |session| {
        assert_eq!(session.get(&CART).unwrap(), Some(vec![7]));
        session.insert(&CART, &vec![8]).unwrap();
    });
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(vec![8]));
    world.clock.advance(31 * SECOND);
    assert!(late.open(&world).record().is_none());
    assert_eq!(client.open(&world).get(&COUNT).unwrap(), Some(1));
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(vec![8]));
}

#[test]
fn a_request_that_goes_on_after_its_commit_reads_and_writes() {
    let world = sealed_world();
    let mut client = client();
    let mut session = client.open(&world);
    session.insert(&CART, &vec![7]).unwrap();
    commit(&world, &mut session).unwrap();
    assert_eq!(session.get(&CART).unwrap(), Some(vec![7]));
    session.rotate().unwrap();
    session.insert(&COUNT, &1).unwrap();
    client.finish(&world, &mut session).result.unwrap();
    assert_eq!(session.get(&COUNT).unwrap(), Some(1));
    assert_eq!(client.open(&world).entries().unwrap().len(), 2);
}

#[test]
fn p5_writers_of_different_keys_win_while_the_token_is_rotated() {
    let world = sealed_world();
    let mut client = client();
    client.request(&world, |session| {
        session.sign_in("alice").unwrap();
        session.insert(&CART, &vec![1]).unwrap();
    });
    for round in 0..20_u32 {
        let gate = world.faults.hold_next(StoreOperation::Commit);
        let mut writer = client.open(&world);
        writer.insert(&COUNT, &round).unwrap();
        thread::scope(|scope| {
            let slow = scope.spawn(|| commit(&world, &mut writer));
            block_on(gate.arrived());
            client.request(&world, |session| {
                session.rotate().unwrap();
                session.insert(&CART, &vec![round]).unwrap();
            });
            gate.release();
            slow.join().unwrap().unwrap();
        });
        let session = client.open(&world);
        assert_eq!(session.get(&COUNT).unwrap(), Some(round));
        assert_eq!(session.get(&CART).unwrap(), Some(vec![round]));
    }
}

#[test]
fn single_use_values_messages_and_forms_work_on_encrypted_data() {
    let world = sealed_world();
    let mut client = client();
    let flash = Flash::new(FlashLevel::Info, "sent");
    let mut token = None;
    client.request(&world, |session| session.insert(&SECRET, "x").unwrap());
    client.request(&world, |session| {
        session.flash(&flash).unwrap();
        token = session.csrf_token().unwrap();
    });
    let (mut one, mut two) = (client.open(&world), client.open(&world));
    assert!(one.is_csrf_token(token.unwrap().as_str()).unwrap());
    for session in [&mut one, &mut two] {
        assert_eq!(session.take_once(&SECRET).unwrap().unwrap(), "x");
        assert_eq!(
            session.take_flashes().unwrap(),
            std::slice::from_ref(&flash)
        );
    }
    commit(&world, &mut one).unwrap();
    assert!(matches!(
        commit(&world, &mut two),
        Err(SessionError::ValueChanged)
    ));
    assert_eq!(two.take_once(&SECRET).unwrap(), None);
    assert_eq!(two.take_flashes().unwrap(), []);
}

/// Keeps a session in the store of rules that have another policy.
fn restarted(client: &Client, before: &World, after: &World) {
    let store = after.sessions.store().inner();
    let created = SessionStore::create(store, record(client, before), None, NOW);
    block_on(created).unwrap();
}

#[test]
fn what_the_policy_was_when_a_session_began_stays() {
    for (before, after, is_encrypted) in [
        (World::new(), sealed_world(), false),
        (sealed_world(), World::new(), true),
    ] {
        let mut client = client();
        client.request(&before, |session| {
            session.insert(&SECRET, "swordfish").unwrap();
        });
        restarted(&client, &before, &after);
        client.request(&after, |session| {
            assert_eq!(session.get(&SECRET).unwrap().unwrap(), "swordfish");
            session.insert(&SECRET, "halibut").unwrap();
        });
        let sign_in = SignIn::principal("alice").carry(&SECRET);
        client.request(&after, |session| session.sign_in(sign_in).unwrap());
        let stored = record(&client, &after);
        assert_eq!(stored.is_encrypted(), is_encrypted);
        assert_eq!(holds(&stored, "halibut"), !is_encrypted);
        let session = client.open(&after);
        assert_eq!(session.get(&SECRET).unwrap().unwrap(), "halibut");
        // The next one begins with the policy of now.
        let mut client = self::client();
        client.request(&after, |session| session.insert(&COUNT, &1).unwrap());
        assert_eq!(record(&client, &after).is_encrypted(), !is_encrypted);
    }
}

#[test]
fn a_value_that_is_too_large_when_encrypted_is_refused() {
    let world = World::with(|rules| rules.encrypt_data().max_data_size(100));
    let mut client = client();
    let answer = client.try_request(&world, |session| {
        session.insert(&SECRET, &"x".repeat(70)).unwrap();
    });
    assert!(matches!(
        answer.result,
        Err(SessionError::DataTooLarge { max: 100, .. })
    ));
    assert_eq!(world.count(), 0);
}

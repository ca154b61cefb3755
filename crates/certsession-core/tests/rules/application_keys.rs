//! Data that is encrypted under keys of the application's: P7 as with the token's, readable offline,
//! and nothing else changes.

use std::sync::Arc;
use std::thread;

use certsession_core::test_util::block_on;
use certsession_core::{
    ApplicationKey, ApplicationKeys, BindWhenPresent, Creation, DecryptError, Key, PeerState,
    Record, SessionError, SessionStore, SignIn, StoreErrorKind, StoreOperation,
};

use crate::support::{Ca, Certificate, Client, MINUTE, NOW, SECOND, World, commit};

const SECRET: Key<String> = Key::new("diagnosis");
const CART: Key<Vec<u32>> = Key::new("cart");
const COUNT: Key<u32> = Key::new("count");

/// The key of this name. Another seed is another key.
fn key_from(name: &str, seed: u8) -> ApplicationKey {
    let bytes: Vec<u8> = (seed..).take(32).collect();
    ApplicationKey::new(name, &bytes).unwrap()
}

fn old() -> ApplicationKey {
    key_from("2025", 1)
}

fn new() -> ApplicationKey {
    key_from("2026", 2)
}

fn only(key: ApplicationKey) -> ApplicationKeys {
    ApplicationKeys::new(key)
}

/// The keys after a rotation.
fn rotated() -> ApplicationKeys {
    only(new()).with_older(old()).unwrap()
}

fn world_with(keys: ApplicationKeys) -> World {
    World::with(|rules| rules.encrypt_data_with(keys))
}

fn client() -> Client {
    Client::of(&Ca::named("ca").issue(&Certificate::serial(1)))
}

fn record(client: &Client, world: &World) -> Arc<Record> {
    client.open(world).record().cloned().unwrap()
}

/// What the application reads offline: of the bytes that a store keeps.
fn offline(keys: &ApplicationKeys, record: &Record) -> Result<Vec<String>, DecryptError> {
    let record = Record::decode(record.handle(), &record.encode()).unwrap();
    let values = keys.decrypt(&record)?;
    Ok(values
        .iter()
        .map(|(key, json)| format!("{key}={json}"))
        .collect())
}

/// The record in the store of another world, as if the same store had been opened with other rules.
fn reopened(record: &Arc<Record>, rules: World) -> World {
    let store = rules.sessions.store().inner();
    let created = block_on(store.create(Arc::clone(record), None, NOW)).unwrap();
    assert!(matches!(created, Creation::Created { .. }));
    rules
}

/// The record with a session of which `client` has the token.
fn begun(keys: ApplicationKeys) -> (Client, Arc<Record>) {
    let world = world_with(keys);
    let mut client = client();
    client.request(&world, |session| {
        session.insert(&SECRET, "swordfish").unwrap();
        session.insert(&CART, &vec![7]).unwrap();
    });
    let record = record(&client, &world);
    (client, record)
}

fn is_unreadable(error: &SessionError) -> bool {
    matches!(error, SessionError::Store(error) if error.kind() == StoreErrorKind::Unreadable)
}

#[test]
fn p7_the_store_holds_no_value_and_the_session_and_the_application_read_them_all() {
    let world = world_with(only(old()));
    let mut client = client();
    client.request(&world, |session| {
        session.insert(&SECRET, "swordfish").unwrap();
        session.insert(&CART, &vec![7]).unwrap();
    });
    let first = record(&client, &world);
    assert!(first.is_encrypted());
    let bytes = first.encode();
    let holds = |text: &str| bytes.windows(text.len()).any(|it| it == text.as_bytes());
    assert!(!holds("swordfish"));
    assert!(holds("diagnosis") && holds("2025"), "names stay readable");
    assert_eq!(
        offline(&only(old()), &first).unwrap(),
        ["cart=[7]", "diagnosis=\"swordfish\""]
    );
    let session = client.open(&world);
    assert_eq!(session.get(&SECRET).unwrap().unwrap(), "swordfish");
    assert_eq!(session.entries().unwrap()["cart"], "[7]");

    let listed = first.get(&SECRET).unwrap_err();
    assert!(listed.to_string().contains("encrypted"), "{listed}");
}

#[test]
fn values_are_read_after_every_kind_of_new_token_and_the_data_key_is_wrapped_once() {
    let world = world_with(only(old()));
    let mut client = client();
    client.request(&world, |session| session.insert(&CART, &vec![7]).unwrap());
    let carry = || SignIn::principal("alice").carry(&CART);
    client.request(&world, |session| session.sign_in(carry()).unwrap());
    client.request(&world, |session| session.rotate().unwrap());
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(vec![7]));

    // A renewal: both tokens read during the grace period, and both write.
    world.clock.advance(20 * MINUTE);
    let mut late = client.clone();
    client.request(&world, |session| session.insert(&COUNT, &1).unwrap());
    assert_ne!(client.cookie, late.cookie);
    late.request(&world, |session| {
        assert_eq!(session.get(&COUNT).unwrap(), Some(1));
        session.insert(&CART, &vec![8]).unwrap();
    });
    world.clock.advance(31 * SECOND);
    assert!(late.open(&world).record().is_none());
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(vec![8]));
    let kept = record(&client, &world);
    assert_eq!(
        offline(&only(old()), &kept).unwrap(),
        ["cart=[8]", "count=1"]
    );
}

#[test]
fn a_session_without_a_certificate_is_read_before_and_after_the_binding() {
    let keys = only(old());
    let policy = BindWhenPresent::new().carry(&CART);
    let world = World::with(|rules| rules.certificate(policy).encrypt_data_with(keys.clone()));
    let mut client = Client::of(&PeerState::Absent);
    client.request(&world, |session| session.insert(&CART, &vec![7]).unwrap());
    let unbound = record(&client, &world);
    assert!(unbound.binding().is_none());
    assert_eq!(offline(&keys, &unbound).unwrap(), ["cart=[7]"]);

    client.peer = Ca::named("ca").issue(&Certificate::serial(1));
    client.request(&world, |session| {
        assert_eq!(session.get(&CART).unwrap(), Some(vec![7]));
    });
    let bound = record(&client, &world);
    assert!(bound.binding().is_some());
    assert_eq!(offline(&keys, &bound).unwrap(), ["cart=[7]"]);
}

#[test]
fn a_session_moves_to_the_current_key_with_any_commit() {
    type Commit = fn(&World, &mut Client);
    let write: Commit = |world, client| {
        client.request(world, |session| session.insert(&COUNT, &1).unwrap());
    };
    let rotation: Commit =
        |world, client| client.request(world, |session| session.rotate().unwrap());
    let sign_in: Commit = |world, client| {
        let carried = || SignIn::principal("alice").carry(&CART).carry(&SECRET);
        client.request(world, |session| session.sign_in(carried()).unwrap());
    };
    // A use that only moves the idle deadline.
    let upkeep: Commit = |world, client| {
        world.clock.advance(5 * MINUTE);
        client.request(world, |_| {});
    };
    for change in [write, rotation, sign_in, upkeep] {
        let (mut client, begun) = begun(only(old()));
        let world = reopened(&begun, world_with(rotated()));
        // A request that commits nothing does not write for the key's sake.
        client.request(&world, |session| {
            assert_eq!(session.get(&CART).unwrap(), Some(vec![7]));
        });
        assert_eq!(world.faults.calls(StoreOperation::Commit), 0);
        let unmoved = record(&client, &world);
        assert!(offline(&only(new()), &unmoved).is_err());

        change(&world, &mut client);
        let moved = record(&client, &world);
        let values = offline(&only(new()), &moved).unwrap();
        assert!(values.contains(&"cart=[7]".to_owned()), "{values:?}");
        let name = "2026".to_owned();
        let failure = offline(&only(old()), &moved);
        assert_eq!(failure, Err(DecryptError::UnknownKey { name }));
        // The older key can go.
        let world = reopened(&moved, world_with(only(new())));
        world.clock.set(moved.last_seen_at());
        assert_eq!(client.open(&world).get(&CART).unwrap(), Some(vec![7]));
    }
}

#[test]
fn p6_a_missing_or_false_key_is_an_error_and_never_an_empty_session() {
    let (mut client, begun) = begun(only(old()));
    let none = World::new();
    let token = World::with(|rules| rules.encrypt_data());
    let unknown = world_with(only(new()));
    let other = world_with(only(key_from("2025", 9)));
    for rules in [none, token, unknown, other] {
        let world = reopened(&begun, rules);
        let error = client.try_open(&world).unwrap_err();
        assert!(is_unreadable(&error), "{error}");
        assert_eq!(world.faults.calls(StoreOperation::Commit), 0);
        assert_eq!(world.count(), 1, "the session is left as it is");
    }
    // The session is back as soon as the key is.
    let world = reopened(&begun, world_with(rotated()));
    client.request(&world, |session| {
        assert_eq!(session.get(&CART).unwrap(), Some(vec![7]));
    });
}

#[test]
fn what_the_policy_was_when_a_session_began_stays_with_application_keys_too() {
    // A session that was not encrypted, and one under its token.
    let carried = || SignIn::principal("alice").carry(&COUNT);
    for began in [World::new(), World::with(|rules| rules.encrypt_data())] {
        let mut client = client();
        client.request(&began, |session| session.insert(&COUNT, &1).unwrap());
        let before = record(&client, &began);
        let world = reopened(&before, world_with(only(new())));
        client.request(&world, |session| session.sign_in(carried()).unwrap());
        client.request(&world, |session| session.insert(&CART, &vec![7]).unwrap());
        let after = record(&client, &world);
        assert_eq!(after.is_encrypted(), before.is_encrypted());
        assert_eq!(client.open(&world).get(&COUNT).unwrap(), Some(1));
        match after.is_encrypted() {
            true => assert_eq!(offline(&only(new()), &after), Err(DecryptError::UnderToken)),
            false => assert_eq!(after.get(&COUNT).unwrap(), Some(1)),
        }
    }
    // One under an application key, where new ones are under their tokens: it still follows the
    // rotation of the application's keys.
    let (mut client, begun) = begun(only(old()));
    let rules = World::with(|rules| rules.encrypt_data_with(rotated()).encrypt_data());
    let world = reopened(&begun, rules);
    client.request(&world, |session| session.rotate().unwrap());
    let after = record(&client, &world);
    assert_eq!(offline(&only(new()), &after).unwrap().len(), 2);
    let mut another = self::client();
    another.request(&world, |session| session.insert(&COUNT, &1).unwrap());
    let failure = offline(&rotated(), &record(&another, &world));
    assert_eq!(failure, Err(DecryptError::UnderToken));
}

#[test]
fn p5_writers_of_different_keys_win_while_the_token_and_the_applications_key_change() {
    for _ in 0..20 {
        let (mut client, begun) = begun(only(old()));
        let world = reopened(&begun, world_with(rotated()));
        let gate = world.faults.hold_next(StoreOperation::Commit);
        let mut writer = client.open(&world);
        writer.insert(&COUNT, &1).unwrap();
        thread::scope(|scope| {
            let slow = scope.spawn(|| commit(&world, &mut writer));
            block_on(gate.arrived());
            client.request(&world, |session| {
                session.rotate().unwrap();
                session.insert(&CART, &vec![8]).unwrap();
            });
            gate.release();
            slow.join().unwrap().unwrap();
        });
        let session = client.open(&world);
        assert_eq!(session.get(&COUNT).unwrap(), Some(1));
        assert_eq!(session.get(&CART).unwrap(), Some(vec![8]));
        let values = offline(&only(new()), session.record().unwrap()).unwrap();
        assert_eq!(values, ["cart=[8]", "count=1", "diagnosis=\"swordfish\""]);
    }
}

#[test]
fn processes_that_are_not_of_one_mind_about_the_current_key_read_each_others_sessions() {
    let back = only(old()).with_older(new()).unwrap();
    let (mut client, mut kept) = begun(only(old()));
    for round in 0..4 {
        let keys = [rotated(), back.clone()];
        let world = reopened(&kept, world_with(keys[round % 2].clone()));
        client.request(&world, |session| {
            assert_eq!(session.get(&CART).unwrap(), Some(vec![7]));
            session.rotate().unwrap();
        });
        kept = record(&client, &world);
    }
    assert!(offline(&only(old()), &kept).is_ok());
}

#[test]
fn the_owner_alone_uses_the_session_and_the_key_opens_none() {
    let (client, begun) = begun(only(old()));
    let world = reopened(&begun, world_with(only(old())));
    let thief = Client::with_cookie_of(&Ca::named("ca").issue(&Certificate::serial(2)), &client);
    assert!(thief.try_open(&world).is_err());
    let mut guess = client.clone();
    // The right handle under the right certificate, with a made-up secret.
    let cookie = client.cookie.as_deref().unwrap();
    guess.cookie = Some(format!("{}{}", &cookie[..22], "A".repeat(42)));
    assert!(guess.open(&world).record().is_none());
}

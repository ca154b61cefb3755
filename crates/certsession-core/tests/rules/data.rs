//! The session's data.

use std::collections::HashMap;

use certsession_core::test_util::{FaultyStore, ManualClock, block_on};
use certsession_core::{Key, MemoryStore, Presented, SessionError, SessionManager, StoreOperation};

use crate::support::{Ca, Certificate, Client, NOW, World};

const CART: Key<Vec<u32>> = Key::new("cart");
const THEME: Key<String> = Key::new("theme");

fn client() -> Client {
    Client::of(&Ca::named("ca").issue(&Certificate::serial(1)))
}

#[test]
fn a_request_sees_its_own_writes_and_the_next_one_sees_them_too() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        session.insert(&CART, &vec![7]).unwrap();
        session.insert(&CART, &vec![7, 8]).unwrap();
        session.insert(&THEME, "dark").unwrap();
        session.remove(&THEME).unwrap();
        assert_eq!(session.get(&CART).unwrap(), Some(vec![7, 8]));
        assert_eq!(session.get(&THEME).unwrap(), None);
    });
    client.request(&world, |session| {
        assert_eq!(session.entries().unwrap().len(), 1);
        assert_eq!(session.take(&CART).unwrap(), Some(vec![7, 8]));
        assert_eq!(session.take(&CART).unwrap(), None);
    });
    assert_eq!(client.open(&world).entries().unwrap().len(), 0);
    assert!(client.handle(&world).is_some());
}

#[test]
fn a_value_is_written_owned_or_borrowed_and_is_the_same_afterwards() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        session.insert(&THEME, "dark").unwrap();
        session.insert(&CART, &[7, 8][..]).unwrap();
    });
    let borrowed = client.open(&world).entries().unwrap();
    client.request(&world, |session| {
        session.insert(&THEME, &String::from("dark")).unwrap();
        session.insert(&CART, &vec![7, 8]).unwrap();
        assert_eq!(session.get(&THEME).unwrap().unwrap(), "dark");
        assert_eq!(session.get(&CART).unwrap().unwrap(), [7, 8]);
    });
    assert_eq!(client.open(&world).entries().unwrap(), borrowed);
}

#[test]
fn a_record_is_read_by_the_same_keys_as_the_session() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        session.sign_in("alice").unwrap();
        session.insert(&CART, &vec![7]).unwrap();
        session.insert(&THEME, "swordfish").unwrap();
    });
    let record = client.open(&world).record().cloned().unwrap();
    assert_eq!(record.get(&CART).unwrap(), Some(vec![7]));
    assert_eq!(record.get(&Key::<u8>::new("absent")).unwrap(), None);
    let error = record.get(&Key::<u32>::new("theme")).unwrap_err();
    assert_eq!(error.key(), "theme");
    assert!(!format!("{error} {error:?}").contains("swordfish"));
}

#[test]
fn clearing_keeps_the_session_and_its_principal() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        session.sign_in("alice").unwrap();
        session.insert(&CART, &vec![7]).unwrap();
    });
    client.request(&world, |session| {
        session.clear().unwrap();
        session.insert(&THEME, "dark").unwrap();
    });
    let session = client.open(&world);
    assert_eq!(session.principal().unwrap().as_str(), "alice");
    assert_eq!(session.entries().unwrap().len(), 1);
}

#[test]
fn a_value_of_another_type_is_an_error_that_holds_no_value() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        session.insert(&THEME, "swordfish").unwrap();
    });
    client.request(&world, |session| {
        let as_number: Key<u32> = Key::new("theme");
        let error = session.get(&as_number).unwrap_err();
        assert!(matches!(error, SessionError::Decode(_)));
        assert!(!format!("{error} {error:?}").contains("swordfish"));
        // The value stays.
        assert!(session.take(&as_number).is_err());
    });
    let session = client.open(&world);
    assert_eq!(session.get(&THEME).unwrap().unwrap(), "swordfish");
}

#[test]
fn a_value_that_cannot_be_serialized_is_an_error_and_changes_nothing() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        let key: Key<HashMap<(u8, u8), u8>> = Key::new("map");
        let error = session.insert(&key, &HashMap::from([((1, 2), 3)]));
        assert!(matches!(error, Err(SessionError::Encode { .. })));
        assert!(session.begin_commit().is_none());
    });
    assert_eq!(world.count(), 0);
}

#[test]
fn a_session_holds_no_more_than_it_may() {
    let world = World::with(|rules| rules.max_data_size(100));
    let mut client = client();
    client.request(&world, |session| {
        session.insert(&THEME, &"x".repeat(60)).unwrap();
        let error = session.insert(&CART, &vec![7; 40]).unwrap_err();
        let SessionError::DataTooLarge { size, max: 100 } = error else {
            panic!("{error}");
        };
        assert!(size > 100);
        // The refused value is not written, and the old value stays.
        assert!(session.insert(&THEME, &"x".repeat(100)).is_err());
        assert_eq!(session.get(&CART).unwrap(), None);
    });
    let session = client.open(&world);
    assert_eq!(session.get(&THEME).unwrap().unwrap(), "x".repeat(60));
}

#[test]
fn a_session_holds_no_more_than_its_store_can_keep() {
    const KEEPS: usize = 1500;
    let store = FaultyStore::new(MemoryStore::new()).with_max_record_size(KEEPS);
    let faults = store.faults();
    let clock = ManualClock::new(NOW);
    let sessions = SessionManager::builder(store).clock(clock).build();
    let mut session = block_on(sessions.open(Presented::None, &client().peer)).unwrap();
    session.insert(&THEME, &"x".repeat(KEEPS)).unwrap();
    let result = block_on(sessions.execute(session.begin_commit().unwrap()));
    let error = session.finish_commit(result).unwrap_err();
    let SessionError::DataTooLarge { max, .. } = error else {
        panic!("{error}");
    };
    // The rest of a record takes room, too.
    assert!((500..KEEPS - 300).contains(&max), "{max}");
    assert_eq!(faults.calls(StoreOperation::Create), 0);

    session.insert(&THEME, &"x".repeat(max - 20)).unwrap();
    let result = block_on(sessions.execute(session.begin_commit().unwrap()));
    session.finish_commit(result).unwrap();
    let refused = session.insert(&CART, &vec![7; 100]).unwrap_err();
    let SessionError::DataTooLarge { max: at_most, .. } = refused else {
        panic!("{refused}");
    };
    assert_eq!(at_most, max);
    assert_eq!(faults.calls(StoreOperation::Commit), 0);
}

#[test]
fn replaced_and_removed_values_do_not_count() {
    let world = World::with(|rules| rules.max_data_size(100));
    let mut client = client();
    client.request(&world, |session| {
        session.insert(&THEME, &"x".repeat(80)).unwrap();
    });
    client.request(&world, |session| {
        session.insert(&THEME, &"y".repeat(80)).unwrap();
        session.insert(&THEME, &"z".repeat(85)).unwrap();
        assert!(session.insert(&CART, &vec![7; 10]).is_err());
        session.remove(&THEME).unwrap();
        session.insert(&CART, &vec![7; 10]).unwrap();
    });
    assert_eq!(client.open(&world).entries().unwrap().len(), 1);
    client.request(&world, |session| {
        session.sign_in("alice").unwrap();
        session.insert(&THEME, &"x".repeat(85)).unwrap();
    });
    assert_eq!(client.open(&world).entries().unwrap().len(), 1);
}

#[test]
fn two_requests_together_write_no_more_than_a_session_may_hold() {
    let world = World::with(|rules| rules.max_data_size(100));
    let mut client = client();
    client.request(&world, |session| session.insert(&CART, &vec![1]).unwrap());
    let (mut first, mut second) = (client.open(&world), client.open(&world));
    first.insert(&CART, &vec![7; 30]).unwrap();
    second.insert(&THEME, &"x".repeat(60)).unwrap();
    client.finish(&world, &mut first).result.unwrap();
    let answer = client.finish(&world, &mut second);
    let Err(SessionError::DataTooLarge { size, max: 100 }) = answer.result else {
        panic!("{answer:?}");
    };
    assert!(size > 100);
    assert_eq!(client.open(&world).get(&THEME).unwrap(), None);
    // The request may continue with a smaller value.
    second.insert(&THEME, "x").unwrap();
    client.finish(&world, &mut second).result.unwrap();
    assert_eq!(client.open(&world).entries().unwrap().len(), 2);
}

#[test]
fn p5_writers_of_different_keys_both_win() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| session.insert(&CART, &vec![1]).unwrap());
    let (mut first, mut second) = (client.open(&world), client.open(&world));
    first.insert(&CART, &vec![2]).unwrap();
    second.insert(&THEME, "dark").unwrap();
    client.finish(&world, &mut first).result.unwrap();
    client.finish(&world, &mut second).result.unwrap();
    let session = client.open(&world);
    assert_eq!(session.get(&CART).unwrap(), Some(vec![2]));
    assert_eq!(session.get(&THEME).unwrap().unwrap(), "dark");
}

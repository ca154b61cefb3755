//! A value that cannot be decrypted: an error wherever it is read, and never as if it had not been
//! written.

use std::sync::Arc;
use std::time::Duration;

use certsession_core::test_util::{SampleCommit, block_on};
use certsession_core::{
    ApplicationKey, ApplicationKeys, Flash, FlashLevel, Key, OneTime, Outcome, Record, Session,
    SessionError, SessionStore, StoreErrorKind,
};

use crate::support::{Ca, Certificate, Client, World, commit};

const CART: Key<Vec<u32>> = Key::new("cart");
const COUNT: Key<u32> = Key::new("count");
const OAUTH: OneTime<u32> = OneTime::new("oauth", Duration::from_secs(600));

/// Rules under which values are encrypted, of each kind.
fn worlds() -> [World; 2] {
    let bytes: Vec<u8> = (0..32).collect();
    let key = ApplicationKey::new("2026", &bytes).unwrap();
    [
        World::with(|rules| rules.encrypt_data()),
        World::with(|rules| rules.encrypt_data_with(ApplicationKeys::new(key))),
    ]
}

/// A client with a session in which `begin` wrote something.
fn client(world: &World, begin: impl FnOnce(&mut Session)) -> Client {
    let mut client = Client::of(&Ca::named("ca").issue(&Certificate::serial(1)));
    client.request(world, begin);
    client
}

fn record(client: &Client, world: &World) -> Arc<Record> {
    client.open(world).record().cloned().unwrap()
}

/// Changes the values of those keys in the store, past the rules.
fn tamper(world: &World, client: &Client, prefix: &str) {
    let record = record(client, world);
    let mut change = SampleCommit::on(&record);
    let names = record.data().iter().map(|(name, _)| name);
    let mut found = false;
    for name in names.filter(|name| name.starts_with(prefix)) {
        change = change.insert(&name, "\"tampered\"");
        found = true;
    }
    assert!(found, "{prefix}");
    let store = world.sessions.store().inner();
    let outcome = block_on(store.commit(change.build())).unwrap();
    assert!(matches!(outcome, Outcome::Applied { .. }));
}

#[track_caller]
fn assert_unreadable<T>(result: Result<T, SessionError>) {
    match result {
        Err(SessionError::Store(error)) => assert_eq!(error.kind(), StoreErrorKind::Unreadable),
        Err(error) => panic!("{error}"),
        Ok(_) => panic!("it was read"),
    }
}

#[test]
fn p6_a_changed_value_is_an_error_in_each_way_to_read_it() {
    for world in worlds() {
        let mut client = client(&world, |session| {
            session.insert(&CART, &vec![7]).unwrap();
            session.insert(&COUNT, &1).unwrap();
        });
        tamper(&world, &client, "cart");
        let kept = record(&client, &world);
        client.request(&world, |session| {
            assert_unreadable(session.get(&CART));
            assert_unreadable(session.take(&CART));
            assert_unreadable(session.take_once(&CART));
            assert_unreadable(session.entries());
            // The others are good.
            assert_eq!(session.get(&COUNT).unwrap(), Some(1));
        });
        assert_eq!(record(&client, &world).data(), kept.data());
    }
}

#[test]
fn a_value_that_this_request_has_overwritten_or_removed_is_not_asked_for() {
    for world in worlds() {
        let client = client(&world, |session| {
            session.insert(&CART, &vec![7]).unwrap();
            session.insert(&COUNT, &1).unwrap();
        });
        tamper(&world, &client, "cart");
        let mut session = client.open(&world);
        session.insert(&CART, &vec![8]).unwrap();
        assert_eq!(session.entries().unwrap()["cart"], "[8]");
        session.remove(&CART).unwrap();
        assert_eq!(session.entries().unwrap().len(), 1);
    }
}

#[test]
fn p6_messages_that_cannot_be_read_are_an_error_and_stay() {
    for world in worlds() {
        let flash = Flash::new(FlashLevel::Info, "sent");
        let mut client = client(&world, |session| session.flash(&flash).unwrap());
        tamper(&world, &client, "certsession.flash.");
        let kept = record(&client, &world);
        client.request(&world, |session| assert_unreadable(session.take_flashes()));
        assert_eq!(record(&client, &world).data(), kept.data());
    }
}

#[test]
fn p6_one_time_values_that_cannot_be_read_drop_no_other() {
    for world in worlds() {
        let mut text = None;
        let mut client = client(&world, |session| {
            text = Some(session.issue(&OAUTH, &7).unwrap());
        });
        tamper(&world, &client, "certsession.once.oauth.");
        let kept = record(&client, &world);
        client.request(&world, |session| {
            assert_unreadable(session.issue(&OAUTH, &8));
            assert_unreadable(session.redeem(&OAUTH, text.as_ref().unwrap().as_str()));
        });
        assert_eq!(record(&client, &world).data(), kept.data());
    }
}

#[test]
fn what_is_read_by_its_kind_does_not_fail_for_other_values() {
    for world in worlds() {
        let flash = Flash::new(FlashLevel::Info, "sent");
        let client = client(&world, |session| {
            session.insert(&CART, &vec![7]).unwrap();
            session.flash(&flash).unwrap();
        });
        tamper(&world, &client, "cart");
        let mut session = client.open(&world);
        assert_eq!(session.take_flashes().unwrap(), [flash]);
        session.issue(&OAUTH, &7).unwrap();
        commit(&world, &mut session).unwrap();
    }
}

#[test]
fn p6_a_secret_of_forms_that_cannot_be_read_is_not_replaced() {
    for world in worlds() {
        let mut token = None;
        let mut client = client(&world, |session| session.insert(&COUNT, &1).unwrap());
        client.request(&world, |session| token = session.csrf_token().unwrap());
        tamper(&world, &client, "certsession.csrf");
        let kept = record(&client, &world);
        client.request(&world, |session| {
            assert_unreadable(session.csrf_token());
            assert_unreadable(session.is_csrf_token(token.as_ref().unwrap().as_str()));
            assert!(!session.is_csrf_token("no token at all").unwrap());
        });
        assert_eq!(record(&client, &world).data(), kept.data());
    }
}

#[test]
fn a_secret_of_forms_of_another_form_is_not_replaced_either() {
    let world = World::new();
    let mut client = client(&world, |session| session.insert(&COUNT, &1).unwrap());
    client.request(&world, |session| {
        session.csrf_token().unwrap().unwrap();
    });
    tamper(&world, &client, "certsession.csrf");
    let kept = record(&client, &world);
    client.request(&world, |session| {
        let error = session.csrf_token().unwrap_err();
        assert!(matches!(error, SessionError::Decode(_)), "{error}");
    });
    assert_eq!(record(&client, &world).data(), kept.data());
}

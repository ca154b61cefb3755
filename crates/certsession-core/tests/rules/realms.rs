//! Several sessions of one client over one store, each in a realm of its own.

use certsession_core::{
    BindWhenPresent, CookieChange, Key, OnReplay, PeerState, Refusal, SessionEvent,
};

use crate::support::{Ca, Certificate, Client, World};

const CART: Key<u32> = Key::new("cart");

fn alice() -> PeerState {
    Ca::named("ca").issue(&Certificate::serial(1))
}

#[test]
fn p1_a_token_is_unknown_outside_of_its_realm_and_ends_nothing_there() {
    for on_replay in [OnReplay::Refuse, OnReplay::EndSession] {
        let world = World::with(|rules| rules.on_replay(on_replay));
        let realms = [None, Some("shop"), Some("staff")].map(|name| world.in_realm(name));
        let alice = alice();
        let clients = realms
            .each_ref()
            .map(|realm| Client::signed_in(realm, &alice, "root"));
        for (issuer, client) in clients.iter().enumerate() {
            for (reader, realm) in realms.iter().enumerate() {
                world.events();
                let opened = client.open(realm);
                match reader == issuer {
                    true => assert_eq!(opened.principal().unwrap().as_str(), "root"),
                    false => {
                        assert_eq!((opened.principal(), opened.handle()), (None, None));
                        let (handle, reason) = (None, Refusal::UnknownToken);
                        assert_eq!(world.events(), [SessionEvent::Refused { handle, reason }]);
                    }
                }
            }
        }
        assert_eq!(world.count(), 3);
    }
}

#[test]
fn a_request_with_a_token_of_another_realm_may_begin_a_session() {
    let world = World::new();
    let mut client = Client::signed_in(&world.in_realm(Some("shop")), &alice(), "root");
    client.request(&world, |session| session.insert(&CART, &1).unwrap());
    let session = client.open(&world);
    assert_eq!(session.get(&CART).unwrap(), Some(1));
    assert_eq!(session.principal(), None);
    assert_eq!(world.count(), 2);
}

#[test]
fn a_session_of_a_realm_goes_on_with_each_new_token() {
    let plain = World::new();
    let encrypted = World::with(|rules| rules.encrypt_data());
    for world in [&plain, &encrypted] {
        let shop = world.in_realm(Some("shop"));
        let mut client = Client::of(&alice());
        client.request(&shop, |session| session.insert(&CART, &1).unwrap());
        let handle = client.handle(&shop).unwrap();
        let before = client.clone();
        client.request(&shop, |session| session.rotate().unwrap());
        assert_ne!(client.cookie, before.cookie);
        let session = client.open(&shop);
        assert_eq!(session.handle(), Some(handle));
        assert_eq!(session.get(&CART).unwrap(), Some(1));
        world.events();
        assert_eq!(before.handle(&shop), None);
        assert_eq!(world.events(), [SessionEvent::Replayed { handle }]);
        assert_eq!(client.handle(world), None);
    }
}

#[test]
fn p1_a_session_without_a_certificate_is_bound_in_its_realm_alone() {
    let world = World::with(|rules| rules.certificate(BindWhenPresent::new().carry(&CART)));
    let shop = world.in_realm(Some("shop"));
    let mut client = Client::of(&PeerState::Absent);
    client.request(&shop, |session| session.insert(&CART, &1).unwrap());
    let handle = client.handle(&shop);
    let mut bound = Client::with_cookie_of(&alice(), &client);
    assert_eq!((client.handle(&world), bound.handle(&world)), (None, None));
    bound.request(&shop, |_| {});
    let session = bound.open(&shop);
    assert_eq!(session.handle(), handle);
    assert_eq!(session.get(&CART).unwrap(), Some(1));
    assert_eq!(bound.handle(&world), None);
}

#[test]
fn the_default_realm_is_that_of_a_manager_without_one() {
    let world = World::new();
    let mut client = Client::of(&alice());
    let default = world.in_realm(Some("shop")).in_realm(None);
    let mut session = client.open(&default);
    session.insert(&CART, &1).unwrap();
    let Some(CookieChange::Set(token)) = client.finish(&default, &mut session).cookie else {
        panic!("the session begins");
    };
    // The handle and the stored hash are those of sessions from before there were realms.
    let record = client.open(&world).record().cloned().unwrap();
    assert_eq!(record.handle(), token.handle());
    let (stored, hash) = (record.encode(), token.hash());
    let mut parts = stored.windows(hash.as_bytes().len());
    assert!(parts.any(|part| part == hash.as_bytes()));
}

//! A sign-in: P3, and its effect on requests that began before it, P5.

use certsession_core::{Key, SessionError, SessionEvent, SignIn};

use crate::support::{Ca, Certificate, Client, HOUR, MINUTE, NOW, World, commit};

const CART: Key<u32> = Key::new("cart");
const THEME: Key<String> = Key::new("theme");
const LATE: Key<u32> = Key::new("late");

fn client() -> Client {
    Client::of(&Ca::named("ca").issue(&Certificate::serial(1)))
}

/// A client with an anonymous session that holds a cart and a theme.
fn anonymous(world: &World) -> Client {
    let mut client = client();
    client.request(world, |session| {
        session.insert(&CART, &7).unwrap();
        session.insert(&THEME, "dark").unwrap();
    });
    client
}

#[test]
fn p3_a_sign_in_replaces_the_token_and_the_one_before_it_is_dead() {
    let world = World::new();
    let mut client = anonymous(&world);
    let before = client.clone();
    let handle = client.handle(&world).unwrap();
    world.events();
    client.request(&world, |session| session.sign_in("alice").unwrap());

    assert_ne!(client.cookie, before.cookie);
    assert_eq!(client.handle(&world), Some(handle));
    assert_eq!(client.principal(&world).as_deref(), Some("alice"));
    let signed_in = |event: &SessionEvent| match event {
        SessionEvent::SignedIn { principal, .. } => principal.as_str() == "alice",
        _ => false,
    };
    assert_eq!(world.log.count(signed_in), 1);
    // There is no grace period at all.
    assert_eq!(before.handle(&world), None);
}

#[test]
fn p3_a_sign_in_keeps_what_the_code_names_and_nothing_else() {
    let world = World::new();
    let mut client = anonymous(&world);
    client.request(&world, |session| {
        session.insert(&LATE, &1).unwrap();
        let absent: Key<u32> = Key::new("absent");
        let sign_in = SignIn::principal("alice").carry(&CART).carry(&absent);
        session.sign_in(sign_in).unwrap();
        assert_eq!(session.get(&CART).unwrap(), Some(7));
        assert_eq!(session.get(&THEME).unwrap(), None);
        assert_eq!(session.get(&LATE).unwrap(), None);
        session.insert(&LATE, &2).unwrap();
    });
    let session = client.open(&world);
    let entries: Vec<_> = session.entries().unwrap().into_iter().collect();
    let entry = |key: &str, json: &str| (key.to_owned(), json.to_owned());
    assert_eq!(entries, [entry("cart", "7"), entry("late", "2")]);
}

#[test]
fn p3_a_second_sign_in_leaves_nothing_of_the_first_principal() {
    let world = World::new();
    let mut client = anonymous(&world);
    client.request(&world, |session| {
        session
            .sign_in(SignIn::principal("alice").carry(&CART))
            .unwrap();
    });
    let alices = client.clone();
    client.request(&world, |session| session.sign_in("bob").unwrap());
    assert_eq!(client.principal(&world).as_deref(), Some("bob"));
    assert_eq!(client.open(&world).get(&CART).unwrap(), None);
    assert_eq!(alices.handle(&world), None);
    assert_eq!(world.sessions_of("alice"), []);
}

#[test]
fn a_sign_in_begins_a_session_where_there_is_none() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        session.insert(&CART, &7).unwrap();
        session.sign_in("alice").unwrap();
        session.insert(&LATE, &1).unwrap();
    });
    let session = client.open(&world);
    assert_eq!(session.principal().unwrap().as_str(), "alice");
    assert_eq!(session.get(&CART).unwrap(), None);
    assert_eq!(session.get(&LATE).unwrap(), Some(1));
    assert_eq!(session.record().unwrap().epoch(), 0);
}

#[test]
fn the_absolute_lifetime_counts_from_the_sign_in() {
    let world = World::new();
    let mut client = anonymous(&world);
    world.clock.advance(20 * MINUTE);
    client.request(&world, |session| session.sign_in("alice").unwrap());
    let session = client.open(&world);
    let record = session.record().unwrap();
    assert_eq!(record.created_at(), NOW + 20 * MINUTE);
    assert_eq!(record.absolute_deadline(), NOW + 20 * MINUTE + 12 * HOUR);
}

#[test]
fn p5_a_writer_that_began_before_a_sign_in_is_stale_and_writes_nothing() {
    let world = World::new();
    let mut client = anonymous(&world);
    let mut writer = client.open(&world);
    client.request(&world, |session| session.sign_in("alice").unwrap());

    writer.insert(&LATE, &1).unwrap();
    let answer = client.clone().finish(&world, &mut writer);
    assert!(matches!(answer.result, Err(SessionError::Stale)));
    assert!(answer.cookie.is_none());
    assert_eq!(client.open(&world).get(&LATE).unwrap(), None);
    // And this request cannot begin another session.
    assert!(matches!(writer.insert(&LATE, &1), Err(SessionError::Ended)));
    assert!(matches!(
        writer.sign_in("mallory"),
        Err(SessionError::Ended)
    ));
}

#[test]
fn p5_a_reader_that_began_before_a_sign_in_is_served_and_begins_nothing() {
    let world = World::new();
    let mut client = anonymous(&world);
    world.clock.advance(2 * MINUTE);
    let mut reader = client.open(&world);
    client.request(&world, |session| session.sign_in("alice").unwrap());

    assert_eq!(reader.get(&CART).unwrap(), Some(7));
    commit(&world, &mut reader).unwrap();
    assert!(matches!(reader.insert(&LATE, &1), Err(SessionError::Ended)));
    assert!(client.clone().finish(&world, &mut reader).cookie.is_none());
    assert_eq!(world.count(), 1);
}

#[test]
fn p5_of_two_sign_ins_at_once_the_second_is_stale() {
    let world = World::new();
    let mut first = anonymous(&world);
    let mut second = first.clone();
    let mut late = second.open(&world);
    first.request(&world, |session| session.sign_in("alice").unwrap());
    late.sign_in("bob").unwrap();
    let answer = second.finish(&world, &mut late);
    assert!(matches!(answer.result, Err(SessionError::Stale)));
    assert!(!answer.has_token());
    assert_eq!(first.principal(&world).as_deref(), Some("alice"));
    assert_eq!(world.sessions_of("bob"), []);
}

#[test]
fn p3_a_replaced_token_writes_nothing_but_may_sign_in_to_a_session_of_its_own() {
    let world = World::new();
    let mut client = anonymous(&world);
    let mut replaced = client.clone();
    client.request(&world, |session| session.sign_in("alice").unwrap());

    replaced.request(&world, |session| {
        assert_eq!(session.get(&CART).unwrap(), None);
        let changes = [
            session.insert(&LATE, &1),
            session.remove(&CART),
            session.clear(),
            session.rotate(),
        ];
        for change in changes {
            assert!(matches!(change, Err(SessionError::TokenReplaced)));
        }
    });
    assert_eq!(world.count(), 1);

    replaced.request(&world, |session| {
        session.sign_in("alice").unwrap();
        session.insert(&LATE, &2).unwrap();
    });
    assert_ne!(replaced.handle(&world), client.handle(&world));
    assert_eq!(world.sessions_of("alice").len(), 2);
    assert_eq!(client.open(&world).get(&LATE).unwrap(), None);
}

#[test]
fn an_invalid_principal_name_is_not_signed_in() {
    let world = World::new();
    let mut client = anonymous(&world);
    client.request(&world, |session| {
        for name in ["", "alice\nadmin", &"x".repeat(257)] {
            let signed_in = session.sign_in(name);
            assert!(matches!(signed_in, Err(SessionError::InvalidPrincipal(_))));
        }
        assert_eq!(session.principal(), None);
    });
    assert_eq!(client.open(&world).get(&CART).unwrap(), Some(7));
}

//! Single-use values, flash messages and the tokens of forms.

use std::time::Duration;

use certsession_core::test_util::Fault;
use certsession_core::{
    Flash, FlashLevel, Key, OneTime, Session, SessionError, SignIn, StoreOperation,
};

use crate::support::{Ca, Certificate, Client, MINUTE, SECOND, World, commit};

const STATE: Key<String> = Key::new("state");
const OTHER: Key<u32> = Key::new("other");
const OAUTH: OneTime<String> = OneTime::new("oauth", Duration::from_secs(600));

fn client() -> Client {
    Client::of(&Ca::named("ca").issue(&Certificate::serial(1)))
}

/// Two requests that have both loaded the session as the handler left it.
fn two_requests(world: &World, handler: impl FnOnce(&mut Session)) -> (Client, Session, Session) {
    let mut client = client();
    client.request(world, handler);
    let (one, two) = (client.open(world), client.open(world));
    (client, one, two)
}

#[test]
fn of_two_requests_one_takes_the_value() {
    let world = World::new();
    let begin = |session: &mut Session| session.insert(&STATE, "x").unwrap();
    let (client, mut one, mut two) = two_requests(&world, begin);
    assert_eq!(one.take_once(&STATE).unwrap().unwrap(), "x");
    assert_eq!(two.take_once(&STATE).unwrap().unwrap(), "x");
    two.insert(&OTHER, &7).unwrap();
    commit(&world, &mut one).unwrap();
    let error = commit(&world, &mut two).unwrap_err();
    assert!(matches!(error, SessionError::ValueChanged), "{error}");
    // It sees the session as it is now, and its other change is not lost.
    assert_eq!(two.take_once(&STATE).unwrap(), None);
    commit(&world, &mut two).unwrap();
    let session = client.open(&world);
    assert_eq!(session.get(&OTHER).unwrap(), Some(7));
    assert_eq!(session.get(&STATE).unwrap(), None);
}

#[test]
fn the_loser_of_a_race_takes_the_next_value_and_removes_no_other() {
    let world = World::new();
    let begin = |session: &mut Session| session.insert(&STATE, "x").unwrap();
    let (client, mut one, mut two) = two_requests(&world, begin);
    one.insert(&STATE, "y").unwrap();
    commit(&world, &mut one).unwrap();
    two.take_once(&STATE).unwrap();
    assert!(commit(&world, &mut two).is_err());
    assert_eq!(client.open(&world).get(&STATE).unwrap().unwrap(), "y");
    assert_eq!(two.take_once(&STATE).unwrap().unwrap(), "y");
    commit(&world, &mut two).unwrap();
    assert_eq!(client.open(&world).get(&STATE).unwrap(), None);
}

#[test]
fn a_value_whose_taking_failed_with_the_store_stays() {
    let world = World::new();
    let begin = |session: &mut Session| session.insert(&STATE, "x").unwrap();
    let (client, mut one, _) = two_requests(&world, begin);
    world
        .faults
        .fail_next(StoreOperation::Commit, Fault::Before);
    one.take_once(&STATE).unwrap();
    assert!(matches!(
        commit(&world, &mut one),
        Err(SessionError::Store(_))
    ));
    commit(&world, &mut one).unwrap();
    assert_eq!(client.open(&world).get(&STATE).unwrap().unwrap(), "x");
}

#[test]
fn a_value_that_the_request_wrote_itself_is_taken_without_a_condition() {
    let world = World::new();
    let mut session = client().open(&world);
    session.insert(&STATE, "x").unwrap();
    assert_eq!(session.take_once(&STATE).unwrap().unwrap(), "x");
    assert!(!session.is_conditional());
    assert_eq!(session.take_once(&STATE).unwrap(), None);
}

#[test]
fn a_request_with_a_replaced_token_takes_nothing() {
    let world = World::new();
    let begin = |session: &mut Session| session.insert(&STATE, "x").unwrap();
    let (mut client, ..) = two_requests(&world, begin);
    let late = client.clone();
    client.request(&world, |session| session.rotate().unwrap());
    let error = late.open(&world).take_once(&STATE).unwrap_err();
    assert!(matches!(error, SessionError::TokenReplaced));
}

#[test]
fn a_value_from_before_a_sign_in_cannot_be_taken_after_it() {
    let world = World::new();
    let begin = |session: &mut Session| session.insert(&STATE, "x").unwrap();
    let (mut client, mut late, _) = two_requests(&world, begin);
    client.request(&world, |session| {
        let sign_in = SignIn::principal("alice").carry(&STATE);
        session.sign_in(sign_in).unwrap();
    });
    late.take_once(&STATE).unwrap();
    assert!(matches!(
        commit(&world, &mut late),
        Err(SessionError::Stale)
    ));
    assert_eq!(client.open(&world).get(&STATE).unwrap().unwrap(), "x");
}

#[test]
fn a_first_value_is_written_by_one_request() {
    let world = World::new();
    let begin = |session: &mut Session| session.insert(&OTHER, &1).unwrap();
    let (client, mut one, mut two) = two_requests(&world, begin);
    assert!(one.insert_if_absent(&STATE, "one").unwrap());
    assert!(two.insert_if_absent(&STATE, "two").unwrap());
    commit(&world, &mut one).unwrap();
    assert!(commit(&world, &mut two).is_err());
    assert!(!two.insert_if_absent(&STATE, "two").unwrap());
    commit(&world, &mut two).unwrap();
    assert_eq!(client.open(&world).get(&STATE).unwrap().unwrap(), "one");
}

#[test]
fn an_issued_value_is_redeemed_once_by_its_text_alone() {
    let world = World::new();
    let mut client = client();
    let mut texts = Vec::new();
    client.request(&world, |session| {
        for tab in ["first", "second"] {
            texts.push(session.issue(&OAUTH, &tab.to_owned()).unwrap());
        }
    });
    let stored = client.open(&world).entries().unwrap();
    for text in &texts {
        let is_there = |(name, json): (&String, &String)| {
            name.contains(text.as_str()) || json.contains(text.as_str())
        };
        assert!(!stored.iter().any(is_there), "the store holds the text");
    }
    let other: OneTime<String> = OneTime::new("other", MINUTE);
    client.request(&world, |session| {
        assert_eq!(session.redeem(&OAUTH, "guess").unwrap(), None);
        assert_eq!(session.redeem(&OAUTH, "").unwrap(), None);
        assert_eq!(session.redeem(&other, texts[1].as_str()).unwrap(), None);
        let value = session.redeem(&OAUTH, texts[1].as_str()).unwrap();
        assert_eq!(value.unwrap(), "second");
    });
    client.request(&world, |session| {
        assert_eq!(session.redeem(&OAUTH, texts[1].as_str()).unwrap(), None);
        let value = session.redeem(&OAUTH, texts[0].as_str()).unwrap();
        assert_eq!(value.unwrap(), "first");
    });
}

#[test]
fn an_issued_value_has_its_time() {
    let world = World::new();
    let mut client = client();
    let mut texts = Vec::new();
    client.request(&world, |session| {
        texts.push(session.issue(&OAUTH, &String::new()).unwrap());
        texts.push(session.issue(&OAUTH, &String::new()).unwrap());
    });
    world.clock.advance(10 * MINUTE - SECOND);
    client.request(&world, |session| {
        assert!(session.redeem(&OAUTH, texts[0].as_str()).unwrap().is_some());
    });
    world.clock.advance(SECOND);
    client.request(&world, |session| {
        assert_eq!(session.redeem(&OAUTH, texts[1].as_str()).unwrap(), None);
    });
    assert_eq!(client.open(&world).entries().unwrap().len(), 0);
}

#[test]
fn values_that_no_one_redeems_do_not_pile_up() {
    let world = World::new();
    let mut client = client();
    let mut texts = Vec::new();
    for _ in 0..40 {
        client.request(&world, |session| {
            texts.push(session.issue(&OAUTH, &String::new()).unwrap());
        });
        world.clock.advance(SECOND);
    }
    assert_eq!(client.open(&world).entries().unwrap().len(), 16);
    client.request(&world, |session| {
        assert_eq!(session.redeem(&OAUTH, texts[23].as_str()).unwrap(), None);
        assert!(
            session
                .redeem(&OAUTH, texts[24].as_str())
                .unwrap()
                .is_some()
        );
    });
    world.clock.advance(10 * MINUTE);
    client.request(&world, |session| {
        session.issue(&OAUTH, &String::new()).unwrap();
    });
    assert_eq!(client.open(&world).entries().unwrap().len(), 1);
}

#[test]
fn purposes_of_similar_names_do_not_count_each_others_values() {
    let world = World::new();
    let google: OneTime<String> = OneTime::new("oauth.google", MINUTE);
    let mut client = client();
    let mut texts = Vec::new();
    client.request(&world, |session| {
        for _ in 0..16 {
            texts.push(session.issue(&google, &String::new()).unwrap());
        }
    });
    // Each purpose drops its own values: those beyond the sixteenth, and those that have expired.
    for _ in 0..17 {
        client.request(&world, |session| {
            session.issue(&OAUTH, &String::new()).unwrap();
        });
    }
    assert_eq!(client.open(&world).entries().unwrap().len(), 32);
    client.request(&world, |session| {
        for text in &texts {
            assert!(session.redeem(&google, text.as_str()).unwrap().is_some());
        }
    });
}

#[test]
fn messages_of_parallel_requests_are_all_shown_once_and_in_order() {
    let world = World::new();
    let begin = |session: &mut Session| session.insert(&OTHER, &1).unwrap();
    let (mut client, mut one, mut two) = two_requests(&world, begin);
    let message = |text: &str| Flash::new(FlashLevel::Warning, text);
    one.flash(&message("first")).unwrap();
    one.flash(&message("second")).unwrap();
    commit(&world, &mut one).unwrap();
    world.clock.advance(SECOND);
    two.flash(&message("third")).unwrap();
    commit(&world, &mut two).unwrap();
    let expected = ["first", "second", "third"].map(message);
    client.request(&world, |session| {
        assert_eq!(session.take_flashes().unwrap(), expected);
    });
    client.request(&world, |session| {
        assert_eq!(session.take_flashes().unwrap(), []);
        assert!(!session.is_conditional());
    });
    assert_eq!(client.open(&world).get(&OTHER).unwrap(), Some(1));
}

#[test]
fn a_message_survives_a_sign_out_before_it_and_no_sign_in_after_it() {
    let world = World::new();
    let mut client = client();
    let message = |text: &str| Flash::new(FlashLevel::Info, text);
    client.request(&world, |session| session.sign_in("alice").unwrap());
    client.request(&world, |session| {
        session.sign_out().unwrap();
        session.flash(&message("you have signed out")).unwrap();
    });
    client.request(&world, |session| {
        session.sign_in("bob").unwrap();
        session.flash(&message("welcome")).unwrap();
    });
    client.request(&world, |session| {
        assert_eq!(session.take_flashes().unwrap(), [message("welcome")]);
    });
}

#[test]
fn the_latest_messages_are_kept() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        for n in 0..20 {
            let flash = Flash::new(FlashLevel::Info, n.to_string());
            session.flash(&flash).unwrap();
        }
    });
    client.request(&world, |session| {
        let texts = session.take_flashes().unwrap();
        let texts: Vec<_> = texts.iter().map(|flash| flash.text().to_owned()).collect();
        let expected: Vec<_> = (4..20).map(|n| n.to_string()).collect();
        assert_eq!(texts, expected);
    });
}

#[test]
fn a_name_of_the_frameworks_own_cannot_be_written() {
    let world = World::new();
    let mut session = client().open(&world);
    for name in ["certsession.csrf", "certsession.flash.0", "certsession."] {
        let key: Key<String> = Key::named(name);
        let error = session.insert(&key, "planted").unwrap_err();
        assert!(matches!(error, SessionError::ReservedKey { .. }), "{error}");
        assert!(session.insert_if_absent(&key, "planted").is_err());
    }
    assert!(session.begin_commit().is_none());
    session
        .insert(&Key::<String>::new("certsession"), "fine")
        .unwrap();
}

#[test]
fn a_forms_token_is_that_of_its_own_session() {
    let world = World::new();
    let ca = Ca::named("ca");
    let mut clients = [1, 2].map(|n| Client::of(&ca.issue(&Certificate::serial(n))));
    let mut tokens = Vec::new();
    for client in &mut clients {
        client.request(&world, |session| session.insert(&OTHER, &1).unwrap());
        client.request(&world, |session| {
            let [one, two] = [(); 2].map(|()| session.csrf_token().unwrap().unwrap());
            assert_ne!(one.as_str(), two.as_str(), "each page has another text");
            assert_eq!(one.as_str().len(), 86);
            tokens.push((one, two));
        });
    }
    for (n, client) in clients.iter().enumerate() {
        let session = client.open(&world);
        for (m, (one, two)) in tokens.iter().enumerate() {
            assert_eq!(session.is_csrf_token(one.as_str()).unwrap(), n == m);
            assert_eq!(session.is_csrf_token(two.as_str()).unwrap(), n == m);
        }
        let (one, _) = &tokens[n];
        for bad in [
            "",
            &one.as_str()[1..],
            &"A".repeat(86),
            &format!("{one}A"),
            "é",
        ] {
            assert!(!session.is_csrf_token(bad).unwrap(), "{bad:?}");
        }
    }
}

#[test]
fn a_page_begins_no_session_for_its_forms() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        assert!(session.csrf_token().unwrap().is_none());
        assert!(!session.is_csrf_token(&"A".repeat(86)).unwrap());
    });
    assert_eq!((world.count(), client.cookie), (0, None));
}

#[test]
fn the_forms_of_two_pages_at_the_same_time_are_both_valid() {
    let world = World::new();
    let begin = |session: &mut Session| session.insert(&OTHER, &1).unwrap();
    let (mut client, mut one, mut two) = two_requests(&world, begin);
    let first = one.csrf_token().unwrap().unwrap();
    let lost = two.csrf_token().unwrap().unwrap();
    commit(&world, &mut one).unwrap();
    assert!(matches!(
        commit(&world, &mut two),
        Err(SessionError::ValueChanged)
    ));
    let second = two.csrf_token().unwrap().unwrap();
    commit(&world, &mut two).unwrap();
    let session = client.open(&world);
    assert!(session.is_csrf_token(first.as_str()).unwrap());
    assert!(session.is_csrf_token(second.as_str()).unwrap());
    assert!(!session.is_csrf_token(lost.as_str()).unwrap());

    client.request(&world, |session| session.sign_in("alice").unwrap());
    assert!(!client.open(&world).is_csrf_token(first.as_str()).unwrap());
}

//! How strongly someone is signed in, since when, for how long, and on which device.

use certsession_core::{
    AuthMethod, CookieChange, Device, Key, Lifetimes, Owner, Page, Role, Session, SessionError,
    SessionEvent, SignIn,
};

use certsession_core::test_util::block_on;

use crate::support::{Ca, Certificate, Client, HOUR, MINUTE, NOW, SECOND, World, commit};

const CART: Key<u32> = Key::new("cart");

fn client() -> Client {
    Client::of(&Ca::named("ca").issue(&Certificate::serial(1)))
}

fn roles(names: &[&str]) -> Vec<Role> {
    names.iter().map(|name| Role::new(*name).unwrap()).collect()
}

#[test]
fn a_sign_in_records_when_and_how_and_the_next_one_begins_afresh() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        assert_eq!(session.authenticated_at(), None);
        let sign_in = SignIn::principal("alice")
            .method(AuthMethod::PASSWORD)
            .role("admin");
        session.sign_in(sign_in).unwrap();
        assert_eq!(session.authenticated_at(), Some(NOW));
        assert!(session.has_role("admin"));
    });
    world.clock.advance(MINUTE);
    let session = client.open(&world);
    assert_eq!(session.authenticated_at(), Some(NOW));
    assert_eq!(session.methods(), [AuthMethod::PASSWORD]);
    assert_eq!(session.roles(), roles(&["admin"]));
    assert!(session.elevation().is_none());
    client.request(&world, |session| session.sign_in("bob").unwrap());
    let session = client.open(&world);
    assert_eq!(session.authenticated_at(), Some(NOW + MINUTE));
    assert!(session.methods().is_empty() && session.roles().is_empty());
    assert!(!session.has_role("admin"));
}

#[test]
fn p3_an_elevation_has_a_new_token_and_its_time() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| session.sign_in("alice").unwrap());
    let before = client.clone();
    world.clock.advance(10 * MINUTE);
    world.events();
    client.request(&world, |session| {
        session.insert(&CART, &7).unwrap();
        session
            .elevate(AuthMethod::ONE_TIME_PASSWORD, 5 * MINUTE)
            .unwrap();
        assert!(session.elevation().is_some());
    });
    let is_elevated = |event: &SessionEvent| matches!(event, SessionEvent::Elevated { method, .. } if method.as_str() == "otp");
    assert!(world.events().iter().any(is_elevated));
    assert_eq!(before.principal(&world), None, "the old token is dead");
    let session = client.open(&world);
    let elevation = session.elevation().unwrap();
    assert_eq!(elevation.until(), NOW + 15 * MINUTE);
    assert_eq!(session.authenticated_at(), Some(NOW + 10 * MINUTE));
    assert_eq!(session.get(&CART).unwrap(), Some(7));

    world.clock.advance(5 * MINUTE - SECOND);
    assert!(client.open(&world).elevation().is_some());
    world.clock.advance(SECOND);
    let session = client.open(&world);
    assert!(session.elevation().is_none());
    assert_eq!(session.authenticated_at(), Some(NOW + 10 * MINUTE));
}

#[test]
fn an_elevation_can_be_given_up_and_ends_with_a_sign_in() {
    let world = World::new();
    let mut client = client();
    let elevate = |session: &mut Session| {
        session.elevate(AuthMethod::PASSWORD, HOUR).unwrap();
    };
    client.request(&world, |session| {
        session.sign_in("alice").unwrap();
        elevate(session);
    });
    assert!(client.open(&world).elevation().is_some());
    let elevated = client.clone();
    client.request(&world, |session| session.drop_elevation().unwrap());
    assert!(client.open(&world).elevation().is_none());
    assert_eq!(elevated.principal(&world), None, "with a new token");
    client.request(&world, elevate);
    client.request(&world, |session| {
        session.sign_in("bob").unwrap();
        assert!(session.elevation().is_none());
    });
    assert!(client.open(&world).elevation().is_none());
}

#[test]
fn only_one_who_is_signed_in_is_elevated_or_has_roles() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        session.insert(&CART, &7).unwrap();
        let error = session.elevate(AuthMethod::PASSWORD, HOUR).unwrap_err();
        assert!(matches!(error, SessionError::NotSignedIn));
        let error = session.set_roles(&roles(&["admin"])).unwrap_err();
        assert!(matches!(error, SessionError::NotSignedIn));
    });
    let session = client.open(&world);
    assert!(session.elevation().is_none() && session.roles().is_empty());
}

#[test]
fn p3_new_roles_are_a_new_token() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        session
            .sign_in(SignIn::principal("alice").role("reader"))
            .unwrap();
    });
    let before = client.clone();
    client.request(&world, |session| {
        session.set_roles(&roles(&["reader", "admin"])).unwrap();
        assert!(session.has_role("admin"));
    });
    assert_eq!(before.principal(&world), None);
    assert_eq!(client.open(&world).roles(), roles(&["reader", "admin"]));
}

#[test]
fn p5_an_elevation_from_before_a_sign_in_is_stale() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| session.sign_in("alice").unwrap());
    let mut late = client.open(&world);
    client.request(&world, |session| session.sign_in("alice").unwrap());
    late.elevate(AuthMethod::PASSWORD, HOUR).unwrap();
    assert!(matches!(
        commit(&world, &mut late),
        Err(SessionError::Stale)
    ));
    assert!(client.open(&world).elevation().is_none());
}

#[test]
fn names_that_are_no_names_sign_no_one_in() {
    let world = World::new();
    let mut session = client().open(&world);
    let bad_role = SignIn::principal("alice").role("a b");
    let bad_actor = SignIn::principal("alice").acting("");
    let too_many = (0..33).fold(SignIn::principal("alice"), |it, n| it.role(n.to_string()));
    for bad in [bad_role, bad_actor, too_many] {
        assert!(session.sign_in(bad).is_err());
    }
    assert!(session.begin_commit().is_none());
}

#[test]
fn who_acts_in_anothers_name_is_kept_and_an_event_says_so() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        session
            .sign_in(SignIn::principal("alice").acting("root"))
            .unwrap();
    });
    let session = client.open(&world);
    assert_eq!(session.principal().unwrap().as_str(), "alice");
    assert_eq!(session.actor().unwrap().as_str(), "root");
    let events = world.events();
    let is_acting = |event: &SessionEvent| {
        matches!(event, SessionEvent::ActingFor { actor, principal, .. }
            if actor.as_str() == "root" && principal.as_str() == "alice")
    };
    assert!(events.iter().any(is_acting), "{events:?}");
    client.request(&world, |session| session.sign_in("alice").unwrap());
    assert_eq!(client.open(&world).actor(), None);
}

#[test]
fn a_sign_in_has_lifetimes_of_its_own_and_the_certificates_end_holds() {
    let week = 7 * 24 * HOUR;
    let lifetimes = Lifetimes::default().with_idle(2 * 24 * HOUR).unwrap();
    let lifetimes = lifetimes.with_absolute(week).unwrap();
    let world = World::new();
    let ca = Ca::named("ca");
    let mut client = Client::of(&ca.issue(&Certificate::serial(1)));
    client.request(&world, |session| {
        session
            .sign_in(SignIn::principal("alice").lifetimes(lifetimes))
            .unwrap();
    });
    let record = client.open(&world).record().cloned().unwrap();
    let not_after = record.binding().unwrap().not_after();
    assert_eq!(record.absolute_deadline(), (NOW + week).min(not_after));
    assert_eq!(record.idle_deadline(), (NOW + 2 * 24 * HOUR).min(not_after));

    // Each use moves the idle deadline by the sign-in's timeout, not by the rules'.
    world.clock.advance(HOUR);
    client.request(&world, |_| {});
    let record = client.open(&world).record().cloned().unwrap();
    assert_eq!(record.idle_deadline(), (NOW + 49 * HOUR).min(not_after));

    // The next sign-in has the rules' again, and both are shorter.
    client.request(&world, |session| session.sign_in("alice").unwrap());
    let record = client.open(&world).record().cloned().unwrap();
    assert_eq!(record.absolute_deadline(), (NOW + 13 * HOUR).min(not_after));
    assert_eq!(record.idle_deadline(), NOW + HOUR + 30 * MINUTE);
}

#[test]
fn a_sign_in_that_is_shorter_than_the_rules_ends_sooner() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| session.insert(&CART, &7).unwrap());
    let short = Lifetimes::default().with_idle(MINUTE).unwrap();
    client.request(&world, |session| {
        session
            .sign_in(SignIn::principal("alice").lifetimes(short))
            .unwrap();
    });
    world.clock.advance(MINUTE - SECOND);
    assert!(client.principal(&world).is_some());
    world.clock.advance(SECOND);
    assert!(client.principal(&world).is_none());
}

#[test]
fn a_persistent_cookie_lasts_until_the_absolute_deadline_at_every_new_token() {
    let world = World::new();
    let mut client = client();
    let max_age = |cookie: &Option<CookieChange>| match cookie {
        Some(CookieChange::SetFor(_, max_age)) => Some(*max_age),
        _ => None,
    };
    let answer = client.try_request(&world, |session| {
        session
            .sign_in(SignIn::principal("alice").persistent())
            .unwrap();
    });
    assert_eq!(max_age(&answer.cookie), Some(12 * HOUR));
    world.clock.advance(20 * MINUTE);
    let renewal = client.try_request(&world, |_| {});
    assert_eq!(max_age(&renewal.cookie), Some(12 * HOUR - 20 * MINUTE));
    let again = client.try_request(&world, |session| session.sign_in("alice").unwrap());
    assert!(matches!(again.cookie, Some(CookieChange::Set(_))));
}

#[test]
fn a_device_is_described_once_by_the_adapter_and_as_often_as_the_application_likes() {
    let world = World::new();
    let mut client = client();
    let from = |agent: &str| Device::new().with_agent(agent);
    client.request(&world, |session| {
        session.describe(&from("nothing begins")).unwrap();
        session.describe_if_new(&from("nothing begins"));
    });
    assert_eq!(world.count(), 0);
    client.request(&world, |session| {
        session.insert(&CART, &7).unwrap();
        session.describe_if_new(&from("first"));
    });
    client.request(&world, |session| {
        session.insert(&CART, &8).unwrap();
        session.describe_if_new(&from("later"));
        session
            .describe(&Device::new().with_label("laptop"))
            .unwrap();
    });
    let device = client.open(&world).record().unwrap().device().cloned();
    assert_eq!(device, Some(from("first").with_label("laptop")));
    client.request(&world, |session| {
        session.sign_in("alice").unwrap();
        session
            .describe(&Device::new().with_label("new name"))
            .unwrap();
        session.describe_if_new(&from("at the sign-in"));
    });
    let alice = Owner::principal("alice").unwrap();
    let listed = block_on(world.sessions.sessions(&alice, &Page::default())).unwrap();
    let device = listed.sessions()[0].device().unwrap();
    assert_eq!(device.agent(), Some("at the sign-in"));
    assert_eq!(device.label(), Some("new name"));
    for event in world.events() {
        let shown = format!("{event:?}");
        assert!(
            !shown.contains("sign-in\"") && !shown.contains("new name"),
            "{shown}"
        );
    }
    let shown = format!("{:?} {:?}", client.open(&world), listed.sessions()[0]);
    assert!(!shown.contains("new name"), "{shown}");
}

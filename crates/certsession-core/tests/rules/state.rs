//! One struct for each concern, with a version.

use certsession_core::{Key, SessionError, SessionState};
use serde::{Deserialize, Serialize};

use crate::support::{Ca, Certificate, Client, World};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Preferences {
    theme: String,
    size: u8,
}

impl SessionState for Preferences {
    const KEY: &'static str = "preferences";
    const VERSION: u32 = 2;

    fn migrate(version: u32, json: &str) -> Option<Self> {
        let theme = match version {
            0 => json.trim_matches('"').to_owned(),
            1 => serde_json::from_str::<Old>(json).ok()?.theme,
            _ => return None,
        };
        Some(Self { theme, size: 12 })
    }
}

#[derive(Serialize, Deserialize)]
struct Old {
    theme: String,
}

impl SessionState for Old {
    const KEY: &'static str = "preferences";
}

fn dark(size: u8) -> Preferences {
    let theme = "dark".to_owned();
    Preferences { theme, size }
}

fn client() -> Client {
    Client::of(&Ca::named("ca").issue(&Certificate::serial(1)))
}

#[test]
fn a_state_is_read_as_it_was_written() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        assert_eq!(session.state::<Preferences>().unwrap(), None);
        session.set_state(&dark(9)).unwrap();
        assert_eq!(session.state().unwrap(), Some(dark(9)));
    });
    client.request(&world, |session| {
        assert_eq!(session.state().unwrap(), Some(dark(9)));
        session.remove(&Key::<()>::new("preferences")).unwrap();
        assert_eq!(session.state::<Preferences>().unwrap(), None);
    });
}

#[test]
fn what_earlier_releases_wrote_is_migrated() {
    let world = World::new();
    let mut client = client();
    let theme = || "dark".to_owned();
    client.request(&world, |session| {
        session.set_state(&Old { theme: theme() }).unwrap()
    });
    assert_eq!(client.open(&world).state().unwrap(), Some(dark(12)));
    client.request(&world, |session| {
        session
            .insert(&Key::<String>::new("preferences"), &theme())
            .unwrap();
    });
    assert_eq!(client.open(&world).state().unwrap(), Some(dark(12)));
}

#[test]
fn a_state_of_a_later_release_is_an_error_that_says_so_and_stays() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| session.set_state(&dark(9)).unwrap());
    let Err(error) = client.open(&world).state::<Old>() else {
        panic!("it is of a later version");
    };
    assert!(matches!(error, SessionError::Decode(_)));
    let message = error.to_string();
    assert!(message.contains("a later version"), "{message}");
    assert!(message.contains("\"preferences\""), "{message}");
    assert!(!message.contains("dark"), "{message}");
    assert_eq!(client.open(&world).state().unwrap(), Some(dark(9)));
}

#[test]
fn an_error_says_what_is_stored_and_what_was_expected() {
    let world = World::new();
    let mut client = client();
    client.request(&world, |session| {
        session
            .insert(&Key::<String>::new("theme"), "secret")
            .unwrap();
    });
    let error = client
        .open(&world)
        .get(&Key::<u32>::new("theme"))
        .unwrap_err();
    let message = error.to_string();
    assert!(
        message.starts_with("the session key \"theme\" holds a string, which is no u32"),
        "{message}"
    );
    assert!(!message.contains("secret"));
}

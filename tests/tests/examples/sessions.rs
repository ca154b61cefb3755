//! What applications build on sessions.

use std::process::Command;
use std::time::Duration;

use certsession_tests::programs::{Example, executable};
use certsession_tests::{Curl, Http};

/// Opens a path as a browser does, and follows its redirects.
fn follow(curl: &Curl, path: &str) -> (u16, String) {
    let mut path = path.to_owned();
    loop {
        let printed = curl.run(&path, &["-H", "Sec-Fetch-Mode: navigate"]);
        match printed.header("location") {
            Some(next) => path = next.to_owned(),
            None => return (printed.status, printed.body),
        }
    }
}

#[test]
fn a_flash_message_is_shown_once() {
    let example = Example::start("flash");
    let alice = example.curl("alice", Http::Two);
    assert_eq!(alice.post("/order").status, 303);
    let shown = "[success] the order was sent\n[warning] it arrives on Monday\nyour orders\n";
    assert_eq!(alice.get("/").body, shown);
    assert_eq!(alice.get("/").body, "your orders\n");
}

#[test]
fn devices_are_listed_and_the_others_are_ended() {
    let example = Example::start("devices");
    let (laptop, phone) = (
        example.curl("alice", Http::Two),
        example.curl("alice", Http::One),
    );
    laptop.post("/sign-in/laptop");
    phone.run("/sign-in/phone", &["-X", "POST", "-A", "a phone"]);
    let list = laptop.get("/sessions").body;
    assert!(list.contains("laptop, curl/"), "{list}");
    assert!(list.contains("phone, a phone\n"), "{list}");
    assert_eq!(list.matches("(this one)").count(), 1);
    assert_eq!(laptop.post("/end-others").body, "ended: 1\n");
    assert_eq!(phone.get("/sessions").status, 401);
    assert_eq!(laptop.get("/sessions").body.lines().count(), 1);
}

#[test]
fn step_up_asks_for_a_second_factor() {
    let example = Example::start("step-up");
    let alice = example.curl("alice", Http::Two);
    assert_eq!(follow(&alice, "/"), (200, "alice\n".to_owned()));
    assert_eq!(alice.get("/users").body, "alice sees all users\n");
    assert_eq!(
        alice.get("/password").body,
        "alice signed in within a minute\n"
    );
    assert_eq!(alice.get("/delete").status, 401);
    assert_eq!(
        alice.run("/confirm", &["-d", "code=000000"]).body,
        "wrong\n"
    );
    assert_eq!(alice.get("/delete").status, 401);
    let confirmed = alice.run("/confirm", &["-d", "code=123456"]);
    assert_eq!(confirmed.body, "for five minutes\n");
    let deleted = alice.get("/delete");
    assert!(
        deleted.body.starts_with("alice may delete"),
        "{}",
        deleted.body
    );
}

#[test]
fn an_oauth_state_is_accepted_once_and_from_its_own_session() {
    let example = Example::start("oauth-state");
    let alice = example.curl("alice", Http::Two);
    let provider = alice.get("/login");
    let provider = provider.header("location").unwrap();
    let callback = alice.get(provider);
    let callback = callback.header("location").unwrap();
    // Another browser gets nothing for it.
    let bob = example.curl("bob", Http::Two);
    assert_eq!(bob.get(callback).status, 403);
    assert_eq!(
        follow(&alice, callback),
        (200, "welcome, alice\n".to_owned())
    );
    assert_eq!(alice.get(callback).status, 403);
}

#[test]
fn the_second_factor_has_to_be_of_the_certificates_person() {
    let example = Example::start("second-factor");
    let alice = example.curl("alice", Http::Two);
    assert_eq!(
        follow(&alice, "/login"),
        (200, "welcome, alice\n".to_owned())
    );

    // The provider signs in alice too if Bob asks it, with her password.
    let bob = example.curl("bob", Http::Two);
    let (status, body) = follow(&bob, "/login");
    assert_eq!(status, 403);
    assert!(body.contains("another person"), "{body}");
    assert_eq!(bob.get("/").body, "welcome\n");

    // A token of another login, and one that is forged.
    let provider = alice.get("/login");
    let provider = provider.header("location").unwrap();
    let (before, nonce) = provider.split_once("&nonce=").unwrap();
    let other = format!("{before}&nonce=x{nonce}");
    let callback = alice.get(&other);
    let body = alice.get(callback.header("location").unwrap()).body;
    assert!(body.contains("another login"), "{body}");
    let provider = alice.get("/login");
    let callback = alice.get(provider.header("location").unwrap());
    let forged = format!("{}AA", callback.header("location").unwrap());
    let body = alice.get(&forged).body;
    assert!(body.contains("not the provider's"), "{body}");
}

#[test]
fn a_custom_store_keeps_its_sessions_over_a_restart() {
    let example = Example::start("custom-store");
    let alice = example.curl("alice", Http::Two);
    assert_eq!(alice.get("/").body, "visit 1\n");
    assert_eq!(alice.get("/").body, "visit 2\n");
    let bob = example.curl("bob", Http::Two).with_jar_of(&alice);
    assert_eq!(bob.get("/").status, 403);

    // A second server over the same folder.
    let mut command = Command::new(executable("custom-store"));
    command.arg("0").current_dir(example.dir());
    let mut second = certsession_tests::programs::Program::start(command);
    let line = second.line();
    let port = line.trim_end().rsplit(':').next().unwrap();
    let there = alice.clone().at(format!("https://localhost:{port}"));
    assert_eq!(there.get("/").body, "visit 3\n");
    second.terminate(Duration::from_secs(30));
    assert_eq!(alice.get("/").body, "visit 4\n");
}

//! The example on axum, as its recipe starts it: with an emulator that the script starts and stops.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use certs_dev::{Overwrite, Pki};
use certsession_tests::Http;
use certsession_tests::curl::Curl;
use certsession_tests::programs::{Program, executable};

/// Ends the emulator with the script, also where the test fails.
struct Example(Program);

impl Drop for Example {
    fn drop(&mut self) {
        self.0.terminate(Duration::from_secs(30));
    }
}

fn script() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    Command::new(root.join("scripts/with-firestore-emulator"))
}

#[test]
fn the_example_signs_in_rotates_lists_and_signs_out_on_the_emulator() {
    let folder = tempfile::tempdir().unwrap();
    let certificates = folder.path().join("certs-dev/out");
    Pki::mint(&certificates, Overwrite::Refuse).unwrap();
    let mut command = script();
    command
        .arg(executable("firestore-axum"))
        .arg("0")
        .current_dir(folder.path());
    let mut example = Example(Program::start(command));
    let line = example.0.line();
    let (_, rest) = line.split_once("https://localhost:").expect(&line);
    let (port, _) = rest.split_once(';').unwrap();
    let base = format!("https://localhost:{port}");
    let curl = |name| Curl::of_program(&base, &certificates, name, Http::Two);

    let alice = curl("alice");
    let sign_in = |curl: &Curl| curl.run("/sign-in", &["--data", "alice"]).status;
    assert_eq!(alice.get("/me").status, 401);
    assert_eq!(sign_in(&alice), 204);
    assert_eq!(alice.get("/me").body, "alice\n");

    let old = alice.copy_of_jar("alice", &certificates);
    assert_eq!(alice.post("/rotate").status, 204);
    assert_eq!(old.get("/me").status, 401, "the old token is dead");
    assert_eq!(alice.get("/me").status, 200);
    let thief = alice.copy_of_jar("bob", &certificates);
    assert_eq!(thief.get("/me").status, 403);

    let elsewhere = curl("alice");
    assert_eq!(sign_in(&elsewhere), 204);
    let list = alice.get("/sessions").body;
    assert_eq!(list.lines().count(), 2, "{list}");
    assert_eq!(list.matches("(this one)").count(), 1, "{list}");

    let left = alice.copy_of_jar("alice", &certificates);
    assert_eq!(alice.post("/sign-out").status, 204);
    assert_eq!(left.get("/me").status, 401);
    assert_eq!(elsewhere.delete("/sessions").status, 204);
    assert_eq!(elsewhere.get("/me").status, 401);
}

#[test]
fn the_script_says_what_is_missing() {
    let output = script()
        .arg("true")
        .env("CERTSESSION_FIRESTORE_EMULATOR", "/nowhere.jar")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("gcloud components install"), "{said}");
}

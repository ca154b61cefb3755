//! The executables of the examples.
//!
//! cargo builds them as a user builds them, without the features that only tests enable, and into
//! the folder that the tests themselves were built into.

use std::env;
use std::fs::File;
use std::io::{Read, Seek, Write};
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

/// The examples that tests run.
const EXAMPLES: [&str; 12] = [
    "certs-dev",
    "custom-store",
    "firestore-axum",
    "parts",
    "parts-axum",
    "portal",
    "portal-axum",
    "quickstart",
    "quickstart-axum",
    "topics",
    "with-axum-server",
    "with-tonic",
];

/// The path of an example's executable.
///
/// # Panics
///
/// If it cannot be built.
pub fn executable(name: &str) -> PathBuf {
    static MESSAGES: OnceLock<String> = OnceLock::new();
    MESSAGES
        .get_or_init(built_once_a_run)
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["target"]["name"] == name)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
        .unwrap_or_else(|| panic!("cargo did not build {name}"))
}

/// cargo's output from building the examples. Under nextest each test is a process of its own, so
/// the first one stores the output for the others of the same run.
fn built_once_a_run() -> String {
    let Ok(run) = env::var("NEXTEST_RUN_ID") else {
        return build();
    };
    let path = target_dir().join("examples-of-this-run.jsonl");
    let mut options = File::options();
    let options = options.read(true).write(true).create(true).truncate(false);
    let mut file = options.open(path).unwrap();
    file.lock().unwrap();
    let mut output = String::new();
    file.read_to_string(&mut output).unwrap();
    if output.lines().next() != Some(&run) {
        output = format!("{run}\n{}", build());
        file.set_len(0).unwrap();
        file.rewind().unwrap();
        file.write_all(output.as_bytes()).unwrap();
    }
    output
}

/// Builds the examples; if nothing has changed, cargo notices that quickly.
fn build() -> String {
    let mut cargo = Command::new(env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo
        .args([
            "build",
            "--offline",
            // With the dependencies that the tests are built with.
            "--profile=test",
            "--message-format=json-render-diagnostics",
        ])
        .args(EXAMPLES.iter().flat_map(|example| ["-p", *example]))
        .arg("--target-dir")
        .arg(target_dir())
        .current_dir(env!("CARGO_MANIFEST_DIR"));
    // Build scripts that read the environment variables of this test would run again each time.
    for (name, _) in env::vars_os() {
        let text = name.to_string_lossy();
        if ["CARGO_PKG_", "CARGO_MANIFEST_", "CARGO_BIN_"]
            .iter()
            .any(|prefix| text.starts_with(prefix))
        {
            cargo.env_remove(&name);
        }
    }
    let built = cargo.stderr(Stdio::inherit()).output().unwrap();
    assert!(built.status.success(), "cargo build: {}", built.status);
    String::from_utf8(built.stdout).unwrap()
}

/// The target folder of this test, whose executable is in `TARGET/PROFILE/deps`.
pub(crate) fn target_dir() -> PathBuf {
    let test = env::current_exe().unwrap();
    test.ancestors().nth(3).unwrap().to_owned()
}

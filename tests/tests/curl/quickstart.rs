//! The quickstart, as a newcomer uses it: started in a folder without certificates, with its
//! commands copied as they are printed.

use std::fs::File;
use std::path::Path;
use std::process::{Command, Output};

use certsession_tests::curl;
use certsession_tests::programs::{Program, executable};

struct Quickstart {
    program: Program,
    commands: Vec<String>,
}

impl Quickstart {
    /// Starts it on a free port.
    fn start(folder: &Path) -> Self {
        let mut command = Command::new(executable("quickstart"));
        command.arg("0").current_dir(folder);
        let mut program = Program::start(command);
        let mut commands = Vec::new();
        while commands.len() < 4 {
            let line = program.line();
            if let Some(command) = line.trim().strip_prefix("curl ") {
                commands.push(format!("curl {command}"));
            }
        }
        Self { program, commands }
    }

    /// The port that its commands name.
    fn port(&self) -> &str {
        let (_, rest) = self.commands[0].split_once("https://localhost:").unwrap();
        rest.trim_end_matches('/')
    }
}

fn shell(folder: &Path, command: &str) -> Output {
    let mut sh = Command::new("sh");
    sh.current_dir(folder)
        .args(["-c", command])
        .output()
        .unwrap()
}

fn body(folder: &Path, command: &str) -> String {
    let output = shell(folder, command);
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn the_printed_commands_have_the_printed_effect() {
    curl::program();
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let Quickstart { program, commands } = Quickstart::start(folder);
    assert!(folder.join("certs-dev/out/ca.pem").is_file());

    assert_eq!(body(folder, &commands[0]), "visit 1\n");
    assert_eq!(body(folder, &commands[1]), "visit 2\n");
    let refused = body(folder, &commands[2]);
    assert_eq!(refused.lines().count(), 1);
    assert!(refused.contains("certificate"), "{refused}");
    let status = format!("{} -o refused -w '%{{http_code}}'", commands[2]);
    assert_eq!(body(folder, &status), "403");
    assert_eq!(body(folder, &commands[3]), "visit 3\n");

    // A client without a certificate is refused.
    let bare = commands[0].replace(
        "--cert certs-dev/out/alice.pem --key certs-dev/out/alice.key",
        "",
    );
    assert!(!bare.contains("alice.key") && !shell(folder, &bare).status.success());

    let printed = program.stop();
    assert!(
        !printed.contains("curl"),
        "it printed more commands than this test runs: {printed}"
    );

    // The next start finds the certificates and creates no others; the sessions are gone.
    let authority = std::fs::read(folder.join("certs-dev/out/ca.pem")).unwrap();
    let again = Quickstart::start(folder);
    assert_eq!(
        std::fs::read(folder.join("certs-dev/out/ca.pem")).unwrap(),
        authority
    );
    assert_eq!(body(folder, &again.commands[1]), "visit 1\n");
}

#[test]
fn a_second_quickstart_reports_that_the_port_is_in_use() {
    let folder = tempfile::tempdir().unwrap();
    let first = Quickstart::start(folder.path());
    let mut second = Command::new(executable("quickstart"));
    let second = second.arg(first.port()).current_dir(folder.path());
    let second = second.output().unwrap();
    assert_eq!(second.status.code(), Some(1));
    let message = String::from_utf8(second.stderr).unwrap();
    // A sentence, and not an error's `Debug`.
    assert!(message.starts_with("Address already in use"), "{message}");
    assert!(
        second.stdout.is_empty(),
        "it printed commands for another server"
    );
    drop(first.program);
}

#[test]
fn the_portal_mints_its_certificates_where_there_are_none() {
    let folder = tempfile::tempdir().unwrap();
    let mut command = Command::new(executable("portal"));
    command.current_dir(folder.path());
    command.args(["--addr", "127.0.0.1:0"]);
    let mut portal = Program::start(command);
    let line = portal.line();
    let (_, port) = line.split_once("https://127.0.0.1:").unwrap();
    let out = folder.path().join("certs-dev/out");
    let [ca, cert, key] = ["ca.pem", "alice.pem", "alice.key"].map(|file| out.join(file));
    let mut curl = Command::new(curl::program());
    curl.arg("-sS")
        .arg("--cacert")
        .arg(ca)
        .arg("--cert")
        .arg(cert)
        .arg("--key")
        .arg(key);
    let url = format!("https://localhost:{}/session", port.trim_end());
    assert_eq!(curl.arg(url).output().unwrap().stdout, b"null");
}

/// Another program may use the port on this machine, for example a quickstart that a user started
/// from the README: then the example must report it.
#[test]
fn the_examples_listen_on_8443_where_no_port_is_given() {
    for name in ["quickstart", "portal"] {
        let folder = tempfile::tempdir().unwrap();
        let errors = folder.path().join("errors");
        let mut command = Command::new(executable(name));
        command
            .current_dir(folder.path())
            .stderr(File::create(&errors).unwrap());
        match Program::start(command).line_or_end() {
            Some(line) => assert!(line.contains(":8443"), "{name}: {line}"),
            None => {
                let said = std::fs::read_to_string(errors).unwrap();
                assert!(said.contains("in use"), "{name}: {said}");
            }
        }
    }
}

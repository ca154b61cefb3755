//! The command `certs-dev`, as a user runs it in a shell.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

#[cfg(unix)]
use crate::support::mode;
use crate::support::{certs_dev, certs_dev_succeeds, contents, openssl};
use ::certs_dev::Pki;
use tempfile::TempDir;

/// The default output folder of the command.
const OUT: &str = "certs-dev/out";

#[test]
fn mint_reports_the_files_and_the_password() {
    let (dir, printed) = minted();
    for name in contents(&dir.path().join(OUT)).keys() {
        assert!(
            printed.contains(&format!("wrote {OUT}/{name}\n")),
            "{printed}"
        );
    }
    assert!(printed.contains("password is certsession\n"), "{printed}");
}

#[test]
fn mint_never_replaces_without_force() {
    let (dir, _) = minted();
    let out = dir.path().join(OUT);
    let before = contents(&out);
    let message = fails(1, &["mint"], dir.path());
    assert!(message.contains("ca.pem exists already"), "{message}");
    assert!(message.contains("--force"), "{message}");
    assert_eq!(contents(&out), before);
    certs_dev_succeeds(&["mint", "--force"], dir.path());
    assert_ne!(contents(&out)["ca.key"], before["ca.key"]);
}

#[test]
fn of_two_processes_that_mint_at_once_one_wins_and_the_result_is_whole() {
    let dir = tempfile::tempdir().unwrap();
    let children: Vec<_> = (0..4)
        .map(|_| {
            Command::new(env!("CARGO_BIN_EXE_certs-dev"))
                .args(["mint", "--out", "certs"])
                .current_dir(dir.path())
                .stdout(Stdio::null())
                .stderr(Stdio::null())
                .spawn()
                .unwrap()
        })
        .collect();
    let won = children
        .into_iter()
        .filter_map(|mut child| child.wait().unwrap().success().then_some(()))
        .count();
    assert_eq!(won, 1);
    Pki::ensure(dir.path().join("certs")).unwrap();
}

#[test]
#[cfg(unix)]
fn the_keys_are_private_under_a_careless_umask_too() {
    let dir = tempfile::tempdir().unwrap();
    let status = Command::new("sh")
        .args(["-c", "umask 000; exec \"$0\" mint --out certs"])
        .arg(env!("CARGO_BIN_EXE_certs-dev"))
        .current_dir(dir.path())
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success());
    let certs = dir.path().join("certs");
    assert_eq!(mode(&certs), 0o700);
    for name in ["ca.key", "server.key", "alice.key", "alice.p12"] {
        assert_eq!(mode(&certs.join(name)), 0o600, "{name}");
    }
}

#[test]
fn issue_puts_every_option_into_the_certificate() {
    let (dir, _) = minted();
    let arguments = "issue --name carol --serial 00c0ffee --not-before 2020-02-01T00:00:00Z \
                     --days 10 --spiffe spiffe://example.com/a --spiffe spiffe://example.com/b \
                     --dns carol.example.com --email carol@example.com";
    let arguments: Vec<_> = arguments.split_whitespace().collect();
    let printed = certs_dev_succeeds(&arguments, dir.path());
    assert!(printed.contains("carol.p12"), "{printed}");
    let text = describe("carol", dir.path());
    for expected in [
        "subject=CN=carol",
        "issuer=CN=certsession development CA",
        "serial=C0FFEE",
        "notBefore=Feb  1 00:00:00 2020 GMT",
        "notAfter=Feb 11 00:00:00 2020 GMT",
        "URI:spiffe://example.com/a, URI:spiffe://example.com/b, DNS:carol.example.com, \
         email:carol@example.com",
        "TLS Web Client Authentication",
    ] {
        assert!(text.contains(expected), "{expected} is not in {text}");
    }
}

#[test]
fn issue_counts_a_signed_duration_from_now() {
    let (dir, _) = minted();
    let expired = [
        "issue",
        "--name",
        "old",
        "--not-before",
        "-2d",
        "--days",
        "1",
    ];
    certs_dev_succeeds(&expired, dir.path());
    certs_dev_succeeds(&["issue", "--name", "new", "--not-before=+1h"], dir.path());
    let out = dir.path().join(OUT);
    for (name, complaint) in [("old", "has expired"), ("new", "not yet valid")] {
        let output = Command::new("openssl")
            .args(["verify", "-CAfile", "ca.pem", &format!("{name}.pem")])
            .current_dir(&out)
            .output()
            .unwrap();
        let message = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(message.contains(complaint), "{message}");
    }
}

#[test]
fn issue_writes_a_server_certificate_for_its_name() {
    let (dir, _) = minted();
    certs_dev_succeeds(&["issue", "--server", "--name", "api.test"], dir.path());
    let text = describe("api.test", dir.path());
    assert!(text.contains("TLS Web Server Authentication"), "{text}");
    assert!(text.contains("DNS:api.test"), "{text}");
}

#[test]
fn issue_takes_the_authority_from_one_folder_and_writes_to_another() {
    let dir = tempfile::tempdir().unwrap();
    certs_dev_succeeds(&["mint", "--out", "authority"], dir.path());
    let issue = [
        "issue",
        "--name",
        "carol",
        "--ca",
        "authority",
        "--out",
        "clients/new",
    ];
    certs_dev_succeeds(&issue, dir.path());
    openssl(
        &[
            "verify",
            "-CAfile",
            "authority/ca.pem",
            "clients/new/carol.pem",
        ],
        dir.path(),
    );
    assert!(!dir.path().join("authority/carol.pem").exists());
}

#[test]
fn issue_finds_the_key_to_keep_in_either_folder_or_by_its_path() {
    let (dir, _) = minted();
    let public_key = |file: &str| openssl(&["pkey", "-in", file, "-pubout"], dir.path());
    let alice = format!("{OUT}/alice.key");
    for (out, same_key_as) in [
        (OUT, "alice"),
        ("other", "alice"),
        ("third", alice.as_str()),
    ] {
        let issue = [
            "issue",
            "--name",
            "renewed",
            "--same-key-as",
            same_key_as,
            "--out",
            out,
        ];
        certs_dev_succeeds(&issue, dir.path());
        assert_eq!(
            public_key(&format!("{out}/renewed.key")),
            public_key(&alice)
        );
    }
    let message = fails(
        1,
        &["issue", "--name", "x", "--same-key-as", "absent"],
        dir.path(),
    );
    assert!(message.contains("absent.key"), "{message}");
}

#[test]
fn issue_never_replaces_without_force() {
    let (dir, _) = minted();
    let out = dir.path().join(OUT);
    let before = contents(&out);
    let message = fails(1, &["issue", "--name", "alice"], dir.path());
    assert!(
        message.contains("alice.p12 exists already") || message.contains("alice.pem exists"),
        "{message}"
    );
    assert_eq!(contents(&out), before);
    certs_dev_succeeds(&["issue", "--name", "alice", "--force"], dir.path());
    assert_ne!(contents(&out)["alice.key"], before["alice.key"]);
}

#[test]
fn a_missing_authority_is_reported_with_the_remedy() {
    let dir = tempfile::tempdir().unwrap();
    let message = fails(1, &["issue", "--name", "carol"], dir.path());
    assert!(message.contains(OUT), "{message}");
    assert!(message.contains("just certs"), "{message}");
    assert!(!dir.path().join("certs-dev").exists());
}

#[test]
fn a_failure_is_reported_with_its_cause() {
    let (dir, _) = minted();
    fs::write(dir.path().join(OUT).join("ca.key"), "no key").unwrap();
    let message = fails(1, &["issue", "--name", "carol"], dir.path());
    assert!(message.contains("ca.key holds no readable"), "{message}");
    assert!(message.contains("\n  because: "), "{message}");
}

#[test]
fn wrong_arguments_exit_with_2_and_name_the_value() {
    let (dir, _) = minted();
    let before = contents(&dir.path().join(OUT));
    let long_serial = "00".repeat(21);
    for (option, value, named) in [
        ("--name", "", "\"\""),
        ("--name", "../carol", "../carol"),
        ("--name", ".carol", ".carol"),
        ("--name", "ca", "authority"),
        ("--name", "crl", "revocation list"),
        ("--name", "CRL", "revocation list"),
        ("--serial", "xyz", "xyz"),
        ("--serial", "", "--serial"),
        ("--serial", &long_serial, "21"),
        ("--days", "0", "0"),
        ("--days", "36501", "36501"),
        ("--days", "-1", "-1"),
        ("--not-before", "yesterday", "yesterday"),
        ("--not-before", "-2w", "-2w"),
        ("--not-before", "1969-12-31T23:59:59Z", "1970 to 9999"),
        ("--not-before", "9999-12-31T00:00:00Z", "1970 to 9999"),
        ("--spiffe", "https://example.com", "https://example.com"),
        ("--dns", "two words", "two words"),
        ("--email", "carol", "carol"),
        ("--unknown", "x", "--unknown"),
    ] {
        let mut arguments = vec!["issue", option, value];
        if option != "--name" {
            arguments.extend(["--name", "carol"]);
        }
        let message = fails(2, &arguments, dir.path());
        assert!(message.contains(named), "{option} {value}: {message}");
    }
    fails(2, &[], dir.path());
    fails(2, &["issue"], dir.path());
    assert_eq!(contents(&dir.path().join(OUT)), before);
}

fn minted() -> (TempDir, String) {
    let dir = tempfile::tempdir().unwrap();
    let printed = certs_dev_succeeds(&["mint"], dir.path());
    (dir, printed)
}

/// Runs the command, which must fail with this exit code, and returns its message.
fn fails(code: i32, arguments: &[&str], dir: &Path) -> String {
    let output = certs_dev(arguments, dir);
    assert_eq!(
        output.status.code(),
        Some(code),
        "{arguments:?}: {output:?}"
    );
    assert!(output.stdout.is_empty(), "{output:?}");
    String::from_utf8(output.stderr).unwrap()
}

fn describe(name: &str, dir: &Path) -> String {
    let file = format!("{OUT}/{name}.pem");
    openssl(
        &[
            "x509",
            "-in",
            &file,
            "-noout",
            "-nameopt",
            "RFC2253",
            "-subject",
            "-issuer",
            "-serial",
            "-dates",
            "-ext",
            "subjectAltName,extendedKeyUsage",
        ],
        dir,
    )
}

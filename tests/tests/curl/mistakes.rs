//! The portal's messages for users who start it incorrectly.

use std::fs;
use std::net::TcpListener;
use std::path::Path;

use certs_dev::{Overwrite, Pki};
use certsession_tests::programs::run_portal;

/// Starts the portal, which must end by itself, and returns the exit code and its message.
fn run(folder: &Path, flags: &[&str]) -> (Option<i32>, String) {
    let output = run_portal(folder, flags);
    assert!(
        output.stdout.is_empty(),
        "it must not report that it listens"
    );
    let message = String::from_utf8(output.stderr).unwrap();
    (output.status.code(), message)
}

#[test]
fn a_wrong_flag_is_a_usage_error_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    for flags in [
        &["--nonsense"][..],
        &["--store", "bogus"],
        &["--store", "http://127.0.0.1"],
        &["--redis-cert", "client.pem"],
        &["--tls", "bogus"],
        &["--client-auth", "bogus"],
        &["--binding", "bogus"],
        &["--idle", "0"],
        &["--idle=-1"],
        &["--idle", "1h"],
        &["--absolute", "0"],
        &["--renewal", "0"],
        &["--grace", "x"],
        &["--max-sessions", "0"],
        &["--idle"],
    ] {
        let (code, message) = run(folder.path(), flags);
        assert_eq!(code, Some(2), "{flags:?}: {message}");
        assert!(
            message.contains(flags[0].trim_end_matches("=-1")) && message.contains("--help"),
            "{message}"
        );
    }
    assert_eq!(
        fs::read_dir(folder.path()).unwrap().count(),
        0,
        "nothing was minted"
    );
}

#[test]
fn help_names_every_flag_and_its_default() {
    let folder = tempfile::tempdir().unwrap();
    let output = run_portal(folder.path(), &["--help"]);
    assert!(output.status.success());
    let help = String::from_utf8(output.stdout).unwrap();
    for part in [
        "--addr",
        "127.0.0.1:8443",
        "--store",
        "memory",
        "redis://",
        "firestore://",
        "--redis-prefix",
        "--redis-ca",
        "--redis-cert",
        "--redis-key",
        "--tls",
        "rustls",
        "openssl",
        "--certs",
        "--client-auth",
        "required",
        "optional",
        "--binding",
        "certificate",
        "public-key",
        "--idle",
        "1800",
        "--absolute",
        "43200",
        "--renewal",
        "900",
        "--grace",
        "30",
        "--max-sessions",
        "--lab",
    ] {
        assert!(help.contains(part), "{part}");
    }
}

#[test]
fn a_port_in_use_is_reported() {
    let pki = tempfile::tempdir().unwrap();
    Pki::mint(pki.path(), Overwrite::Refuse).unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    for address in [&*address, "nonsense", "127.0.0.1", "256.0.0.1:0"] {
        let certs = pki.path().to_str().unwrap();
        let (code, message) = run(pki.path(), &["--addr", address, "--certs", certs]);
        assert_eq!(code, Some(1), "{message}");
        assert!(message.contains(address), "{message}");
        assert!(
            !message.contains("Os {") && !message.contains("kind:"),
            "{message}"
        );
    }
}

#[test]
fn an_unusable_redis_is_reported_without_its_password() {
    let pki = tempfile::tempdir().unwrap();
    Pki::mint(pki.path(), Overwrite::Refuse).unwrap();
    let certs = pki.path().to_str().unwrap();
    for (store, more, expected) in [
        (
            "redis://:secret@127.0.0.1:1",
            &[][..],
            "no Redis server responds at 127.0.0.1:1",
        ),
        (
            "rediss://127.0.0.1:1",
            &["--redis-ca", "absent.pem"],
            "cannot read absent.pem",
        ),
        (
            "firestore://shop?emulator=127.0.0.1:1",
            &[],
            "Firestore does not answer at http://127.0.0.1:1",
        ),
    ] {
        let flags = ["--addr", "127.0.0.1:0", "--certs", certs, "--store", store];
        let (code, message) = run(pki.path(), &[&flags, more].concat());
        assert_eq!(code, Some(1), "{message}");
        assert!(
            message.contains(expected) && !message.contains("secret"),
            "{message}"
        );
    }
}

#[test]
fn a_missing_or_damaged_certificate_file_is_reported() {
    for (file, damage) in [
        ("server.pem", None),
        ("server.key", None),
        ("ca.pem", None),
        ("server.pem", Some("")),
        ("server.key", Some("no PEM")),
        (
            "ca.pem",
            Some("-----BEGIN CERTIFICATE-----\nnonsense!\n-----END CERTIFICATE-----\n"),
        ),
        (
            "server.key",
            Some("-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"),
        ),
    ] {
        let pki = tempfile::tempdir().unwrap();
        Pki::mint(pki.path(), Overwrite::Refuse).unwrap();
        let path = pki.path().join(file);
        match damage {
            None => fs::remove_file(&path).unwrap(),
            Some(text) => fs::write(&path, text).unwrap(),
        }
        for tls in ["rustls", "openssl"] {
            let certs = pki.path().to_str().unwrap();
            let flags = ["--addr", "127.0.0.1:0", "--tls", tls, "--certs", certs];
            let (code, message) = run(pki.path(), &flags);
            assert_eq!(code, Some(1), "{message}");
            assert!(message.contains(path.to_str().unwrap()), "{message}");
            assert!(!message.contains("PemOrigin"), "{message}");
        }
    }
}

//! `certs-dev revoke` and `certs-dev renew`, checked with OpenSSL.

use std::path::Path;

use crate::support::{certs_dev, certs_dev_succeeds, contents, openssl};

const OUT: &str = "certs-dev/out";

fn minted() -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    certs_dev_succeeds(&["mint"], dir.path());
    dir
}

fn serial(name: &str, dir: &Path) -> String {
    let file = format!("{OUT}/{name}.pem");
    let printed = openssl(&["x509", "-in", &file, "-noout", "-serial"], dir);
    printed.trim().strip_prefix("serial=").unwrap().to_owned()
}

fn list(dir: &Path) -> String {
    let file = format!("{OUT}/crl.pem");
    let ca = format!("{OUT}/ca.pem");
    let arguments = ["crl", "-in", &file, "-CAfile", &ca, "-noout", "-text"];
    openssl(&arguments, dir)
}

#[test]
fn revoke_adds_to_the_list_and_keeps_what_is_on_it() {
    let dir = minted();
    certs_dev_succeeds(&["revoke", "alice"], dir.path());
    let first = list(dir.path());
    assert!(first.contains(&serial("alice", dir.path())), "{first}");
    assert!(!first.contains(&serial("bob", dir.path())), "{first}");
    certs_dev_succeeds(&["revoke", "bob"], dir.path());
    certs_dev_succeeds(&["revoke", "alice"], dir.path());
    let then = list(dir.path());
    for name in ["alice", "bob"] {
        let serial = serial(name, dir.path());
        assert_eq!(then.matches(&serial).count(), 1, "{then}");
    }
}

#[test]
fn a_damaged_list_is_reported_and_left_unchanged() {
    let dir = minted();
    let file = dir.path().join(OUT).join("crl.pem");
    std::fs::write(&file, "no list").unwrap();
    let output = certs_dev(&["revoke", "alice"], dir.path());
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("crl.pem"), "{said}");
    assert_eq!(std::fs::read(&file).unwrap(), b"no list");
}

#[test]
fn renew_keeps_the_names_and_begins_later() {
    let dir = minted();
    let issue = "issue --name web --spiffe spiffe://example.com/web --dns web.example.com \
                 --email web@example.com --not-before -1s";
    let issue: Vec<_> = issue.split_whitespace().collect();
    certs_dev_succeeds(&issue, dir.path());
    let (before, old) = (contents(&dir.path().join(OUT)), serial("web", dir.path()));
    let describe = || {
        let file = format!("{OUT}/web.pem");
        let arguments = ["x509", "-in", &file, "-noout", "-text"];
        openssl(&arguments, dir.path())
    };
    let text = describe();
    certs_dev_succeeds(&["renew", "web", "--same-key"], dir.path());
    let after = contents(&dir.path().join(OUT));
    assert_eq!(after["web.key"], before["web.key"]);
    assert_ne!(serial("web", dir.path()), old);
    let names = "URI:spiffe://example.com/web, DNS:web.example.com, email:web@example.com";
    let renewed = describe();
    for text in [&text, &renewed] {
        assert!(text.contains(names), "{text}");
        assert!(text.contains("TLS Web Client Authentication"), "{text}");
    }
    let begins = |text: &str| {
        let line = text
            .lines()
            .find(|line| line.contains("Not Before"))
            .unwrap();
        line.to_owned()
    };
    assert_ne!(begins(&text), begins(&renewed));
    certs_dev_succeeds(&["renew", "web"], dir.path());
    assert_ne!(
        contents(&dir.path().join(OUT))["web.key"],
        before["web.key"]
    );
}

#[test]
fn renew_keeps_a_server_a_server() {
    let dir = minted();
    certs_dev_succeeds(&["renew", "server"], dir.path());
    certs_dev::Pki::ensure(dir.path().join(OUT)).unwrap();
    let file = format!("{OUT}/server.pem");
    let text = openssl(&["x509", "-in", &file, "-noout", "-text"], dir.path());
    assert!(text.contains("TLS Web Server Authentication"), "{text}");
    assert!(
        text.contains("DNS:localhost, IP Address:127.0.0.1"),
        "{text}"
    );
}

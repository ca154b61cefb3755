//! The folder: its content, its permissions, and that no file in it is lost.

use std::fs;
use std::path::Path;
use std::sync::Barrier;
use std::thread;

#[cfg(unix)]
use crate::support::mode;
use crate::support::{contents, issue, openssl};
use certs_dev::{Authority, Error, Identity, LeafRequest, Overwrite, Pki};

#[test]
fn a_minted_folder_holds_the_promised_files_and_no_others() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
    let names: Vec<_> = contents(dir.path()).into_keys().collect();
    assert_eq!(
        names,
        [
            "alice.key",
            "alice.p12",
            "alice.pem",
            "bob.key",
            "bob.p12",
            "bob.pem",
            "ca.key",
            "ca.pem",
            "server.key",
            "server.pem",
        ]
    );
    assert!(pki.files().iter().all(|path| path.is_file()));
    assert_eq!(pki.key_path("alice"), dir.path().join("alice.key"));
}

#[test]
#[cfg(unix)]
fn keys_are_readable_by_their_owner_alone() {
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("new");
    Pki::mint(&dir, Overwrite::Refuse).unwrap();
    assert_eq!(mode(&dir), 0o700);
    for name in contents(&dir).keys().filter(|name| !name.ends_with(".pem")) {
        assert_eq!(mode(&dir.join(name)), 0o600, "{name}");
    }
}

#[test]
#[cfg(unix)]
fn leftovers_of_an_interrupted_run_do_not_pass_on_their_permissions() {
    use std::os::unix::fs::PermissionsExt;

    let dir = tempfile::tempdir().unwrap();
    let leftover = dir.path().join(".alice.key.new");
    fs::write(&leftover, "half a key").unwrap();
    fs::set_permissions(&leftover, fs::Permissions::from_mode(0o666)).unwrap();
    let pki = Pki::ensure(dir.path()).unwrap();
    assert_eq!(mode(&pki.key_path("alice")), 0o600);
    assert!(!leftover.exists());
}

#[test]
fn minting_refuses_if_any_file_exists_and_changes_nothing() {
    for existing in ["ca.pem", "bob.p12"] {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(existing), "mine").unwrap();
        let before = contents(dir.path());
        let error = Pki::mint(dir.path(), Overwrite::Refuse).unwrap_err();
        assert!(matches!(&error, Error::AlreadyExists { .. }), "{error:?}");
        assert!(error.to_string().contains(existing), "{error}");
        assert!(error.to_string().contains("--force"), "{error}");
        assert_eq!(contents(dir.path()), before);
    }
}

#[test]
fn force_replaces_every_file_and_leaves_others_alone() {
    let dir = tempfile::tempdir().unwrap();
    let old = Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
    fs::write(dir.path().join("notes.txt"), "mine").unwrap();
    let before = contents(dir.path());
    let new = Pki::mint(dir.path(), Overwrite::Force).unwrap();
    for (name, after) in contents(dir.path()) {
        assert_eq!(after == before[&name], name == "notes.txt", "{name}");
    }
    assert_ne!(
        old.authority().certificate_der(),
        new.authority().certificate_der()
    );
}

#[test]
fn ensuring_mints_once_and_then_opens() {
    let dir = tempfile::tempdir().unwrap();
    let minted = Pki::ensure(dir.path()).unwrap();
    let opened = Pki::ensure(dir.path()).unwrap();
    for (minted, opened) in [
        (minted.server(), opened.server()),
        (minted.alice(), opened.alice()),
        (minted.bob(), opened.bob()),
    ] {
        assert_eq!(minted.certificate_der(), opened.certificate_der());
        assert_eq!(minted.key().der(), opened.key().der());
    }
    assert_eq!(
        minted.authority().subject_der(),
        opened.authority().subject_der()
    );
}

#[test]
fn ensuring_in_many_places_at_once_yields_one_pki() {
    const TASKS: usize = 8;
    let parent = tempfile::tempdir().unwrap();
    let dir = parent.path().join("certs");
    let start = Barrier::new(TASKS);
    let seen: Vec<_> = thread::scope(|scope| {
        let tasks: Vec<_> = (0..TASKS)
            .map(|_| {
                scope.spawn(|| {
                    start.wait();
                    let pki = Pki::ensure(&dir).unwrap();
                    pki.alice().certificate_pem().to_owned()
                })
            })
            .collect();
        tasks.into_iter().map(|task| task.join().unwrap()).collect()
    });
    let on_disk = fs::read_to_string(dir.join("alice.pem")).unwrap();
    assert!(seen.iter().all(|pem| *pem == on_disk));
}

#[test]
fn an_incomplete_pki_is_reported_with_the_missing_file() {
    for missing in ["ca.key", "alice.pem", "bob.key"] {
        let dir = tempfile::tempdir().unwrap();
        Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
        fs::remove_file(dir.path().join(missing)).unwrap();
        let error = Pki::ensure(dir.path()).unwrap_err();
        assert!(matches!(&error, Error::Incomplete { .. }), "{error:?}");
        assert!(error.to_string().contains(missing), "{error}");
        assert!(error.to_string().contains("--force"), "{error}");
    }
}

#[test]
fn a_missing_file_for_browsers_is_written_again() {
    let dir = tempfile::tempdir().unwrap();
    Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
    let file = dir.path().join("alice.p12");
    fs::remove_file(&file).unwrap();
    let pem = fs::read(dir.path().join("alice.pem")).unwrap();
    Pki::ensure(dir.path()).unwrap();
    assert!(file.is_file());
    assert_eq!(fs::read(dir.path().join("alice.pem")).unwrap(), pem);
}

#[test]
fn an_expired_pki_is_not_opened() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
    let expired = LeafRequest::client("alice").not_before(86_400).days(1);
    replace_alice(dir.path(), pki.authority(), &expired);
    let error = Pki::ensure(dir.path()).unwrap_err();
    assert!(matches!(&error, Error::NotValidNow { .. }), "{error:?}");
    let message = error.to_string();
    assert!(message.contains("alice.pem"), "{message}");
    assert!(message.contains("1970-01-03T00:00:00Z"), "{message}");
    assert!(message.contains("--force"), "{message}");
}

#[test]
fn a_certificate_from_another_authority_with_the_same_name_is_detected() {
    let dir = tempfile::tempdir().unwrap();
    Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
    let other = Authority::new("certsession development CA").unwrap();
    replace_alice(dir.path(), &other, &LeafRequest::client("alice"));
    let error = Pki::ensure(dir.path()).unwrap_err();
    assert!(matches!(error, Error::OtherAuthority { .. }), "{error:?}");
}

#[test]
fn a_key_of_another_certificate_is_detected() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
    fs::copy(pki.key_path("bob"), pki.key_path("alice")).unwrap();
    let error = Pki::ensure(dir.path()).unwrap_err();
    assert!(matches!(error, Error::KeyMismatch { .. }), "{error:?}");
    let error = Identity::load(dir.path(), "alice").unwrap_err();
    assert!(matches!(error, Error::KeyMismatch { .. }), "{error:?}");
}

#[test]
fn a_file_that_is_not_a_certificate_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
    for content in [String::new(), pki.alice().key().pem()] {
        fs::write(pki.certificate_path("server"), content).unwrap();
        let error = Pki::ensure(dir.path()).unwrap_err();
        assert!(matches!(&error, Error::Unreadable { .. }), "{error:?}");
        assert!(error.to_string().contains("server.pem"), "{error}");
    }
}

#[test]
fn a_folder_that_cannot_be_created_is_reported() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    fs::write(&file, "").unwrap();
    let error = Pki::ensure(file.join("certs")).unwrap_err();
    assert!(matches!(&error, Error::Io { .. }), "{error:?}");
    assert!(error.to_string().contains("certs"), "{error}");
}

#[test]
fn a_name_that_leaves_the_folder_or_replaces_the_authority_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let alice = issue(&LeafRequest::client("alice"));
    for name in [
        "", ".", "..", ".hidden", "a/b", "../a", "a\\b", "C:a", "a\0b", "ca", "CA",
    ] {
        let error = alice.write(dir.path(), name, Overwrite::Force).unwrap_err();
        assert!(matches!(error, Error::InvalidFileName { .. }), "{error:?}");
        let error = Identity::load(dir.path(), name).unwrap_err();
        assert!(matches!(error, Error::InvalidFileName { .. }), "{error:?}");
    }
    assert!(contents(dir.path()).is_empty());
}

#[test]
fn debug_shows_no_key() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
    let debug = format!("{pki:?}");
    assert_eq!(debug.matches("PrivateKey(redacted)").count(), 4, "{debug}");
    assert!(debug.len() < 1_000, "{debug}");
}

#[test]
fn openssl_accepts_the_minted_certificates_and_keys() {
    let dir = tempfile::tempdir().unwrap();
    Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
    let verify = ["verify", "-x509_strict", "-CAfile", "ca.pem", "-purpose"];
    openssl(
        &[
            &verify[..],
            &["sslserver", "-verify_hostname", "localhost", "server.pem"],
        ]
        .concat(),
        dir.path(),
    );
    openssl(
        &[
            &verify[..],
            &["sslserver", "-verify_ip", "::1", "server.pem"],
        ]
        .concat(),
        dir.path(),
    );
    openssl(
        &[&verify[..], &["sslclient", "alice.pem", "bob.pem"]].concat(),
        dir.path(),
    );
    for name in ["ca", "server", "alice", "bob"] {
        let key = format!("{name}.key");
        openssl(&["pkey", "-in", &key, "-check", "-noout"], dir.path());
    }
}

#[test]
fn openssl_imports_the_pkcs12_files_with_the_documented_password() {
    let dir = tempfile::tempdir().unwrap();
    let pki = Pki::mint(dir.path(), Overwrite::Refuse).unwrap();
    let password = format!("pass:{}", certs_dev::PKCS12_PASSWORD);
    let import = ["pkcs12", "-in", "alice.p12", "-passin", &password, "-nodes"];
    let imported = openssl(&import, dir.path());
    assert!(imported.contains("friendlyName: CN=alice"), "{imported}");
    assert!(
        imported.contains(pki.alice().certificate_pem()),
        "{imported}"
    );
    fs::write(dir.path().join("imported.pem"), imported).unwrap();
    let public_key = |file| openssl(&["pkey", "-in", file, "-pubout"], dir.path());
    assert_eq!(public_key("imported.pem"), public_key("alice.key"));
}

fn replace_alice(dir: &Path, authority: &Authority, request: &LeafRequest) {
    let alice = authority.issue(request).unwrap();
    alice.write(dir, "alice", Overwrite::Force).unwrap();
}

//! Several lists and several files: at the start, and beside client CAs that cannot be loaded.

use std::fs;
use std::path::PathBuf;

use certsession_core::RevocationStatus::{self, Good, Revoked, Unknown};
use certsession_core::{Clock, PeerCertificate, RevocationList, SystemClock};
use tempfile::TempDir;

use super::pki::{Ca, Leaf, STACKS, expired, pem};
use crate::{MutualTls, MutualTlsBuilder};

/// A folder with a server's identity.
struct Folder {
    dir: TempDir,
    list: RevocationList,
}

impl Folder {
    fn new() -> Self {
        let folder = Self {
            dir: tempfile::tempdir().unwrap(),
            list: RevocationList::new(),
        };
        let server = Ca::new("server").server();
        folder.write("server.pem", &server.pem);
        folder.write("server.key", &server.key.serialize_pem());
        folder
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn write(&self, name: &str, contents: &str) {
        let new = self.path("new");
        fs::write(&new, contents).unwrap();
        fs::rename(new, self.path(name)).unwrap();
    }

    /// A server over `ca.pem` that follows these files of lists.
    fn builder(&self, lists: &[&str]) -> MutualTlsBuilder {
        let tls = MutualTls::builder()
            .server_identity_files(self.path("server.pem"), self.path("server.key"))
            .client_ca_file(self.path("ca.pem"))
            .revocations(&self.list);
        let lists = lists.iter().map(|name| self.path(name));
        lists.fold(tls, MutualTlsBuilder::crl_file)
    }

    fn status(&self, leaf: &Leaf) -> RevocationStatus {
        let certificate = PeerCertificate::from_der(&leaf.der).unwrap();
        self.list.status(&certificate, SystemClock.now())
    }
}

#[test]
fn a_damaged_list_is_fatal_at_the_start_where_a_good_one_does_not_cover_it() {
    for (stack, build) in STACKS {
        let (old, new) = (Ca::new("ca"), Ca::new("ca"));
        let alice = new.client("alice");
        let shard = |n: u8| new.shard(&[&alice], &format!("http://example.org/{n}.crl"));
        let whole = new.crl(&[&alice], 1);
        for (cas, good, bad) in [
            (new.pem(), shard(0), shard(1).damaged()),
            (
                old.pem() + &new.pem(),
                whole,
                old.crl(&[&alice], 1).damaged(),
            ),
        ] {
            let folder = Folder::new();
            folder.write("ca.pem", &cas);
            folder.write("crl.pem", &(good.pem + &bad.pem));
            let error = build(&folder.builder(&["crl.pem"]))
                .unwrap_err()
                .to_string();
            assert!(error.contains("crl.pem"), "{stack}: {error}");
            assert!(
                error.contains("list 2 (CN=ca): its signature"),
                "{stack}: {error}"
            );
        }
        // Each certificate is covered.
        let folder = Folder::new();
        folder.write("ca.pem", &new.pem());
        let damaged = new.crl(&[], 2).damaged();
        folder.write("crl.pem", &(new.crl(&[&alice], 1).pem + &damaged.pem));
        assert!(build(&folder.builder(&["crl.pem"])).is_ok(), "{stack}");
    }
}

#[test]
fn with_a_file_for_each_ca_the_trouble_of_one_does_not_stop_the_start() {
    for (stack, build) in STACKS {
        let (one, other) = (Ca::new("one"), Ca::new("other"));
        let (alice, bob) = (one.client("alice"), other.client("bob"));
        let folder = Folder::new();
        folder.write("ca.pem", &(one.pem() + &other.pem()));
        folder.write("one.pem", &one.crl(&[], 400).pem);
        folder.write("other.pem", &other.crl(&[&bob], 1).pem);
        let tls = folder.builder(&["one.pem", "other.pem"]);
        build(&tls).expect(stack);
        assert_eq!(folder.status(&alice), Unknown, "{stack}: it is overdue");
        assert_eq!(folder.status(&bob), Revoked, "{stack}");
        assert_eq!(folder.status(&other.client("carol")), Good, "{stack}");
        // All are overdue.
        folder.write("other.pem", &other.crl(&[&bob], 400).pem);
        let list = RevocationList::new();
        let error = build(&tls.clone().revocations(&list))
            .unwrap_err()
            .to_string();
        assert!(error.contains("expired"), "{stack}: {error}");
        folder.write("other.pem", &other.crl(&[&bob], 1).pem);
        // It has expired, or was taken out.
        let past = one.again("one", expired);
        for cas in [past.pem() + &other.pem(), other.pem()] {
            folder.write("ca.pem", &cas);
            build(&tls).expect(stack);
        }
        // Nothing is left.
        folder.write("ca.pem", &Ca::new("third").pem());
        let list = RevocationList::new();
        let error = build(&tls.revocations(&list)).unwrap_err().to_string();
        assert!(
            error.contains("none of the configured CAs"),
            "{stack}: {error}"
        );
    }
}

#[test]
fn client_cas_and_signers_that_cannot_be_loaded_keep_no_new_list_back() {
    for (stack, build) in STACKS {
        let ca = Ca::new("ca");
        let (issuing, other) = (ca.intermediate("issuing"), Ca::new("other"));
        let (alice, bob) = (ca.client("alice"), issuing.client("bob"));
        let damaged = pem("CERTIFICATE", b"no certificate");
        for (file, contents) in [
            ("ca.pem", ca.pem() + &damaged),
            ("ca.pem", alice.pem.clone()),
            ("signer.pem", issuing.pem() + &damaged),
            ("signer.pem", "no certificate".to_owned()),
        ] {
            let folder = Folder::new();
            folder.write("ca.pem", &ca.pem());
            folder.write("signer.pem", &issuing.pem());
            folder.write("crl.pem", &(ca.crl(&[], 2).pem + &issuing.crl(&[], 2).pem));
            let tls = folder
                .builder(&["crl.pem"])
                .crl_signer_file(folder.path("signer.pem"));
            let tls = build(&tls).unwrap();
            folder.write(file, &contents);
            tls.reloader().reload_changed();
            let renewed = ca.crl(&[&alice], 1).pem + &issuing.crl(&[&bob], 1).pem;
            folder.write("crl.pem", &renewed);
            tls.reloader().reload_changed();
            assert_eq!(folder.status(&alice), Revoked, "{stack}, {file}");
            assert_eq!(folder.status(&bob), Revoked, "{stack}, {file}");
            assert_eq!(folder.status(&other.client("carol")), Good, "{stack}");
        }
    }
}

#[test]
fn the_lists_of_a_new_ca_come_with_it_and_those_of_the_old_one_until_then() {
    for (stack, build) in STACKS {
        let (old, next) = (Ca::new("old"), Ca::new("next"));
        let (alice, bob) = (old.client("alice"), next.client("bob"));
        let folder = Folder::new();
        let key = fs::read_to_string(folder.path("server.key")).unwrap();
        folder.write("ca.pem", &old.pem());
        folder.write("crl.pem", &old.crl(&[], 2).pem);
        let tls = build(&folder.builder(&["crl.pem"])).unwrap();
        // The CAs come together with a key that does not match yet.
        folder.write("server.key", &bob.key.serialize_pem());
        folder.write("ca.pem", &next.pem());
        let both = old.crl(&[&alice], 1).pem + &next.crl(&[&bob], 1).pem;
        folder.write("crl.pem", &both);
        tls.reloader().reload_changed();
        assert_eq!(folder.status(&alice), Revoked, "{stack}");
        assert_eq!(folder.status(&bob), Good, "{stack}: it is not configured");
        folder.write("server.key", &key);
        tls.reloader().reload_changed();
        assert_eq!(
            folder.status(&bob),
            Revoked,
            "{stack}: nor did its list change"
        );
    }
}

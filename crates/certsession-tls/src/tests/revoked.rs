//! Revocation lists in files: in force without a restart, and refused where they are bad.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use certsession_core::{OnOverdueCrl, PeerCertificate, Revocation, RevocationList};

use super::pki::{Ca, Leaf, STACKS};
use super::wire::{Server, VERSIONS, client, get};
use crate::{ClientAuth, MutualTlsBuilder, MutualTlsError};

fn revocation(leaf: &Leaf) -> Revocation {
    Revocation::of_certificate(&PeerCertificate::from_der(&leaf.der).unwrap())
}

fn is_let_in(server: &Server, ca: &Ca, leaf: &Leaf) -> bool {
    let answers = VERSIONS.map(|version| {
        let client = Arc::new(client(ca, version, &[], Some(leaf)));
        get(server.addr, &client).is_ok()
    });
    assert_eq!(answers[0], answers[1], "TLS 1.2 and 1.3 differ");
    answers[0]
}

fn crl_file(dir: &Path, contents: impl AsRef<[u8]>) -> PathBuf {
    let (path, new) = (dir.join("crl.pem"), dir.join("crl.new"));
    fs::write(&new, contents).unwrap();
    fs::rename(new, &path).unwrap();
    path
}

fn following(ca: &Ca, list: &RevocationList, file: &Path) -> MutualTlsBuilder {
    let tls = ca.mutual_tls(ClientAuth::Required);
    tls.revocations(list).crl_file(file)
}

#[test]
fn what_is_revoked_by_call_is_refused_in_the_next_handshake() {
    for (stack, build) in STACKS {
        let ca = Ca::new("ca");
        let (alice, bob) = (ca.client("alice"), ca.client("bob"));
        let list = RevocationList::new();
        let tls = ca.mutual_tls(ClientAuth::Optional).revocations(&list);
        let server = Server::start(build(&tls).unwrap());
        assert!(is_let_in(&server, &ca, &alice), "{stack}");
        list.revoke(revocation(&alice));
        assert!(!is_let_in(&server, &ca, &alice), "{stack}");
        assert!(is_let_in(&server, &ca, &bob), "{stack}");
        list.revoke(Revocation::of_key(
            &PeerCertificate::from_der(&bob.der).unwrap(),
        ));
        assert!(!is_let_in(&server, &ca, &bob), "{stack}");
    }
}

#[test]
fn a_list_that_changes_is_in_force_without_a_restart_in_pem_and_in_der() {
    for (stack, build) in STACKS {
        let dir = tempfile::tempdir().unwrap();
        let ca = Ca::new("ca");
        let (alice, bob) = (ca.client("alice"), ca.client("bob"));
        let list = RevocationList::new();
        let file = crl_file(dir.path(), ca.crl(&[&alice], 2).pem);
        let server = Server::start(build(&following(&ca, &list, &file)).unwrap());
        assert!(!is_let_in(&server, &ca, &alice), "{stack}");
        assert!(is_let_in(&server, &ca, &bob), "{stack}");
        crl_file(dir.path(), ca.crl(&[&bob], 1).der);
        server.reload();
        assert!(!is_let_in(&server, &ca, &bob), "{stack}");
        assert!(
            is_let_in(&server, &ca, &alice),
            "{stack}: taken off the list"
        );
    }
}

#[test]
fn a_pem_file_may_hold_the_lists_of_several_authorities() {
    let dir = tempfile::tempdir().unwrap();
    let (ca, other) = (Ca::new("ca"), Ca::new("other"));
    let (alice, bob) = (ca.client("alice"), other.client("bob"));
    let list = RevocationList::new();
    let both = ca.crl(&[&alice], 1).pem + &other.crl(&[&bob], 1).pem;
    let file = crl_file(dir.path(), both);
    let tls = following(&ca, &list, &file).client_ca_pem(other.pem());
    for (_, build) in STACKS {
        build(&tls).unwrap();
        assert_eq!(list.len(), 2);
    }
}

#[test]
fn a_bad_list_is_refused_by_name_when_the_server_is_set_up() {
    for (stack, build) in STACKS {
        for (what, contents, says) in bad_lists() {
            let dir = tempfile::tempdir().unwrap();
            let (ca, list) = (Ca::new("ca"), RevocationList::new());
            let file = crl_file(dir.path(), contents(&ca));
            let error = build(&following(&ca, &list, &file))
                .unwrap_err()
                .to_string();
            assert!(error.contains("crl.pem"), "{stack}, {what}: {error}");
            assert!(error.contains(says), "{stack}, {what}: {error}");
            assert!(list.is_empty());
        }
    }
}

#[test]
fn a_bad_list_that_takes_the_place_of_a_good_one_leaves_it_in_force() {
    let dir = tempfile::tempdir().unwrap();
    let ca = Ca::new("ca");
    let (alice, bob, carol) = (ca.client("alice"), ca.client("bob"), ca.client("carol"));
    let list = RevocationList::new();
    let file = crl_file(dir.path(), ca.crl(&[&alice], 3).pem);
    for (stack, build) in STACKS {
        let server = Server::start(build(&following(&ca, &list, &file)).unwrap());
        for (what, contents, _) in bad_lists() {
            crl_file(dir.path(), contents(&ca));
            server.reload();
            assert_eq!(list.len(), 1, "{stack}, {what}");
            assert!(!is_let_in(&server, &ca, &alice), "{stack}, {what}");
            assert!(is_let_in(&server, &ca, &bob), "{stack}, {what}");
        }
        fs::remove_file(&file).unwrap();
        server.reload();
        assert!(
            !is_let_in(&server, &ca, &alice),
            "{stack}: the file is gone"
        );
        crl_file(dir.path(), ca.crl(&[&alice, &carol], 2).pem);
        server.reload();
        assert_eq!(list.len(), 2);
        crl_file(dir.path(), ca.crl(&[&alice], 2).pem);
        server.reload();
        assert_eq!(list.len(), 1);
    }
}

type Bad = (&'static str, fn(&Ca) -> Vec<u8>, &'static str);

fn bad_lists() -> Vec<Bad> {
    fn forged(ca: &Ca) -> Vec<u8> {
        let mut der = ca.crl(&[], 1).der;
        let last = der.len() - 1;
        der[last] ^= 1;
        der
    }
    vec![
        ("forged", forged, "signature"),
        (
            "an impostor's",
            |_| Ca::new("ca").crl(&[], 1).der,
            "signature",
        ),
        (
            "another issuer's",
            |_| Ca::new("other").crl(&[], 1).pem.into(),
            "issuer",
        ),
        ("expired", |ca| ca.crl(&[], 400).pem.into(), "expired"),
        (
            "cut off in PEM",
            |ca| {
                let pem = ca.crl(&[], 1).pem;
                pem[..pem.len() / 2].into()
            },
            "cut short",
        ),
        (
            "cut off in DER",
            |ca| {
                let der = ca.crl(&[], 1).der;
                der[..der.len() / 2].into()
            },
            "cut off",
        ),
        ("of 10 MB", |_| vec![0x30; 10_000_000], "10000000 bytes"),
        ("empty", |_| Vec::new(), "malformed"),
        ("a certificate", |ca| ca.pem().into(), "no list"),
    ]
}

#[test]
fn an_expired_list_is_taken_where_the_policy_is_to_warn() {
    for (stack, build) in STACKS {
        let dir = tempfile::tempdir().unwrap();
        let ca = Ca::new("ca");
        let (alice, bob) = (ca.client("alice"), ca.client("bob"));
        let list = RevocationList::on_overdue_crl(OnOverdueCrl::Warn);
        let file = crl_file(dir.path(), ca.crl(&[&alice], 400).pem);
        let server = Server::start(build(&following(&ca, &list, &file)).unwrap());
        assert!(!is_let_in(&server, &ca, &alice), "{stack}");
        assert!(is_let_in(&server, &ca, &bob), "{stack}");
    }
}

#[test]
fn a_list_file_without_a_list_to_put_it_in_is_an_error() {
    let ca = Ca::new("ca");
    let tls = ca.mutual_tls(ClientAuth::Required).crl_file("crl.pem");
    for (_, build) in STACKS {
        let error = build(&tls).unwrap_err();
        assert!(matches!(error, MutualTlsError::NoRevocations), "{error}");
    }
}

#[test]
fn one_cas_trouble_keeps_no_others_lists_back() {
    for (stack, build) in STACKS {
        let dir = tempfile::tempdir().unwrap();
        let (ca, other) = (Ca::new("ca"), Ca::new("other"));
        let (alice, bob) = (ca.client("alice"), ca.client("bob"));
        let list = RevocationList::new();
        // A CA that is not configured any more, and one whose list is overdue: the start goes on.
        let gone = Ca::new("gone").crl(&[], 1).pem;
        let overdue = other.crl(&[], 400).pem;
        let both = gone.clone() + &overdue + &ca.crl(&[&alice], 3).pem;
        let file = crl_file(dir.path(), both);
        let tls = following(&ca, &list, &file).client_ca_pem(other.pem());
        let server = Server::start(build(&tls).unwrap());
        assert!(!is_let_in(&server, &ca, &alice), "{stack}");
        assert!(is_let_in(&server, &ca, &bob), "{stack}");
        assert!(!is_let_in(&server, &ca, &other.client("carol")), "{stack}");
        // And so does a reload.
        let forged = Ca::new("other").crl(&[], 1).pem;
        crl_file(dir.path(), gone + &forged + &ca.crl(&[&bob], 2).pem);
        server.reload();
        assert!(is_let_in(&server, &ca, &alice), "{stack}");
        assert!(!is_let_in(&server, &ca, &bob), "{stack}");
        crl_file(dir.path(), other.crl(&[], 1).pem + &ca.crl(&[], 1).pem);
        server.reload();
        assert!(is_let_in(&server, &ca, &other.client("carol")), "{stack}");
    }
}

#[test]
fn the_size_of_a_list_is_a_setting_in_pem_and_in_der() {
    for (stack, build) in STACKS {
        let ca = Ca::new("ca");
        let alice = ca.client("alice");
        let made = ca.crl(&[&alice], 1);
        for contents in [made.pem.as_bytes(), &made.der] {
            let dir = tempfile::tempdir().unwrap();
            let file = crl_file(dir.path(), contents);
            let list = RevocationList::new();
            let size = made.der.len();
            let tls = following(&ca, &list, &file).max_crl_size(size);
            assert!(build(&tls).is_ok(), "{stack}");
            let error = build(&tls.max_crl_size(size - 1)).unwrap_err();
            let expected = format!("it has {size} bytes");
            assert!(error.to_string().contains(&expected), "{stack}: {error}");
        }
    }
}

#[test]
fn lists_of_an_intermediate_count_although_it_is_no_client_ca() {
    for (stack, build) in STACKS {
        let dir = tempfile::tempdir().unwrap();
        let root = Ca::new("root");
        let issuing = root.intermediate("issuing");
        let (alice, bob) = (issuing.client("alice"), issuing.client("bob"));
        let file = crl_file(dir.path(), issuing.crl(&[&alice], 1).pem);
        let list = RevocationList::new();
        let tls = following(&root, &list, &file);
        let error = build(&tls).unwrap_err().to_string();
        assert!(
            error.contains("none of the configured CAs"),
            "{stack}: {error}"
        );
        let signer = dir.path().join("signer.pem");
        fs::write(&signer, issuing.pem()).unwrap();
        let server = Server::start(build(&tls.crl_signer_file(&signer)).unwrap());
        let is_let_in = |leaf: &Leaf| {
            let client = client(&root, VERSIONS[1], &[&issuing.der()], Some(leaf));
            get(server.addr, &Arc::new(client)).is_ok()
        };
        assert!(!is_let_in(&alice), "{stack}");
        assert!(is_let_in(&bob), "{stack}");
        let client = client(&root, VERSIONS[1], &[], Some(&issuing.client("carol")));
        let alone = get(server.addr, &Arc::new(client));
        assert!(alone.is_err(), "{stack}: it is no client CA");
    }
}

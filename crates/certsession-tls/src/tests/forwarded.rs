//! A socket whose one client is a proxy, and the certificates that it forwards.

use std::fs;
use std::sync::Arc;
use std::time::Duration;

use certsession_core::test_util::ManualClock;
use certsession_core::{ChainVerifier, PeerCertificate, PeerState, PublicKeyHash, Timestamp};
use openssl::hash::MessageDigest;
use rcgen::{KeyPair, KeyUsagePurpose, date_time_ymd};

use super::pki::{Ca, Leaf, STACKS, expired, not_yet_valid};
use super::wire::{Server, VERSIONS, client, get};
use crate::{
    CertificateRole, ClientAuth, ClientChainVerifier, MutualTls, MutualTlsBuilder, MutualTlsError,
};

type BuildChains = fn(&MutualTlsBuilder) -> Result<ClientChainVerifier, MutualTlsError>;

const CHAINS: &[(&str, BuildChains)] = &[
    #[cfg(feature = "rustls-0_23")]
    ("rustls", MutualTlsBuilder::build_rustls_chain_verifier),
    #[cfg(feature = "openssl")]
    ("openssl", MutualTlsBuilder::build_openssl_chain_verifier),
];

fn key_of(leaf: &Leaf) -> PublicKeyHash {
    *PeerCertificate::from_der(&leaf.der)
        .unwrap()
        .public_key_hash()
}

#[test]
fn a_pinned_key_is_let_in_whoever_issued_its_certificate_and_no_other() {
    for (stack, build) in STACKS {
        let (ca, other) = (Ca::new("ca"), Ca::new("other"));
        let proxy = other.client("proxy");
        let server = ca.server();
        let tls = MutualTls::builder()
            .server_identity_pem(server.pem, server.key.serialize_pem())
            .client_public_key(key_of(&proxy));
        let server = Server::start(build(&tls).unwrap());
        for version in VERSIONS {
            let ask = |leaf: Option<&Leaf>, sent: &[&[u8]]| {
                get(server.addr, &Arc::new(client(&ca, version, sent, leaf)))
            };
            for _ in 0..2 {
                assert!(ask(Some(&proxy), &[]).is_ok(), "{stack}");
                // Whatever else comes along with it.
                assert!(ask(Some(&proxy), &[&other.der()]).is_ok(), "{stack}");
            }
            for refused in [&other.client("proxy"), &ca.client("proxy")] {
                assert!(ask(Some(refused), &[]).is_err(), "{stack}");
                assert!(ask(Some(refused), &[&proxy.der]).is_err(), "{stack}");
            }
            assert!(ask(None, &[]).is_err(), "{stack}");
        }
    }
}

#[test]
fn a_pinned_key_does_not_outlive_its_certificate() {
    for (stack, build) in STACKS {
        let ca = Ca::new("ca");
        for change in [expired, not_yet_valid] {
            let proxy = ca.leaf("proxy", change);
            let server = ca.server();
            let tls = MutualTls::builder()
                .server_identity_pem(server.pem, server.key.serialize_pem())
                .client_public_key(key_of(&proxy));
            let server = Server::start(build(&tls).unwrap());
            for version in VERSIONS {
                let client = Arc::new(client(&ca, version, &[], Some(&proxy)));
                assert!(get(server.addr, &client).is_err(), "{stack}");
            }
        }
        let both = ca.mutual_tls(ClientAuth::Required);
        let both = both.client_public_key(key_of(&ca.client("proxy")));
        assert!(
            matches!(build(&both), Err(MutualTlsError::KeysBesideCas)),
            "{stack}"
        );
    }
}

#[test]
fn a_chain_is_verified_with_intermediates_that_come_or_are_configured() {
    for (stack, build) in CHAINS {
        let (root, other) = (Ca::new("root"), Ca::new("other"));
        let issuing = root.intermediate("issuing");
        let alice = issuing.client("alice");
        let without = build(&MutualTls::builder().client_ca_pem(root.pem())).unwrap();
        let configured = MutualTls::builder()
            .client_ca_pem(root.pem())
            .intermediate_pem(issuing.pem());
        let configured = build(&configured).unwrap();

        let accepted = |state: PeerState| match state {
            PeerState::Verified(certificate) => {
                let anchor = certificate.anchor().unwrap();
                assert_eq!(*anchor.public_key_hash(), root.key_hash(), "{stack}");
                true
            }
            PeerState::Rejected(_) => false,
            PeerState::Absent => panic!("{stack}: a leaf is never absent"),
        };
        assert!(accepted(
            without.verify_chain(&alice.der, &[&issuing.der()])
        ));
        assert!(accepted(configured.verify_chain(&alice.der, &[])));
        assert!(!accepted(without.verify_chain(&alice.der, &[])));
        // An intermediate is no client CA.
        assert!(!accepted(without.verify_chain(&alice.der, &[&other.der()])));
        for verifier in [&without, &configured] {
            for refused in [
                &other.client("alice").der,
                &root.leaf("alice", expired).der,
                &root.leaf("alice", not_yet_valid).der,
                &root.server().der,
                &b"no certificate".to_vec(),
                &Vec::new(),
            ] {
                assert!(!accepted(verifier.verify_chain(refused, &[])), "{stack}");
            }
        }
    }
}

#[test]
fn chains_follow_the_client_cas_file() {
    for (stack, build) in CHAINS {
        let (first, second) = (Ca::new("first"), Ca::new("second"));
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        fs::write(&file, first.pem()).unwrap();
        let verifier = build(&MutualTls::builder().client_ca_file(&file)).unwrap();
        let alice = first.client("alice");
        let is_verified = || {
            verifier
                .verify_chain(&alice.der, &[])
                .certificate()
                .is_some()
        };
        assert!(is_verified(), "{stack}");
        let before = verifier.generation();
        fs::write(&file, second.pem() + "\n").unwrap();
        verifier.reloader().reload_changed();
        assert_ne!(verifier.generation(), before, "{stack}");
        assert!(!is_verified(), "{stack}");
    }
}

fn is_verified(verifier: &ClientChainVerifier, leaf: &[u8], sent: &[&[u8]]) -> bool {
    let state = verifier.verify_chain(leaf, sent);
    state.certificate().is_some()
}

#[test]
fn a_forwarded_certificate_that_is_signed_with_sha_1_is_refused_by_both_stacks() {
    for (stack, build) in CHAINS {
        let ca = Ca::new("ca");
        let verifier = build(&MutualTls::builder().client_ca_pem(ca.pem())).unwrap();
        let of = |hash| is_verified(&verifier, &ca.client_hashed(hash), &[]);
        assert!(of(MessageDigest::sha256()), "{stack}");
        assert!(!of(MessageDigest::sha1()), "{stack}");
    }
}

#[test]
fn a_forwarded_certificate_under_an_intermediate_that_may_not_sign_is_refused_by_both_stacks() {
    for (stack, build) in CHAINS {
        let root = Ca::new("root");
        let verifier = build(&MutualTls::builder().client_ca_pem(root.pem())).unwrap();
        let issuing = root.intermediate_with("issuing", KeyPair::generate().unwrap(), |params| {
            params.key_usages = vec![KeyUsagePurpose::CrlSign];
        });
        let alice = issuing.client("alice");
        assert!(
            !is_verified(&verifier, &alice.der, &[&issuing.der()]),
            "{stack}"
        );
    }
}

#[test]
fn an_issuing_ca_before_its_renewal_is_not_in_the_way_of_it() {
    for (stack, build) in CHAINS {
        let root = Ca::new("root");
        let old = root.intermediate_with("issuing", KeyPair::generate().unwrap(), expired);
        let new = root.intermediate_with("issuing", old.key(), |_| {});
        let alice = new.client("alice");
        let tls = MutualTls::builder().client_ca_pem(root.pem());
        let verifier = build(&tls).unwrap();
        let (before, after) = (old.der(), new.der());
        for sent in [[&before[..], &after[..]], [&after, &before]] {
            assert!(is_verified(&verifier, &alice.der, &sent), "{stack}");
        }
        assert!(!is_verified(&verifier, &alice.der, &[&before]), "{stack}");
        for configured in [old.pem() + &new.pem(), new.pem() + &old.pem()] {
            let verifier = build(&tls.clone().intermediate_pem(configured)).unwrap();
            assert!(is_verified(&verifier, &alice.der, &[]), "{stack}");
        }
    }
}

#[test]
fn a_root_that_expires_beside_its_renewal_locks_nobody_out() {
    for (stack, build) in CHAINS {
        let old = Ca::with("root", |ca| ca.not_after = date_time_ymd(2031, 1, 1));
        let new = old.again("root", |_| {});
        let alice = old.client("alice");
        for cas in [old.pem() + &new.pem(), new.pem() + &old.pem()] {
            // 2030-01-01.
            let clock = ManualClock::new(Timestamp::from_millis(1_893_456_000_000));
            let tls = MutualTls::builder().client_ca_pem(cas).clock(clock.clone());
            let verifier = build(&tls).unwrap();
            assert!(is_verified(&verifier, &alice.der, &[]), "{stack}");
            clock.advance(Duration::from_secs(2 * 365 * 24 * 60 * 60));
            assert!(is_verified(&verifier, &alice.der, &[]), "{stack}");
        }
    }
}

#[test]
fn the_client_cas_behind_a_proxy_can_be_seen_to_expire() {
    for (stack, build) in CHAINS {
        let (first, second) = (Ca::new("first"), Ca::new("second"));
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("ca.pem");
        fs::write(&file, first.pem()).unwrap();
        let verifier = build(&MutualTls::builder().client_ca_file(&file)).unwrap();
        let certificates = verifier.certificates();
        let subjects = || {
            let list = certificates.list();
            let all = list.iter();
            all.map(|one| (one.role(), one.subject().to_owned()))
                .collect::<Vec<_>>()
        };
        let ca = |name: &str| (CertificateRole::ClientCa, format!("CN={name}"));
        assert_eq!(subjects(), [ca("first")], "{stack}");
        fs::write(&file, second.pem() + &first.pem()).unwrap();
        verifier.reloader().reload_changed();
        assert_eq!(subjects(), [ca("second"), ca("first")], "{stack}");
    }
}

#[test]
fn chains_need_a_client_ca_and_no_server() {
    for (stack, build) in CHAINS {
        let nothing = build(&MutualTls::builder());
        assert!(
            matches!(nothing, Err(MutualTlsError::NoClientCa)),
            "{stack}"
        );
    }
}

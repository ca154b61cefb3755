//! A socket whose one client is a proxy, and the certificates that it forwards.

use std::fs;
use std::sync::Arc;

use certsession_core::{ChainVerifier, PeerCertificate, PeerState, PublicKeyHash};

use super::pki::{Ca, Leaf, STACKS, expired, not_yet_valid};
use super::wire::{Server, VERSIONS, client, get};
use crate::{ClientAuth, ClientChainVerifier, MutualTls, MutualTlsBuilder, MutualTlsError};

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

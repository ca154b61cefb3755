//! Client CAs and clients as they are in the wild: what the TLS stack accepts is accepted, and
//! both stacks give one answer.

use std::fs;
use std::sync::Arc;

use certsession_core::RevocationList;
use rcgen::{KeyPair, KeyUsagePurpose};

use super::pki::{Ca, Leaf, STACKS, case, case_bytes, case_text, expired, pem};
use super::wire::{Server, VERSIONS, client, get};
use crate::{ClientAuth, MutualTlsBuilder, MutualTlsError};

/// What a client of these CAs gets in TLS 1.2 and 1.3, if it gets in.
fn answers(server: &Server, ca: &Ca, leaf: &Leaf) -> [Option<String>; 2] {
    VERSIONS.map(|version| {
        let client = Arc::new(client(ca, version, &[], Some(leaf)));
        get(server.addr, &client).ok().map(|answer| answer.body)
    })
}

fn is_let_in(server: &Server, ca: &Ca, leaf: &Leaf) -> bool {
    let answers = answers(server, ca, leaf);
    assert_eq!(
        answers[0].is_some(),
        answers[1].is_some(),
        "TLS 1.2 and 1.3 differ"
    );
    answers[0]
        .as_ref()
        .is_some_and(|body| body.starts_with("verified "))
}

#[test]
fn a_ca_that_is_oddly_written_is_a_client_ca_and_spoils_no_other() {
    for name in ["bc-true-is-01", "name-oid-2.25-uuid", "notbefore-1969"] {
        for (stack, build) in STACKS {
            let ca = Ca::new("ca");
            let odd = case_text(&format!("{name}.ca.pem"));
            let tls = ca.mutual_tls(ClientAuth::Required).client_ca_pem(odd);
            let server = Server::start(build(&tls).unwrap());
            assert!(is_let_in(&server, &ca, &case(name)), "{stack}, {name}");
            assert!(
                is_let_in(&server, &ca, &ca.client("alice")),
                "{stack}, {name}"
            );
        }
    }
}

#[test]
fn one_odd_name_in_a_certificate_keeps_no_one_out() {
    for name in [
        "san-mail-empty",
        "san-mail-umlaut-utf8",
        "subject-oid-2.25-uuid",
    ] {
        for (stack, build) in STACKS {
            let ca = Ca::new("ca");
            let cas = case_text("client-certificates.ca.pem");
            let tls = ca.mutual_tls(ClientAuth::Required).client_ca_pem(cas);
            let server = Server::start(build(&tls).unwrap());
            assert!(is_let_in(&server, &ca, &case(name)), "{stack}, {name}");
        }
    }
}

#[test]
fn a_certificate_for_encryption_alone_is_refused_by_both_stacks() {
    for (stack, build) in STACKS {
        let ca = Ca::new("ca");
        let cas = case_text("client-certificates.ca.pem");
        let tls = ca.mutual_tls(ClientAuth::Optional).client_ca_pem(cas);
        let server = Server::start(build(&tls).unwrap());
        let refused = answers(&server, &ca, &case("ku-keyencipherment-only"));
        assert_eq!(refused, [None, None], "{stack}");
    }
}

#[test]
fn a_certificate_that_spells_its_issuer_otherwise_is_refused_by_both_stacks() {
    for (stack, build) in STACKS {
        let ca = Ca::new("Example CA");
        let tls = ca.mutual_tls(ClientAuth::Required);
        let server = Server::start(build(&tls).unwrap());
        let respelt = ca.client_of_respelt_issuer("Example CA");
        assert!(!is_let_in(&server, &ca, &respelt), "{stack}");
        assert!(is_let_in(&server, &ca, &ca.client("alice")), "{stack}");
    }
}

#[test]
fn an_intermediate_that_may_not_sign_certificates_verifies_nobody() {
    for (stack, build) in STACKS {
        let root = Ca::new("root");
        let key = KeyPair::generate().unwrap();
        let issuing = root.intermediate_with("issuing", key, |params| {
            params.key_usages = vec![KeyUsagePurpose::CrlSign];
        });
        let alice = issuing.client("alice");
        let server = Server::start(build(&root.mutual_tls(ClientAuth::Required)).unwrap());
        let is_let_in = |sent: &[&[u8]]| {
            VERSIONS.map(|version| {
                let client = Arc::new(client(&root, version, sent, Some(&alice)));
                get(server.addr, &client).is_ok()
            })
        };
        assert_eq!(is_let_in(&[&issuing.der()]), [false; 2], "{stack}");
        // Another certificate of the same CA's may be sent beside it.
        let may = root.intermediate_with("issuing", issuing.key(), |_| {});
        assert_eq!(is_let_in(&[&may.der()]), [true; 2], "{stack}");
    }
}

#[test]
fn what_is_no_ca_is_named_with_its_position_and_an_expired_one_is_left_out_even_so() {
    for (stack, build) in STACKS {
        let (ca, other) = (Ca::new("ca"), Ca::new("other"));
        let with = |pem: String| ca.mutual_tls(ClientAuth::Required).client_ca_pem(pem);
        let error = build(&with(other.pem() + &ca.client("alice").pem)).unwrap_err();
        let MutualTlsError::NotACa { position, .. } = error else {
            panic!("{stack}: {error}");
        };
        assert_eq!(position, 2, "{stack}");
        let error = build(&with(other.pem() + &damaged(&ca))).unwrap_err();
        assert!(
            error.to_string().starts_with("certificate 2 in "),
            "{stack}: {error}"
        );
        // It has expired, so that what else is wrong with it does not matter.
        let old = ca.leaf("old", expired);
        assert!(build(&with(other.pem() + &old.pem)).is_ok(), "{stack}");
    }
}

/// The PEM of a certificate that is none.
fn damaged(ca: &Ca) -> String {
    let mut der = ca.der();
    der[4] ^= 0x10;
    pem("CERTIFICATE", &der)
}

/// CAs whose names do not fit into a handshake.
fn too_many() -> String {
    let name = |n: usize| format!("{n} {}", "of a long name ".repeat(8));
    (0..500).map(|n| Ca::new(&name(n)).pem()).collect()
}

#[test]
fn more_names_of_cas_than_a_handshake_holds_are_an_error_and_need_not_be_sent() {
    let many = too_many();
    for (stack, build) in STACKS {
        let ca = Ca::new("ca");
        let tls = ca
            .mutual_tls(ClientAuth::Required)
            .client_ca_pem(many.clone());
        let error = build(&tls).unwrap_err();
        assert!(
            matches!(error, MutualTlsError::TooManyCaNames { count: 501, .. }),
            "{error}"
        );
        let server = Server::start(build(&tls.send_ca_names(false)).unwrap());
        assert!(is_let_in(&server, &ca, &ca.client("alice")), "{stack}");
    }
}

#[test]
fn more_names_than_a_handshake_holds_leave_the_cas_before_them_at_a_reload() {
    let many = too_many();
    for (stack, build) in STACKS {
        let dir = tempfile::tempdir().unwrap();
        let ca = Ca::new("ca");
        let file = dir.path().join("ca.pem");
        fs::write(&file, ca.pem()).unwrap();
        let tls = ca.mutual_tls(ClientAuth::Required).client_ca_file(&file);
        let server = Server::start(build(&tls).unwrap());
        fs::write(&file, many.clone() + &ca.pem()).unwrap();
        server.reload();
        assert!(is_let_in(&server, &ca, &ca.client("alice")), "{stack}");
    }
}

/// One file of lists, and what comes of it at the start.
fn with_lists(ca_pem: &str, lists: &[u8]) -> Vec<(&'static str, Result<usize, String>)> {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("crl.pem");
    fs::write(&file, lists).unwrap();
    let outcome = |(stack, build): &(&'static str, fn(&MutualTlsBuilder) -> _)| {
        let list = RevocationList::new();
        let tls = Ca::new("ca").mutual_tls(ClientAuth::Required);
        let tls = tls.client_ca_pem(ca_pem).revocations(&list).crl_file(&file);
        let built: Result<_, MutualTlsError> = build(&tls);
        (
            *stack,
            built.map(|_| list.len()).map_err(|error| error.to_string()),
        )
    };
    STACKS.iter().map(outcome).collect()
}

#[test]
fn a_list_whose_signature_the_stack_verifies_is_accepted() {
    for (stack, result) in with_lists(
        &case_text("alg-rsa-pss.ca.pem"),
        &case_bytes("alg-rsa-pss.crl"),
    ) {
        assert_eq!(result, Ok(1), "{stack}");
    }
    for (stack, result) in with_lists(
        &case_text("alg-p521-sha512.ca.pem"),
        &case_bytes("alg-p521-sha512.crl"),
    ) {
        match stack {
            "openssl" => assert_eq!(result, Ok(1)),
            _ => assert!(result.unwrap_err().contains("1.2.840.10045.4.3.4")),
        }
    }
}

#[test]
fn a_forged_list_is_refused_whatever_verifies_its_signature() {
    for (name, last) in [("alg-rsa-pss", 1), ("alg-p521-sha512", 1)] {
        let mut list = case_bytes(&format!("{name}.crl"));
        let place = list.len() - last;
        list[place] ^= 1;
        for (stack, result) in with_lists(&case_text(&format!("{name}.ca.pem")), &list) {
            let error = result.unwrap_err();
            let expected = match (name, stack) {
                ("alg-p521-sha512", "rustls") => "is not supported",
                _ => "its signature is not that of the configured CA",
            };
            assert!(error.contains(expected), "{stack}, {name}: {error}");
        }
    }
}

#[test]
fn a_byte_order_mark_before_pem_and_a_line_break_after_der_are_read_over() {
    let ca = case_text("form-pem-bom.ca.pem");
    for (stack, result) in with_lists(&ca, &case_bytes("form-pem-bom.crl")) {
        assert_eq!(result, Ok(1), "{stack}");
    }
    let ca = case_text("alg-rsa-pss.ca.pem");
    for end in [&b"\n"[..], b"\r\n", b" \n\n"] {
        let der = [&case_bytes("alg-rsa-pss.crl"), end].concat();
        for (stack, result) in with_lists(&ca, &der) {
            assert_eq!(result, Ok(1), "{stack}");
        }
    }
    let der = [&case_bytes("alg-rsa-pss.crl")[..], b"x"].concat();
    for (stack, result) in with_lists(&ca, &der) {
        assert!(
            result.unwrap_err().contains("something follows it"),
            "{stack}"
        );
    }
}

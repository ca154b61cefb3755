//! The parsed content of a certificate matches its bytes, and no parsed text can mislead a reader.
#![no_main]

use std::time::Duration;

use certs_dev::{Authority, LeafRequest};
use certsession_core::{Binding, Owner, PeerCertificate, PeerState, ValidityError};
use certsession_fuzz::{client, plant_seeds};
use libfuzzer_sys::{Corpus, fuzz_target};

fuzz_target!(init: plant_seeds(seeds()), |der: &[u8]| -> Corpus {
    let parsed = PeerCertificate::from_der(der);
    let state = PeerState::from_leaf(Some(der));
    let usable = parsed.as_ref().is_ok_and(|parsed| parsed.check_key_usage().is_ok());
    assert_eq!(matches!(state, PeerState::Verified(_)), usable);
    assert!(!matches!(state, PeerState::Absent), "a bad certificate is not an absent one");
    match parsed {
        Ok(certificate) => check(der, &certificate),
        Err(error) => drop(error.to_string()),
    }
    Corpus::Keep
});

fn check(der: &[u8], certificate: &PeerCertificate) {
    assert_eq!(certificate.der(), der);
    assert_eq!(PeerCertificate::from_der(der).as_ref(), Ok(certificate));
    let followed = [der, &[0]].concat();
    assert!(
        PeerCertificate::from_der(&followed).is_err(),
        "another byte follows"
    );

    let sha256 = |bytes| ring::digest::digest(&ring::digest::SHA256, bytes);
    assert_eq!(certificate.fingerprint().as_bytes(), sha256(der).as_ref());
    assert_eq!(
        certificate.issuer_hash().as_bytes(),
        sha256(certificate.issuer_der()).as_ref()
    );
    for part in [certificate.issuer_der(), certificate.serial().as_bytes()] {
        assert!(der.windows(part.len()).any(|window| window == part));
    }

    let subject = certificate.subject();
    assert!(
        !subject.contains(char::is_control),
        "it could forge a log line: {subject:?}"
    );
    let names = certificate.dns_names().chain(certificate.email_addresses());
    for name in names.chain(certificate.uris()) {
        assert!(
            name.bytes().all(|byte| (0x20..0x7f).contains(&byte)),
            "{name:?}"
        );
    }
    if let Some(id) = certificate.spiffe_id() {
        assert!(id.starts_with("spiffe://") && certificate.spiffe_id_fault().is_none());
        assert!(certificate.uris().eq([id]), "a SPIFFE id is the only URI");
    }

    let (first, last) = (certificate.not_before(), certificate.not_after());
    if first <= last {
        assert_eq!(certificate.check_validity(first), Ok(()));
        assert_eq!(certificate.check_validity(last), Ok(()));
    }
    let late = last + Duration::from_secs(2);
    assert!(
        matches!(
            certificate.check_validity(late),
            Err(ValidityError::Expired)
        ) || late < first
    );

    let binding = Binding::of(certificate);
    assert_eq!(
        Owner::bound_to(&binding).key(),
        Owner::bound_to(&binding).key()
    );
    drop(format!(
        "{certificate:?} {binding:?} {}",
        certificate.serial()
    ));
}

/// Certificates as CAs issue them, and some as they should not issue them.
fn seeds() -> Vec<(&'static str, Vec<u8>)> {
    let authority = Authority::new("fuzz CA").expect("there is randomness");
    let alice = LeafRequest::client("alice");
    [
        ("plain", alice.clone()),
        ("high-serial", alice.clone().serial([0x80])),
        ("longest-serial", alice.clone().serial([0x7f; 20])),
        ("zero-serial", alice.clone().serial([0])),
        ("from-1970", alice.clone().not_before(0)),
        ("after-2050", alice.clone().not_before(2_600_000_000)),
        (
            "spiffe",
            alice.clone().spiffe("spiffe://example.org/service"),
        ),
        (
            "two-spiffe",
            alice
                .clone()
                .spiffe("spiffe://a.example/x")
                .spiffe("spiffe://b.example/y"),
        ),
        (
            "names",
            alice
                .dns("a.example")
                .email("a@example.org")
                .uri("https://example.org/"),
        ),
        (
            "odd-subject",
            LeafRequest::client("Åsa, \"O'Hara\" \u{202e}+=<>#;\\"),
        ),
        ("server", LeafRequest::server("host.example")),
    ]
    .into_iter()
    .map(|(name, request)| {
        (
            name,
            client(&authority, &request).certificate_der().to_vec(),
        )
    })
    .collect()
}

use std::time::Duration;

use rcgen::{KeyPair, PublicKeyData, SanType};

use crate::certificate::testing::Ca;
use crate::certificate::*;
use crate::time::Timestamp;

fn uri(text: &str) -> SanType {
    SanType::URI(text.try_into().unwrap())
}

fn issue(names: Vec<SanType>) -> Result<PeerCertificate, CertificateError> {
    let key = KeyPair::generate().unwrap();
    PeerCertificate::from_der(&Ca::named("ca").issue("alice", names, &key))
}

#[test]
fn a_certificate_says_what_was_issued() {
    let key = KeyPair::generate().unwrap();
    let der = Ca::named("the ca").issue(
        "alice, the first",
        vec![
            SanType::DnsName("alice.example.org".try_into().unwrap()),
            SanType::Rfc822Name("alice@example.org".try_into().unwrap()),
            SanType::IpAddress([127, 0, 0, 1].into()),
            uri("https://example.org/alice"),
        ],
        &key,
    );
    let certificate = PeerCertificate::from_der(&der).unwrap();

    assert_eq!(certificate.der(), der);
    assert_eq!(certificate.fingerprint(), &Fingerprint::of(&der));
    let public_key = key.subject_public_key_info();
    assert_eq!(
        certificate.public_key_hash(),
        &PublicKeyHash::of(&public_key)
    );
    assert_eq!(
        certificate.issuer_hash(),
        &IssuerHash::of(certificate.issuer_der())
    );
    assert!(certificate.issuer_der().ends_with(b"the ca"));
    assert_eq!(certificate.subject(), "CN=alice\\, the first");
    assert!(certificate.dns_names().eq(["alice.example.org"]));
    assert!(certificate.email_addresses().eq(["alice@example.org"]));
    assert!(certificate.uris().eq(["https://example.org/alice"]));
    assert_eq!(certificate.spiffe_id(), None);
}

#[test]
fn a_renewal_with_the_same_key_keeps_the_key_and_the_issuer_only() {
    let (ca, key) = (Ca::named("ca"), KeyPair::generate().unwrap());
    let first = PeerCertificate::from_der(&ca.issue("alice", vec![], &key)).unwrap();
    let second = PeerCertificate::from_der(&ca.issue("alice", vec![uri("a:b")], &key)).unwrap();

    assert_eq!(first.public_key_hash(), second.public_key_hash());
    assert_eq!(first.issuer_hash(), second.issuer_hash());
    assert_ne!(first.fingerprint(), second.fingerprint());
}

#[test]
fn the_common_name_is_never_taken_for_a_dns_name() {
    let key = KeyPair::generate().unwrap();
    let der = Ca::named("ca").issue("www.example.org", vec![], &key);
    assert_eq!(
        PeerCertificate::from_der(&der).unwrap().dns_names().count(),
        0
    );
}

#[test]
fn the_dates_are_judged_when_asked_and_not_when_read() {
    // rcgen's default: from 1975 to 4096.
    let certificate = issue(vec![]).unwrap();
    let second = Duration::from_secs(1);
    assert_eq!(
        certificate.not_before(),
        Timestamp::from_millis(157_766_400_000)
    );
    assert_eq!(certificate.check_validity(certificate.not_before()), Ok(()));
    assert_eq!(certificate.check_validity(certificate.not_after()), Ok(()));
    assert_eq!(
        certificate.check_validity(Timestamp::from_millis(0)),
        Err(ValidityError::NotYetValid)
    );
    assert_eq!(
        certificate.check_validity(certificate.not_after() + second),
        Err(ValidityError::Expired)
    );
}

#[test]
fn a_spiffe_id_is_told_from_other_uris() {
    let id = "spiffe://example.org/ns/alice";
    assert_eq!(issue(vec![uri(id)]).unwrap().spiffe_id(), Some(id));
    assert_eq!(
        issue(vec![uri("spiffes://example.org")])
            .unwrap()
            .spiffe_id(),
        None
    );
}

#[test]
fn two_spiffe_ids_are_refused_however_they_are_spelt() {
    for second in [
        "spiffe://example.org/b",
        "spiffe://example.org/a",
        "SPIFFE:x",
    ] {
        assert_eq!(
            issue(vec![uri("spiffe://example.org/a"), uri(second)]),
            Err(CertificateError::SeveralSpiffeIds { count: 2 })
        );
    }
}

#[test]
fn a_spiffe_id_beside_another_uri_identifies_no_one_and_spoils_nothing() {
    let other = "https://example.org";
    let certificate = issue(vec![uri(other), uri("spiffe://example.org/a")]).unwrap();
    assert_eq!(certificate.spiffe_id(), None);
    assert_eq!(
        certificate.spiffe_id_fault(),
        Some(&SpiffeIdFault::NotTheOnlyUri)
    );
    assert!(certificate.uris().eq([other, "spiffe://example.org/a"]));
    assert_eq!(IdentityName::Uri.find(&certificate), None);
}

#[test]
fn a_malformed_spiffe_id_identifies_no_one_and_says_why() {
    let certificate = issue(vec![uri("spiffe://example.org:443/a")]).unwrap();
    assert_eq!(certificate.spiffe_id(), None);
    assert_eq!(IdentityName::SpiffeId.find(&certificate), None);
    assert_eq!(certificate.spiffe_id_fault(), Some(&SpiffeIdFault::Port));
}

#[test]
fn bytes_after_the_certificate_are_refused() {
    let mut der = issue(vec![]).unwrap().der().to_vec();
    der.extend_from_slice(b"abc");
    let result = PeerCertificate::from_der(&der);
    assert_eq!(result, Err(CertificateError::TrailingData { extra: 3 }));
}

#[test]
fn the_debug_form_is_short_and_without_the_der() {
    let certificate = issue(vec![]).unwrap();
    let text = format!("{certificate:?}");
    assert!(
        text.starts_with("PeerCertificate { subject: CN=alice, serial: "),
        "{text}"
    );
    assert!(
        text.contains(&certificate.fingerprint().to_string()),
        "{text}"
    );
    assert!(text.len() < 300, "{text}");
}

#[test]
fn a_leaf_that_does_not_parse_is_rejected_and_never_absent() {
    let good = issue(vec![]).unwrap();
    assert!(matches!(PeerState::from_leaf(None), PeerState::Absent));
    assert!(matches!(
        PeerState::from_leaf(Some(&[])),
        PeerState::Rejected(_)
    ));
    assert!(matches!(
        PeerState::from_leaf(Some(&good.der()[1..])),
        PeerState::Rejected(_)
    ));
    let state = PeerState::from_leaf(Some(good.der()));
    assert_eq!(state.certificate().map(|found| &**found), Some(&good));
}

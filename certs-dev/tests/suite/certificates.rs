//! The requested content is in the certificate, and invalid requests are refused.

use crate::support::{issue, parse};
use std::sync::Arc;

use certs_dev::{Authority, Error, LeafRequest};
use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use x509_cert::der::Encode;
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, ExtendedKeyUsage, SubjectAltName,
    SubjectKeyIdentifier,
};

const DAY: u64 = 86_400;

#[test]
fn an_authority_may_sign_certificates_and_revocation_lists_and_no_authorities() {
    let authority = Authority::new("test CA").unwrap();
    let certificate = parse(authority.certificate_der());
    let (critical, constraints) = extension::<BasicConstraints>(&certificate);
    assert!(critical && constraints.ca);
    assert_eq!(constraints.path_len_constraint, Some(0));
    let (critical, usage) = extension::<x509_cert::ext::pkix::KeyUsage>(&certificate);
    assert!(critical && usage.key_cert_sign() && usage.crl_sign());
    extension::<SubjectKeyIdentifier>(&certificate);
    assert_eq!(certificate.subject().to_string(), "CN=test CA");
    assert_eq!(
        authority.subject_der(),
        certificate.subject().to_der().unwrap()
    );
}

#[test]
fn a_client_certificate_names_its_authority_and_is_for_signing_alone() {
    let authority = Authority::new("test CA").unwrap();
    let alice = authority.issue(&LeafRequest::client("alice")).unwrap();
    let certificate = parse(alice.certificate_der());
    assert_eq!(certificate.subject().to_string(), "CN=alice");
    assert_eq!(
        certificate.issuer().to_der().unwrap(),
        authority.subject_der()
    );
    assert!(!extension::<BasicConstraints>(&certificate).1.ca);
    let (critical, usage) = extension::<x509_cert::ext::pkix::KeyUsage>(&certificate);
    assert!(critical && usage.digital_signature() && !usage.key_cert_sign());
    let purposes = extension::<ExtendedKeyUsage>(&certificate).1.0;
    assert_eq!(purposes, ["1.3.6.1.5.5.7.3.2".parse().unwrap()]);
    let named = extension::<AuthorityKeyIdentifier>(&certificate)
        .1
        .key_identifier;
    let authority = extension::<SubjectKeyIdentifier>(&parse(authority.certificate_der())).1;
    assert_eq!(named, Some(authority.0));
}

#[test]
fn a_client_certificate_lives_365_days_under_a_positive_serial_of_16_bytes() {
    let certificate = parse(issue(&LeafRequest::client("alice")).certificate_der());
    let validity = certificate.validity();
    let lifetime = validity.not_after.to_unix_duration() - validity.not_before.to_unix_duration();
    assert_eq!(lifetime.as_secs(), 365 * DAY);
    let serial = certificate.serial_number().as_bytes();
    assert_eq!(serial.len(), 16);
    assert!((0x40..0x80).contains(&serial[0]));
}

#[test]
fn a_serial_is_written_in_the_shortest_form_of_its_number() {
    let longest = [0x7f; 20];
    for (requested, written) in [
        (&[0x2a][..], &[0x2a][..]),
        (&[0x00, 0x00, 0x2a], &[0x2a]),
        (&[0x00], &[0x00]),
        (&[0x80], &[0x00, 0x80]),
        (&longest, &longest),
    ] {
        let certificate =
            parse(issue(&LeafRequest::client("alice").serial(requested)).certificate_der());
        assert_eq!(certificate.serial_number().as_bytes(), written);
    }
}

#[test]
fn a_validity_in_the_past_is_issued_as_requested() {
    let expired = LeafRequest::client("alice").not_before(1_000).days(1);
    assert_eq!(validity(&expired), (1_000, 1_000 + DAY));
    assert_eq!(validity(&expired.not_after(2_000)), (1_000, 2_000));
}

#[test]
fn every_kind_of_name_is_carried_and_two_spiffe_ids_too() {
    let request = LeafRequest::client("alice")
        .spiffe("spiffe://example.com/a")
        .spiffe("spiffe://example.com/b")
        .dns("alice.example.com")
        .email("alice@example.com")
        .uri("urn:device:7");
    let names = alt_names(&request);
    assert_eq!(
        names,
        [
            "uri spiffe://example.com/a",
            "uri spiffe://example.com/b",
            "dns alice.example.com",
            "email alice@example.com",
            "uri urn:device:7",
        ]
    );
}

#[test]
fn a_server_certificate_is_for_its_host_and_for_this_machine() {
    let here = [
        "dns localhost",
        "ip [127, 0, 0, 1]",
        "ip [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]",
    ];
    assert_eq!(alt_names(&LeafRequest::server("localhost")), here);
    assert_eq!(alt_names(&LeafRequest::server("127.0.0.1")), here);
    let named = alt_names(&LeafRequest::server("api.test"));
    assert_eq!(named[..3], here);
    assert_eq!(named[3..], ["dns api.test"]);
}

#[test]
fn a_renewal_keeps_the_key_and_nothing_else() {
    let authority = Authority::new("test CA").unwrap();
    let alice = authority.issue(&LeafRequest::client("alice")).unwrap();
    let renewal = LeafRequest::client("alice").same_key_as(&alice);
    let renewed = parse(authority.issue(&renewal).unwrap().certificate_der());
    let old = parse(alice.certificate_der());
    assert_eq!(
        renewed.subject_public_key_info(),
        old.subject_public_key_info()
    );
    assert_ne!(renewed.serial_number(), old.serial_number());
    let other = issue(&LeafRequest::client("alice"));
    assert_ne!(
        parse(other.certificate_der()).subject_public_key_info(),
        old.subject_public_key_info()
    );
}

#[test]
fn invalid_requests_are_refused() {
    let authority = Authority::new("test CA").unwrap();
    let alice = || LeafRequest::client("alice");
    for (request, at_fault) in [
        (alice().serial([]), "not 0"),
        (alice().serial([1; 21]), "not 21"),
        (alice().days(0), "not 0"),
        (alice().not_before(-1), "-1"),
        (alice().not_before(2_000).not_after(1_000), "1000"),
        (alice().spiffe("https://example.com"), "https://example.com"),
        (LeafRequest::client(""), "common name"),
        (LeafRequest::client("x".repeat(65)), "common name"),
        (LeafRequest::server("two words"), "two words"),
    ] {
        let error = authority.issue(&request).unwrap_err();
        assert!(error.to_string().contains(at_fault), "{error}");
    }
    let error = Authority::new("").unwrap_err();
    assert!(matches!(error, Error::InvalidName { .. }), "{error:?}");
}

#[test]
fn an_authority_signs_bytes_that_ring_verifies_with_its_key() {
    use ring::signature::{ECDSA_P256_SHA256_ASN1, UnparsedPublicKey};

    let authority = Authority::new("test CA").unwrap();
    let signature = authority.sign(b"handmade").unwrap();
    let certificate = parse(authority.certificate_der());
    let public_key = &certificate.subject_public_key_info().subject_public_key;
    UnparsedPublicKey::new(&ECDSA_P256_SHA256_ASN1, public_key.raw_bytes())
        .verify(b"handmade", &signature)
        .unwrap();
}

#[test]
fn rustls_accepts_clients_and_servers_each_for_its_own_purpose() {
    let authority = Authority::new("test CA").unwrap();
    let alice = authority.issue(&LeafRequest::client("alice")).unwrap();
    let server = authority.issue(&LeafRequest::server("localhost")).unwrap();
    let alice = CertificateDer::from(alice.certificate_der());
    let server = CertificateDer::from(server.certificate_der());
    let now = UnixTime::now();

    let mut roots = RootCertStore::empty();
    roots
        .add(CertificateDer::from(authority.certificate_der().to_vec()))
        .unwrap();
    let roots = Arc::new(roots);
    let provider = Arc::new(default_provider());

    let of_clients = WebPkiClientVerifier::builder_with_provider(roots.clone(), provider.clone())
        .build()
        .unwrap();
    assert!(of_clients.verify_client_cert(&alice, &[], now).is_ok());
    assert!(of_clients.verify_client_cert(&server, &[], now).is_err());

    let of_servers = WebPkiServerVerifier::builder_with_provider(roots, provider)
        .build()
        .unwrap();
    let accepts = |leaf: &CertificateDer<'_>, host| {
        let host = ServerName::try_from(host).unwrap();
        of_servers
            .verify_server_cert(leaf, &[], &host, &[], now)
            .is_ok()
    };
    assert!(["localhost", "127.0.0.1", "::1"].map(|host| accepts(&server, host)) == [true; 3]);
    assert!(!accepts(&server, "example.com"));
    assert!(!accepts(&alice, "localhost"));
}

fn extension<'a, T>(certificate: &'a x509_cert::TbsCertificate) -> (bool, T)
where
    T: x509_cert::der::Decode<'a, Error = x509_cert::der::Error>
        + x509_cert::der::oid::AssociatedOid,
{
    certificate.get_extension().unwrap().unwrap()
}

fn validity(request: &LeafRequest) -> (u64, u64) {
    let certificate = parse(issue(request).certificate_der());
    let validity = certificate.validity();
    (
        validity.not_before.to_unix_duration().as_secs(),
        validity.not_after.to_unix_duration().as_secs(),
    )
}

fn alt_names(request: &LeafRequest) -> Vec<String> {
    let certificate = parse(issue(request).certificate_der());
    extension::<SubjectAltName>(&certificate)
        .1
        .0
        .iter()
        .map(|name| match name {
            GeneralName::DnsName(name) => format!("dns {name}"),
            GeneralName::Rfc822Name(address) => format!("email {address}"),
            GeneralName::UniformResourceIdentifier(uri) => format!("uri {uri}"),
            GeneralName::IpAddress(address) => format!("ip {:?}", address.as_bytes()),
            other => panic!("{other:?}"),
        })
        .collect()
}

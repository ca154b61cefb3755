//! The inputs under `tests/cases`, each with what is right.

use std::fs;
use std::path::{Path, PathBuf};

use base64ct::{Base64, Encoding};
use certsession_core::RevocationStatus::{Good, Revoked};
use certsession_core::{
    CaCertificate, CertificateError, CrlError, CrlReport, CrlVerifier, PeerCertificate, PeerState,
    RevocationList, RevocationStatus, Timestamp,
};

use crate::der::{Ca, name};

/// 2026-06-01: all of them are valid.
const NOW: Timestamp = Timestamp::from_millis(1_780_272_000_000);

fn read(path: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let path: PathBuf = folder.join(path);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// The one block of a PEM file.
fn pem(path: &str) -> Vec<u8> {
    let text = String::from_utf8(read(path)).unwrap();
    let lines = text.lines().filter(|line| !line.contains("-----"));
    let text: String = lines.map(str::trim).collect();
    Base64::decode_vec(&text).unwrap()
}

/// What comes of these lists, one file after the other, under one CA.
struct Case {
    list: RevocationList,
    cas: [CaCertificate; 1],
}

impl Case {
    fn of(ca: &str) -> Self {
        Self {
            list: RevocationList::new(),
            cas: [CaCertificate::from_der(&pem(ca)).unwrap()],
        }
    }

    fn load(&self, lists: &[&str]) -> CrlReport {
        let lists: Vec<_> = lists.iter().map(|path| read(path)).collect();
        self.list
            .load("file", &lists, &CrlVerifier::new(&self.cas), NOW)
    }

    /// Of a certificate that the CA has issued.
    fn status(&self, serial: u8) -> RevocationStatus {
        let ca = Ca {
            name: name(0x0c, "Corpora CA"),
            ..Ca::named("Corpora CA")
        };
        self.list.status(&ca.leaf(&[serial]), NOW)
    }
}

fn is_accepted(ca: &str, list: &str) {
    let case = Case::of(ca);
    let report = case.load(&[list]);
    assert_eq!(report.problems(), [], "{list}");
    assert_eq!(case.status(5), Revoked, "{list}");
    assert_eq!(case.status(6), Good, "{list}");
}

fn refusal(ca: &str, list: &str) -> CrlError {
    let report = Case::of(ca).load(&[list]);
    assert_eq!(report.in_force(), 0, "{list}");
    report.problems()[0].error().clone()
}

#[test]
fn lists_that_a_ca_may_well_issue_are_accepted() {
    for list in [
        "plain",
        "aki-critical",
        "reason-critical",
        "issuer-printable",
    ] {
        is_accepted("crls/ca.pem", &format!("crls/{list}.crl"));
    }
    is_accepted("crls/alg-rsa-pss.ca.pem", "crls/alg-rsa-pss.crl");
}

#[test]
fn p8_a_list_of_another_scope_lifts_nothing() {
    for (other, error) in [
        ("idp-cacerts", Some(CrlError::NotForClients { what: "CA" })),
        (
            "idp-attributecerts",
            Some(CrlError::NotForClients { what: "attribute" }),
        ),
        ("idp-somereasons", None),
        ("delta-noncritical", Some(CrlError::Delta)),
        ("two-shards-1", None),
    ] {
        let case = Case::of("crls/ca.pem");
        case.load(&["crls/plain.crl"]);
        let report = case.load(&[&format!("crls/{other}.crl")]);
        assert_eq!(case.status(5), Revoked, "{other}");
        assert!(!report.problems().is_empty(), "{other}");
        if let Some(error) = error {
            let problems = report.problems();
            assert!(
                problems.iter().any(|problem| *problem.error() == error),
                "{other}"
            );
        }
    }
}

#[test]
fn p8_a_shard_alone_releases_nothing_of_the_other() {
    let case = Case::of("crls/ca.pem");
    case.load(&["crls/two-shards-0.crl", "crls/two-shards-1.crl"]);
    assert_eq!((case.status(5), case.status(7)), (Revoked, Revoked));
    let report = case.load(&["crls/two-shards-0.crl"]);
    assert!(matches!(
        report.problems()[0].error(),
        CrlError::PartMissing { .. }
    ));
    assert_eq!((case.status(5), case.status(7)), (Revoked, Revoked));
}

#[test]
fn a_signature_that_only_openssl_verifies_is_refused_by_its_name() {
    let error = refusal("crls/alg-p521-sha512.ca.pem", "crls/alg-p521-sha512.crl");
    let algorithm = "1.2.840.10045.4.3.4".into();
    assert_eq!(error, CrlError::UnsupportedSignature { algorithm });
}

#[test]
fn one_odd_name_spoils_no_certificate() {
    for file in ["san-mail-empty", "san-mail-umlaut-utf8"] {
        let der = pem(&format!("client-certificates/{file}.pem"));
        let state = PeerState::from_leaf(Some(&der));
        let certificate = state.certificate().unwrap();
        assert_eq!(certificate.email_addresses().count(), 0);
        assert_eq!(certificate.subject(), format!("CN={file}"));
    }
}

#[test]
fn an_attribute_type_with_a_long_arc_is_shown_with_dots() {
    let der = pem("client-certificates/subject-oid-2.25-uuid.pem");
    let certificate = PeerCertificate::from_der(&der).unwrap();
    assert_eq!(
        certificate.subject(),
        "2.25.329800735698586629295641978511506172918=v,CN=x"
    );
}

#[test]
fn a_certificate_for_encryption_alone_is_rejected_with_the_reason() {
    let der = pem("client-certificates/ku-keyencipherment-only.pem");
    let PeerState::Rejected(error) = PeerState::from_leaf(Some(&der)) else {
        panic!("it was let in");
    };
    let expected = "key usage (keyEncipherment) allows neither digitalSignature nor keyAgreement";
    assert!(error.to_string().contains(expected), "{error}");
    let named = "serial 0401, subject CN=ku-keyencipherment-only)";
    assert!(error.to_string().ends_with(named), "{error}");
    assert!(
        error
            .certificate()
            .is_some_and(|rejected| rejected.cause() == error.cause())
    );
    let certificate = PeerCertificate::from_der(&der).unwrap();
    assert!(matches!(
        certificate.check_key_usage(),
        Err(CertificateError::NotForAuthentication { .. })
    ));
}

#[test]
fn a_ca_that_is_odd_is_read() {
    for (file, subject) in [
        ("bc-true-is-01", "CN=Odd CA bc-true-is-01"),
        ("notbefore-1969", "CN=Odd CA notbefore-1969"),
        (
            "name-oid-2.25-uuid",
            "2.25.329800735698586629295641978511506172918=v,CN=x",
        ),
    ] {
        let ca = CaCertificate::from_der(&pem(&format!("client-cas/{file}.ca.pem"))).unwrap();
        assert!(
            ca.is_ca() && ca.may_sign_certificates() && ca.may_sign_lists(),
            "{file}"
        );
        assert_eq!(ca.subject(), subject);
        let leaf = PeerCertificate::from_der(&pem(&format!("client-cas/{file}.pem"))).unwrap();
        assert_eq!(leaf.issuer_hash(), ca.name_hash());
    }
}

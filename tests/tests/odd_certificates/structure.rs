//! Odd structure: old versions, sizes, missing parts.

use certs_dev::Authority;
use certsession_tests::odd::{OddCertificate, UNKNOWN_EXTENSION, element, tag};
use certsession_tests::{Client, Plan, Stack, promises};

use crate::verdict::Verdict::{Admitted, RefusedByTls, RefusedByUs};
use crate::verdict::{Verdicts, assert_refused_by_tls, assert_verdict};

promises![
    version_1_is_admitted_by_openssl_alone,
    version_1_with_extensions_is_refused,
    a_certificate_without_extended_key_usage_is_admitted,
    a_leaf_of_60_kilobytes_is_admitted,
    a_leaf_of_90_kilobytes_is_admitted_by_openssl_alone,
    unique_ids_are_admitted_by_openssl_alone,
    a_date_without_seconds_is_refused,
    a_date_before_1970_is_admitted_by_openssl_alone,
    a_certificate_without_an_end_is_admitted,
    bytes_that_are_not_a_certificate_are_refused,
    a_ber_structure_is_refused_by_rustls_and_reencoded_by_openssl,
];

const PLAIN: crate::verdict::Verdict = Admitted("01", "CN=odd");

async fn version_1_is_admitted_by_openssl_alone(plan: Plan) {
    let verdicts = Verdicts {
        rustls: RefusedByTls,
        openssl: PLAIN,
    };
    let odd = |ca: &Authority| {
        OddCertificate::by(ca)
            .version_1()
            .without_extensions()
            .issue()
    };
    assert_verdict(plan, odd, verdicts).await;
}

async fn version_1_with_extensions_is_refused(plan: Plan) {
    let verdicts = Verdicts {
        rustls: RefusedByTls,
        openssl: RefusedByUs,
    };
    let odd = |ca: &Authority| OddCertificate::by(ca).version_1().issue();
    assert_verdict(plan, odd, verdicts).await;
}

async fn a_certificate_without_extended_key_usage_is_admitted(plan: Plan) {
    let odd = |ca: &Authority| OddCertificate::by(ca).without_extensions().issue();
    assert_verdict(plan, odd, Verdicts::both(PLAIN)).await;
}

fn padded(length: usize) -> impl Fn(&Authority) -> Client {
    move |ca| {
        OddCertificate::by(ca)
            .extension(UNKNOWN_EXTENSION, vec![0; length])
            .issue()
    }
}

async fn a_leaf_of_60_kilobytes_is_admitted(plan: Plan) {
    assert_verdict(plan, padded(60_000), Verdicts::both(PLAIN)).await;
}

async fn a_leaf_of_90_kilobytes_is_admitted_by_openssl_alone(plan: Plan) {
    let verdicts = Verdicts {
        rustls: RefusedByTls,
        openssl: PLAIN,
    };
    assert_verdict(plan, padded(90_000), verdicts).await;
}

async fn unique_ids_are_admitted_by_openssl_alone(plan: Plan) {
    let verdicts = Verdicts {
        rustls: RefusedByTls,
        openssl: PLAIN,
    };
    let odd = |ca: &Authority| OddCertificate::by(ca).unique_ids().issue();
    assert_verdict(plan, odd, verdicts).await;
}

fn dated(not_before: Vec<u8>, not_after: Vec<u8>) -> impl Fn(&Authority) -> Client {
    move |ca| {
        let odd = OddCertificate::by(ca).validity(not_before.clone(), not_after.clone());
        odd.issue()
    }
}

async fn a_date_without_seconds_is_refused(plan: Plan) {
    let odd = dated(element(tag::UTC_TIME, "2001010000Z"), end_of_2049());
    assert_verdict(plan, odd, Verdicts::both(RefusedByTls)).await;
}

async fn a_date_before_1970_is_admitted_by_openssl_alone(plan: Plan) {
    let verdicts = Verdicts {
        rustls: RefusedByTls,
        openssl: PLAIN,
    };
    let odd = dated(element(tag::UTC_TIME, "500101000000Z"), end_of_2049());
    assert_verdict(plan, odd, verdicts).await;
}

async fn a_certificate_without_an_end_is_admitted(plan: Plan) {
    let odd = dated(
        element(tag::UTC_TIME, "200101000000Z"),
        element(tag::GENERALIZED_TIME, "99991231235959Z"),
    );
    assert_verdict(plan, odd, Verdicts::both(PLAIN)).await;
}

fn end_of_2049() -> Vec<u8> {
    element(tag::UTC_TIME, "491231235959Z")
}

async fn bytes_that_are_not_a_certificate_are_refused(plan: Plan) {
    let odd = |ca: &Authority| {
        let client = OddCertificate::by(ca).issue();
        client.presenting(b"junk")
    };
    assert_verdict(plan, odd, Verdicts::both(RefusedByTls)).await;
}

/// The same signed bytes in an outer structure that is BER and not DER. OpenSSL re-encodes the
/// structure, so the certificate has its usual fingerprint.
async fn a_ber_structure_is_refused_by_rustls_and_reencoded_by_openssl(plan: Plan) {
    let site = plan.start().await;
    let client = OddCertificate::by(site.certificates.authority()).issue();
    let der = client.der();
    assert_eq!(der[..2], [0x30, 0x82]);
    let not_der = client.presenting(&[&[0x30, 0x83, 0][..], &der[2..]].concat());
    if plan.stack() == Stack::Rustls {
        return assert_refused_by_tls(&site, &not_der).await;
    }
    let odd = site.browser_with(&not_der);
    odd.sign_in("odd", &[]).await;
    let session = odd.get("/session").await.json();
    let sha256 = client.certificate().fingerprint().to_string();
    assert_eq!(session["certificate"]["sha256"], sha256);
    let same = site.browser_with(&client);
    same.set_cookie(odd.cookie());
    assert_eq!(same.get("/me").await.status, 200);
}

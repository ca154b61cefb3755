//! Odd serial numbers.

use certs_dev::Authority;
use certsession_tests::odd::OddCertificate;
use certsession_tests::{Client, Plan, promises};

use crate::verdict::Verdict::{Admitted, RefusedByTls, RefusedByUs};
use crate::verdict::{Verdicts, assert_verdict};

promises![
    a_serial_of_zero_is_admitted,
    a_negative_serial_is_admitted,
    a_serial_of_20_bytes_is_admitted,
    a_serial_of_21_bytes_is_admitted,
    a_serial_with_the_leading_zero_that_der_requires_is_admitted,
    a_serial_with_superfluous_leading_zeros_is_admitted_by_rustls_alone,
    a_serial_without_bytes_is_refused,
    a_serial_of_65_bytes_is_refused,
];

fn serial(contents: &'static [u8]) -> impl Fn(&Authority) -> Client {
    move |authority| OddCertificate::by(authority).serial(contents).issue()
}

async fn a_serial_of_zero_is_admitted(plan: Plan) {
    let verdicts = Verdicts::both(Admitted("00", "CN=odd"));
    assert_verdict(plan, serial(&[0]), verdicts).await;
}

async fn a_negative_serial_is_admitted(plan: Plan) {
    let verdicts = Verdicts::both(Admitted("ff01", "CN=odd"));
    assert_verdict(plan, serial(&[0xff, 0x01]), verdicts).await;
}

async fn a_serial_of_20_bytes_is_admitted(plan: Plan) {
    let shown = "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f";
    let verdicts = Verdicts::both(Admitted(shown, "CN=odd"));
    assert_verdict(plan, serial(&[0x7f; 20]), verdicts).await;
}

async fn a_serial_of_21_bytes_is_admitted(plan: Plan) {
    let shown = "7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f7f";
    let verdicts = Verdicts::both(Admitted(shown, "CN=odd"));
    assert_verdict(plan, serial(&[0x7f; 21]), verdicts).await;
}

async fn a_serial_with_the_leading_zero_that_der_requires_is_admitted(plan: Plan) {
    let verdicts = Verdicts::both(Admitted("8f01", "CN=odd"));
    assert_verdict(plan, serial(&[0, 0x8f, 0x01]), verdicts).await;
}

async fn a_serial_with_superfluous_leading_zeros_is_admitted_by_rustls_alone(plan: Plan) {
    let verdicts = Verdicts {
        rustls: Admitted("01", "CN=odd"),
        openssl: RefusedByTls,
    };
    assert_verdict(plan, serial(&[0, 0, 1]), verdicts).await;
}

async fn a_serial_without_bytes_is_refused(plan: Plan) {
    let verdicts = Verdicts {
        rustls: RefusedByUs,
        openssl: RefusedByTls,
    };
    assert_verdict(plan, serial(&[]), verdicts).await;
}

async fn a_serial_of_65_bytes_is_refused(plan: Plan) {
    assert_verdict(plan, serial(&[0x7f; 65]), Verdicts::both(RefusedByUs)).await;
}

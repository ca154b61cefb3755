//! Odd names: misleading ones, and unreadable ones.

use certs_dev::Authority;
use certsession_tests::odd::{OddCertificate, tag};
use certsession_tests::{Client, Plan, promises};

use crate::verdict::Verdict::{Admitted, RefusedByTls, RefusedByUs};
use crate::verdict::{Verdicts, assert_verdict};

promises![
    a_nul_in_the_common_name_is_shown_escaped,
    a_common_name_that_is_not_utf8_is_shown_as_its_bytes_by_rustls_alone,
    a_comma_in_the_common_name_starts_no_second_part,
    html_in_the_common_name_stays_text,
    a_line_break_in_the_common_name_breaks_no_line,
    a_certificate_without_a_subject_is_admitted,
    two_spiffe_ids_are_refused,
    a_malformed_spiffe_id_spoils_only_itself,
    two_extensions_of_alternative_names_are_refused,
    a_nul_in_an_alternative_name_spoils_only_that_name,
];

fn named(kind: u8, text: &'static [u8]) -> impl Fn(&Authority) -> Client {
    move |authority| {
        OddCertificate::by(authority)
            .common_name(kind, text)
            .issue()
    }
}

async fn assert_shown(plan: Plan, kind: u8, text: &'static [u8], subject: &'static str) {
    let verdicts = Verdicts::both(Admitted("01", subject));
    assert_verdict(plan, named(kind, text), verdicts).await;
}

async fn a_nul_in_the_common_name_is_shown_escaped(plan: Plan) {
    assert_shown(plan, tag::UTF8_STRING, b"alice\0.evil", "CN=alice\\00.evil").await;
}

async fn a_common_name_that_is_not_utf8_is_shown_as_its_bytes_by_rustls_alone(plan: Plan) {
    let verdicts = Verdicts {
        rustls: Admitted("01", "CN=ali\\ffce\\c3"),
        openssl: RefusedByTls,
    };
    assert_verdict(plan, named(tag::UTF8_STRING, b"ali\xffce\xc3"), verdicts).await;
}

async fn a_comma_in_the_common_name_starts_no_second_part(plan: Plan) {
    assert_shown(plan, tag::UTF8_STRING, b"alice,O=Bank", "CN=alice\\,O=Bank").await;
}

async fn html_in_the_common_name_stays_text(plan: Plan) {
    let text = b"</code><script>alert(1)</script>";
    let shown = "CN=\\</code\\>\\<script\\>alert(1)\\</script\\>";
    assert_shown(plan, tag::UTF8_STRING, text, shown).await;
}

async fn a_line_break_in_the_common_name_breaks_no_line(plan: Plan) {
    assert_shown(
        plan,
        tag::PRINTABLE_STRING,
        b"alice\r\nSet-Cookie: a=b",
        "CN=alice\\0d\\0aSet-Cookie: a=b",
    )
    .await;
}

async fn a_certificate_without_a_subject_is_admitted(plan: Plan) {
    let nameless = |authority: &Authority| OddCertificate::by(authority).nameless().issue();
    assert_verdict(plan, nameless, Verdicts::both(Admitted("01", ""))).await;
}

type Names = &'static [(u8, &'static [u8])];

async fn assert_names(plan: Plan, extensions: &'static [Names], verdicts: Verdicts) {
    let named = |authority: &Authority| -> Client {
        let odd = OddCertificate::by(authority);
        extensions
            .iter()
            .fold(odd, |odd, names| odd.alt_names(names))
            .issue()
    };
    assert_verdict(plan, named, verdicts).await;
}

const REFUSED: Verdicts = Verdicts::both(RefusedByUs);
/// The certificate is admitted; the name identifies no one.
const ADMITTED: Verdicts = Verdicts::both(Admitted("01", "CN=odd"));

async fn two_spiffe_ids_are_refused(plan: Plan) {
    let names: &[Names] = &[&[
        (tag::URI, b"spiffe://example.org/a"),
        (tag::URI, b"spiffe://example.org/b"),
    ]];
    assert_names(plan, names, REFUSED).await;
}

async fn a_malformed_spiffe_id_spoils_only_itself(plan: Plan) {
    let names: &[Names] = &[&[(tag::URI, b"spiffe://example.org/../b")]];
    assert_names(plan, names, ADMITTED).await;
}

async fn two_extensions_of_alternative_names_are_refused(plan: Plan) {
    let names: &[Names] = &[
        &[(tag::URI, b"spiffe://example.org/a")],
        &[(tag::URI, b"spiffe://example.org/b")],
    ];
    assert_names(plan, names, Verdicts::both(RefusedByTls)).await;
}

async fn a_nul_in_an_alternative_name_spoils_only_that_name(plan: Plan) {
    let names: &[Names] = &[&[(tag::EMAIL, b"alice@example.org\0.evil")]];
    assert_names(plan, names, ADMITTED).await;
}

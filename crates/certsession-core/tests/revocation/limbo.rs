//! The cases of the public test suite x509-limbo that are about revocation lists, put together again
//! from its descriptions (`crl::*`, github.com/C2SP/x509-limbo, read in November 2026), with the
//! judgement where ours is another one.

use certsession_core::RevocationStatus;
use certsession_core::RevocationStatus::{Good, Revoked};
use certsession_core::{CaCertificate, CrlError, CrlVerifier, PeerCertificate, RevocationList};

use crate::der::{Ca, List, NOW, element, extension};

const CRL_NUMBER: u8 = 20;
const KEY_USAGE: u8 = 15;

/// keyCertSign, and keyCertSign with cRLSign (RFC 5280 section 4.2.1.3).
const CERT_SIGN: [u8; 2] = [2, 0x04];
const CERT_AND_CRL_SIGN: [u8; 2] = [1, 0x06];

fn numbered(list: List, is_critical: bool) -> List {
    list.extension(CRL_NUMBER, is_critical, element(0x02, [1]))
}

/// What becomes of this certificate, and of the list if it is not used.
fn judge(
    cas: &[CaCertificate],
    list: Vec<u8>,
    leaf: &PeerCertificate,
) -> (RevocationStatus, Option<CrlError>) {
    let revocations = RevocationList::new();
    let report = revocations.load("limbo", &[list], &CrlVerifier::new(cas), NOW);
    let error = report
        .problems()
        .first()
        .map(|problem| problem.error().clone());
    (revocations.status(leaf, NOW), error)
}

#[test]
fn revoked_certificate_with_crl() {
    let ca = Ca::named("root");
    let list = numbered(List::of(&[5]), false).signed_by(&ca);
    assert_eq!(judge(&[ca.ca()], list, &ca.leaf(&[5])), (Revoked, None));
}

#[test]
fn certificate_not_on_crl() {
    let ca = Ca::named("root");
    let list = numbered(List::of(&[6]), false).signed_by(&ca);
    assert_eq!(judge(&[ca.ca()], list, &ca.leaf(&[5])), (Good, None));
}

#[test]
fn certificate_serial_on_crl_different_issuer() {
    let (one, two) = (Ca::named("one"), Ca::named("two"));
    let list = numbered(List::of(&[5]), false).signed_by(&two);
    assert_eq!(
        judge(&[one.ca(), two.ca()], list, &one.leaf(&[5])),
        (Good, None)
    );
}

/// x509-limbo has the list fail, as RFC 5280 section 5.2.3 wants a CRL number. Ours counts: lists
/// without one exist, nothing here reads it, and what such a list revokes must stay revoked.
#[test]
fn crlnumber_missing() {
    let ca = Ca::named("root");
    let list = List::of(&[6]).signed_by(&ca);
    assert_eq!(
        judge(&[ca.ca()], list.clone(), &ca.leaf(&[5])),
        (Good, None)
    );
    assert_eq!(judge(&[ca.ca()], list, &ca.leaf(&[6])), (Revoked, None));
}

/// x509-limbo has the list fail, as the extension must not be critical. Ours counts, for the same
/// reason: that it is marked so does not change what it says.
#[test]
fn crlnumber_critical() {
    let ca = Ca::named("root");
    let list = numbered(List::of(&[6]), true).signed_by(&ca);
    assert_eq!(
        judge(&[ca.ca()], list.clone(), &ca.leaf(&[5])),
        (Good, None)
    );
    assert_eq!(judge(&[ca.ca()], list, &ca.leaf(&[6])), (Revoked, None));
}

/// The list is refused, and with it the start of a server that is configured with it.
#[test]
fn issuer_missing_crlsign() {
    let ca = Ca::named("root");
    let usage = extension(KEY_USAGE, true, element(0x03, CERT_SIGN));
    let list = numbered(List::of(&[6]), false).signed_by(&ca);
    let (_, error) = judge(&[ca.ca_with(vec![usage])], list, &ca.leaf(&[5]));
    assert_eq!(error, Some(CrlError::IssuerMayNotSign));
}

#[test]
fn issuer_no_keyusage_extension() {
    let ca = Ca::named("root");
    let list = numbered(List::of(&[6]), false).signed_by(&ca);
    assert_eq!(judge(&[ca.ca()], list, &ca.leaf(&[5])), (Good, None));
}

#[test]
fn issuer_valid_crlsign_and_keycertsign() {
    let ca = Ca::named("root");
    let usage = extension(KEY_USAGE, true, element(0x03, CERT_AND_CRL_SIGN));
    let list = numbered(List::of(&[6]), false).signed_by(&ca);
    let cas = [ca.ca_with(vec![usage])];
    assert_eq!(judge(&cas, list.clone(), &ca.leaf(&[5])), (Good, None));
    assert_eq!(judge(&cas, list, &ca.leaf(&[6])), (Revoked, None));
}

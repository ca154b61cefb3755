use std::time::Duration;

use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, RevokedCertParams, SerialNumber,
    SignatureAlgorithm, date_time_ymd,
};

use super::{Crl, CrlError, MAX_CRL_SIZE, OnOverdueCrl, Revocation, RevocationList};
use crate::certificate::{CaCertificate, PeerCertificate};
use crate::revocation::RevocationStatus::{Good, Revoked, Unknown};
use crate::time::Timestamp;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
/// 2030-01-01.
const NOW: Timestamp = Timestamp::from_millis(1_893_456_000_000);

struct Ca(CertifiedIssuer<'static, KeyPair>);

impl Ca {
    fn named(name: &str) -> Self {
        Self::of(
            name,
            KeyPair::generate().unwrap(),
            &[KeyUsagePurpose::CrlSign],
        )
    }

    fn of(name: &str, key: KeyPair, usages: &[KeyUsagePurpose]) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, name);
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = usages.to_vec();
        Self(CertifiedIssuer::self_signed(params, key).unwrap())
    }

    fn authority(&self) -> CaCertificate {
        CaCertificate::from_der(self.0.der()).unwrap()
    }

    fn issue(&self, serial: u64) -> PeerCertificate {
        let mut params = CertificateParams::default();
        params.serial_number = Some(SerialNumber::from(serial));
        let key = KeyPair::generate().unwrap();
        let der = params.signed_by(&key, &self.0).unwrap().der().to_vec();
        PeerCertificate::from_der(&der).unwrap()
    }

    /// A list that was made `age` days ago and is good for `days`.
    fn list_of(&self, serials: &[u64], age: i64, days: i64) -> Vec<u8> {
        let made = date_time_ymd(2030, 1, 1) - time(age);
        let params = CertificateRevocationListParams {
            this_update: made,
            next_update: made + time(days),
            crl_number: SerialNumber::from(1_u64),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(|serial| revoked(*serial)).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.0).unwrap().der().to_vec()
    }

    fn list(&self, serials: &[u64]) -> Vec<u8> {
        self.list_of(serials, 1, 7)
    }

    fn verify(&self, der: &[u8]) -> Result<Crl, CrlError> {
        Crl::verify(der, &[self.authority()], OnOverdueCrl::Refuse, NOW)
    }
}

fn revoked(serial: u64) -> RevokedCertParams {
    RevokedCertParams {
        serial_number: SerialNumber::from(serial),
        revocation_time: date_time_ymd(2029, 12, 31),
        reason_code: Some(rcgen::RevocationReason::KeyCompromise),
        invalidity_date: None,
    }
}

/// Of days, in the type that rcgen counts in.
fn time(days: i64) -> Duration {
    DAY * u32::try_from(days).unwrap()
}

#[test]
fn a_list_of_a_known_authority_names_its_certificates() {
    let ca = Ca::named("ca");
    let crl = ca.verify(&ca.list(&[1, 200])).unwrap();
    assert_eq!((crl.len(), crl.is_empty()), (2, false));
    let list = RevocationList::new();
    list.replace("file", vec![crl]).unwrap();
    assert_eq!(list.status(&ca.issue(1), NOW), Revoked);
    assert_eq!(list.status(&ca.issue(200), NOW), Revoked);
    assert_eq!(list.status(&ca.issue(2), NOW), Good);
    let other = Ca::named("another");
    assert_eq!(
        list.status(&other.issue(1), NOW),
        Good,
        "a serial is its issuer's"
    );
}

#[test]
fn lists_by_each_kind_of_key_are_verified() {
    let algorithms: [&SignatureAlgorithm; 3] = [
        &rcgen::PKCS_ECDSA_P256_SHA256,
        &rcgen::PKCS_ECDSA_P384_SHA384,
        &rcgen::PKCS_ED25519,
    ];
    for algorithm in algorithms {
        let key = KeyPair::generate_for(algorithm).unwrap();
        let ca = Ca::of("ca", key, &[KeyUsagePurpose::CrlSign]);
        assert_eq!(ca.verify(&ca.list(&[1])).unwrap().len(), 1);
    }
}

#[test]
fn a_list_with_one_bit_changed_is_refused() {
    let ca = Ca::named("ca");
    let der = ca.list(&[0x7777]);
    let place = der.windows(2).position(|two| two == [0x77, 0x77]).unwrap();
    let mut forged = der.clone();
    forged[place] ^= 1;
    assert_eq!(ca.verify(&forged).unwrap_err(), CrlError::BadSignature);
    assert!(ca.verify(&der).is_ok());
}

#[test]
fn a_list_by_another_key_of_the_same_name_is_refused() {
    let (ca, impostor) = (Ca::named("ca"), Ca::named("ca"));
    let forged = impostor.list(&[]);
    assert_eq!(ca.verify(&forged).unwrap_err(), CrlError::BadSignature);
    // Two keys of one authority, the old one and the new one, may both sign.
    let both = [ca.authority(), impostor.authority()];
    assert!(Crl::verify(&forged, &both, OnOverdueCrl::Refuse, NOW).is_ok());
}

#[test]
fn a_list_of_an_unknown_issuer_is_refused() {
    let (ca, other) = (Ca::named("ca"), Ca::named("other"));
    let list = other.list(&[1]);
    assert_eq!(ca.verify(&list).unwrap_err(), CrlError::UnknownIssuer);
}

#[test]
fn a_list_by_a_key_that_may_not_sign_lists_is_refused() {
    let key = KeyPair::generate().unwrap();
    let same = KeyPair::from_pem(&key.serialize_pem()).unwrap();
    let signer = Ca::of("ca", key, &[KeyUsagePurpose::CrlSign]);
    let certified = Ca::of("ca", same, &[KeyUsagePurpose::KeyCertSign]);
    let list = signer.list(&[1]);
    assert_eq!(
        certified.verify(&list).unwrap_err(),
        CrlError::IssuerMayNotSign
    );
}

#[test]
fn an_expired_list_is_refused_unless_the_policy_is_to_warn() {
    let ca = Ca::named("ca");
    let der = ca.list_of(&[1], 8, 7);
    assert!(matches!(ca.verify(&der), Err(CrlError::Expired { .. })));
    let warned = Crl::verify(&der, &[ca.authority()], OnOverdueCrl::Warn, NOW).unwrap();
    let list = RevocationList::on_overdue_crl(OnOverdueCrl::Warn);
    list.replace("file", vec![warned]).unwrap();
    assert_eq!(list.status(&ca.issue(1), NOW), Revoked);
    assert_eq!(list.status(&ca.issue(2), NOW), Good);
}

#[test]
fn a_list_from_the_future_is_refused() {
    let ca = Ca::named("ca");
    let der = ca.list_of(&[1], 0, 7);
    let before = Timestamp::from_millis(NOW.as_millis() - DAY.as_millis() as u64);
    let early = Crl::verify(&der, &[ca.authority()], OnOverdueCrl::Refuse, before);
    assert!(matches!(early, Err(CrlError::NotYetValid { .. })));
}

#[test]
fn a_list_that_is_cut_off_anywhere_is_refused() {
    let ca = Ca::named("ca");
    let der = ca.list(&[1, 2, 3]);
    for end in 0..der.len() {
        assert!(ca.verify(&der[..end]).is_err(), "{end}");
    }
    let longer = [&der[..], &[0]].concat();
    assert!(matches!(
        ca.verify(&longer),
        Err(CrlError::Malformed { .. })
    ));
}

#[test]
fn a_list_that_is_too_large_is_refused_before_it_is_read() {
    let ca = Ca::named("ca");
    let size = MAX_CRL_SIZE + 1;
    assert_eq!(
        ca.verify(&vec![0x30; size]).unwrap_err(),
        CrlError::TooLarge { size }
    );
}

#[test]
fn a_list_in_force_that_is_overdue_lets_nobody_of_its_issuer_in() {
    let (ca, other) = (Ca::named("ca"), Ca::named("other"));
    let list = RevocationList::new();
    list.replace("file", vec![ca.verify(&ca.list(&[1])).unwrap()])
        .unwrap();
    let later = NOW + 30 * DAY;
    assert_eq!(list.status(&ca.issue(2), later), Unknown);
    assert_eq!(list.status(&ca.issue(1), later), Revoked);
    assert_eq!(list.status(&other.issue(2), later), Good);
}

#[test]
fn a_new_list_replaces_the_one_before_it_and_an_older_one_does_not() {
    let ca = Ca::named("ca");
    let made = |serials: &[u64], age| ca.verify(&ca.list_of(serials, age, 7)).unwrap();
    let list = RevocationList::new();
    list.replace("file", vec![made(&[1], 2)]).unwrap();
    list.replace("file", vec![made(&[2], 1)]).unwrap();
    assert_eq!(list.status(&ca.issue(1), NOW), Good, "it was taken off");
    assert_eq!(list.status(&ca.issue(2), NOW), Revoked);
    let played_back = list.replace("file", vec![made(&[1], 2)]);
    assert_eq!(played_back, Err(CrlError::Older));
    assert_eq!(list.status(&ca.issue(2), NOW), Revoked);
}

#[test]
fn a_list_of_another_authority_cannot_push_one_out() {
    let (ca, other) = (Ca::named("ca"), Ca::named("other"));
    let list = RevocationList::new();
    list.replace("file", vec![ca.verify(&ca.list(&[1])).unwrap()])
        .unwrap();
    let theirs = other.verify(&other.list(&[])).unwrap();
    let next_update = NOW + 6 * DAY;
    assert_eq!(
        list.replace("file", vec![theirs.clone()]),
        Err(CrlError::IssuerMissing { next_update })
    );
    list.replace("another file", vec![theirs]).unwrap();
    assert_eq!(list.status(&ca.issue(1), NOW), Revoked);
}

#[test]
fn what_is_revoked_by_call_stays_so_whatever_lists_come() {
    let ca = Ca::named("ca");
    let (alice, bob) = (ca.issue(1), ca.issue(2));
    let list = RevocationList::new();
    list.revoke(Revocation::of_certificate(&alice));
    list.revoke(Revocation::of_key(&bob));
    list.replace("file", vec![ca.verify(&ca.list(&[])).unwrap()])
        .unwrap();
    assert_eq!(list.status(&alice, NOW), Revoked);
    assert_eq!(list.status(&bob, NOW), Revoked);
    assert_eq!(list.status(&ca.issue(3), NOW), Good);
    assert_eq!(list.len(), 2);
}

#[test]
fn of_several_lists_of_one_place_the_newest_counts() {
    let ca = Ca::named("ca");
    let made = |serials: &[u64], age| ca.verify(&ca.list_of(serials, age, 7)).unwrap();
    let list = RevocationList::new();
    list.replace("file", vec![made(&[1], 3), made(&[2], 2)])
        .unwrap();
    assert_eq!(list.status(&ca.issue(1), NOW), Good);
    assert_eq!(list.status(&ca.issue(2), NOW), Revoked);
    // Beside its successor an old list is no harm; without one it is.
    list.replace("file", vec![made(&[1], 4), made(&[3], 1)])
        .unwrap();
    assert_eq!(list.status(&ca.issue(3), NOW), Revoked);
    let older = list.replace("file", vec![made(&[1], 4), made(&[1], 2)]);
    assert_eq!(older, Err(CrlError::Older));
    assert_eq!(list.status(&ca.issue(3), NOW), Revoked);
    // Of two that cannot be put in order, both count.
    let twins = RevocationList::new();
    twins
        .replace("file", vec![made(&[1], 1), made(&[2], 1)])
        .unwrap();
    assert_eq!(twins.status(&ca.issue(1), NOW), Revoked);
    assert_eq!(twins.status(&ca.issue(2), NOW), Revoked);
}

#[test]
fn whichever_bit_is_wrong_the_list_is_refused() {
    let ca = Ca::named("ca");
    let sound = ca.list(&[1]);
    for bit in 0..8 * sound.len() {
        let mut der = sound.clone();
        der[bit / 8] ^= 1 << (bit % 8);
        assert!(ca.verify(&der).is_err(), "bit {bit}");
    }
}

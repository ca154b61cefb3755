use std::sync::LazyLock;

use proptest::prelude::*;
use rcgen::{KeyPair, SanType};

use crate::certificate::element::tag;
use crate::certificate::testing::*;
use crate::certificate::{Fingerprint, PeerCertificate};

static ISSUED: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let names = vec![
        SanType::DnsName("alice.example.org".try_into().unwrap()),
        SanType::URI("spiffe://example.org/alice".try_into().unwrap()),
    ];
    Ca::named("ca").issue("alice", names, &KeyPair::generate().unwrap())
});

/// Whatever comes in: no panic, and what is accepted can be shown and is known by all its bytes.
fn check(der: &[u8]) {
    match PeerCertificate::from_der(der) {
        Ok(certificate) => {
            assert_eq!(certificate.fingerprint(), &Fingerprint::of(der));
            assert_eq!(certificate.der(), der);
            assert!(!certificate.subject().contains(char::is_control));
            assert!(!certificate.serial().to_string().is_empty());
        }
        Err(error) => assert!(error.to_string().is_ascii(), "{error}"),
    }
}

proptest! {
    #[test]
    fn any_bytes_are_judged_without_a_panic(der in proptest::collection::vec(any::<u8>(), 0..512)) {
        check(&der);
    }

    #[test]
    fn any_bytes_within_the_frame_of_a_certificate_are_judged_without_a_panic(
        subject in proptest::collection::vec(any::<u8>(), 0..64),
        serial in proptest::collection::vec(any::<u8>(), 0..32),
        names in proptest::collection::vec(any::<u8>(), 0..64),
    ) {
        for tag in [tag::UTF8_STRING, tag::TELETEX_STRING, tag::BMP_STRING, 0x1c] {
            let name = rdn(&[(CN, tag, &subject)]);
            let certificate = HandMade::with_subject(&[name]).der();
            prop_assert!(PeerCertificate::from_der(&certificate).is_ok());
            check(&certificate);
        }
        check(&HandMade { subject: sequence(&[subject]), ..HandMade::default() }.der());
        check(&HandMade { validity: names.clone(), ..HandMade::default() }.der());
        check(&HandMade::with_serial(&serial).der());
        check(&HandMade::with_extensions(&[extension(SUBJECT_ALT_NAME, names)]).der());
    }

    #[test]
    fn a_certificate_that_was_tampered_with_is_judged_without_a_panic_and_known_for_another(
        at in any::<prop::sample::Index>(),
        flip in 1_u8..,
        more in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut der = ISSUED.clone();
        let at = at.index(der.len());
        der[at] ^= flip;
        prop_assert_ne!(Fingerprint::of(&der), Fingerprint::of(&ISSUED));
        check(&der);
        for (at, byte) in more {
            let at = at.index(der.len());
            der[at] = byte;
        }
        check(&der);
    }

    #[test]
    fn a_certificate_that_was_cut_off_is_refused(len in any::<prop::sample::Index>()) {
        let len = len.index(ISSUED.len());
        prop_assert!(PeerCertificate::from_der(&ISSUED[..len]).is_err());
    }
}

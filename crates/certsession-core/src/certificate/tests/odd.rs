use crate::certificate::element::tag;
use crate::certificate::testing::*;
use crate::certificate::*;
use crate::time::Timestamp;

fn malformed(certificate: &HandMade) -> &'static str {
    match certificate.parse() {
        Err(CertificateError::Malformed { what }) => what,
        other => panic!("{other:?}"),
    }
}

fn uri(text: &str) -> Vec<u8> {
    element(tag::primitive(6), text)
}

#[test]
fn odd_serial_numbers_are_accepted_as_they_stand() {
    for contents in [
        &[0x00][..],
        &[0xff],
        &[0x80, 0x01],
        &[0x00, 0x01],
        &[0x00, 0x00, 0x00, 0x8f],
        &[0x7f; 20],
        &[0x7f; 21],
        &[0xff; 21],
    ] {
        let certificate = HandMade::with_serial(contents).parse().unwrap();
        assert_eq!(certificate.serial().as_bytes(), contents);
    }
}

#[test]
fn a_serial_without_bytes_or_with_hundreds_of_them_is_refused() {
    assert_eq!(
        malformed(&HandMade::with_serial(&[])),
        "the serial number is empty"
    );
    assert_eq!(
        HandMade::with_serial(&[1; 300]).parse(),
        Err(CertificateError::SerialTooLong { len: 300 })
    );
}

#[test]
fn the_issuer_is_kept_as_it_stands_even_if_der_would_have_it_otherwise() {
    // A SET out of order, and a PrintableString that is none.
    let issuer = sequence(&[
        rdn(&[(O, tag::UTF8_STRING, b"b"), (CN, tag::UTF8_STRING, b"a")]),
        rdn(&[(CN, tag::PRINTABLE_STRING, b"\xff@")]),
    ]);
    let certificate = HandMade {
        issuer: issuer.clone(),
        ..HandMade::default()
    };
    assert_eq!(certificate.parse().unwrap().issuer_der(), issuer);
}

#[test]
fn a_certificate_of_version_1_is_accepted_without_extensions_and_refused_with() {
    let version_1 = |mut certificate: HandMade| {
        certificate.version.clear();
        certificate
    };
    let plain = version_1(HandMade::default()).parse().unwrap();
    assert_eq!(plain.uris().count(), 0);

    let extended = version_1(HandMade::with_alt_names(&[uri("spiffe://example.org/a")]));
    assert_eq!(
        malformed(&extended),
        "it has extensions but is not of version 3"
    );

    let version = element(tag::constructed(0), element(tag::INTEGER, [3]));
    assert_eq!(
        malformed(&HandMade {
            version,
            ..HandMade::default()
        }),
        "the version"
    );
}

#[test]
fn a_certificate_without_a_subject_and_without_any_key_usage_is_accepted() {
    let certificate = HandMade::with_subject(&[]).parse().unwrap();
    assert_eq!(certificate.subject(), "");
    assert_eq!(certificate.serial().to_string(), "01");
}

#[test]
fn unique_ids_and_unknown_critical_extensions_are_the_tls_verifiers_to_judge() {
    let critical = sequence(&[
        element(tag::OBJECT_IDENTIFIER, UNKNOWN_EXTENSION),
        element(tag::BOOLEAN, [0xff]),
        element(tag::OCTET_STRING, b"not even DER"),
    ]);
    let extensions = sequence(&[critical.clone(), critical]);
    let tail = [
        element(tag::primitive(1), [0, 1]),
        element(tag::primitive(2), [0, 2]),
        element(tag::constructed(3), extensions),
    ];
    let certificate = HandMade {
        tail: tail.concat(),
        ..HandMade::default()
    };
    assert!(certificate.parse().is_ok());
}

#[test]
fn a_leaf_of_60_kilobytes_is_accepted_and_one_above_the_limit_refused() {
    let padded =
        |len| HandMade::with_extensions(&[extension(UNKNOWN_EXTENSION, vec![0; len])]).der();
    assert!(PeerCertificate::from_der(&padded(60_000)).is_ok());

    let frame = padded(MAX_CERTIFICATE_SIZE).len() - MAX_CERTIFICATE_SIZE;
    let largest = padded(MAX_CERTIFICATE_SIZE - frame);
    assert_eq!(largest.len(), MAX_CERTIFICATE_SIZE);
    assert!(PeerCertificate::from_der(&largest).is_ok());
    let too_large = padded(MAX_CERTIFICATE_SIZE - frame + 1);
    let size = MAX_CERTIFICATE_SIZE + 1;
    assert_eq!(
        PeerCertificate::from_der(&too_large),
        Err(CertificateError::TooLarge { size })
    );
}

#[test]
fn what_is_rejected_is_named_as_far_as_it_can_be_read() {
    let names = [uri("spiffe://a/b"), uri("spiffe://a/c")];
    let der = HandMade::with_alt_names(&names).der();
    let PeerState::Rejected(error) = PeerState::from_leaf(Some(&der)) else {
        panic!("it has two SPIFFE ids");
    };
    assert_eq!(
        error.cause(),
        &CertificateError::SeveralSpiffeIds { count: 2 }
    );
    let rejected = error.certificate().unwrap();
    assert_eq!(rejected.fingerprint(), &Fingerprint::of(&der));
    assert_eq!(rejected.serial(), Some(&SerialNumber::from_bytes(&[1])));
    assert_eq!(rejected.subject(), Some("CN=hand"));

    let PeerState::Rejected(error) = PeerState::from_leaf(Some(b"no certificate")) else {
        panic!("it is none");
    };
    let rejected = error.certificate().unwrap();
    assert_eq!((rejected.serial(), rejected.subject()), (None, None));
}

#[test]
fn two_alternative_name_extensions_are_refused() {
    let names = |name| extension(SUBJECT_ALT_NAME, sequence(&[uri(name)]));
    let certificate = HandMade::with_extensions(&[names("a:a"), names("b:b")]);
    assert_eq!(
        certificate.parse(),
        Err(CertificateError::DuplicateSubjectAltName)
    );
}

#[test]
fn alternative_names_of_other_kinds_are_passed_over() {
    let certificate = HandMade::with_alt_names(&[
        element(tag::constructed(0), b"other name"),
        element(tag::constructed(3), b"x400 address"),
        element(tag::constructed(4), b"directory name"),
        element(tag::primitive(7), [1, 2, 3]),
        element(tag::primitive(8), [0x2a]),
        element(tag::primitive(17), b"of a later standard"),
        uri("https://example.org"),
    ]);
    assert!(
        certificate
            .parse()
            .unwrap()
            .uris()
            .eq(["https://example.org"])
    );
    assert!(HandMade::with_alt_names(&[]).parse().is_ok());
}

#[test]
fn a_name_that_is_odd_identifies_no_one_and_spoils_nothing() {
    for name in [
        &b""[..],
        b"example.org\0.example.com",
        b"line\nbreak",
        b"trailing@example.org\n",
        b"\xff",
        "straße.example".as_bytes(),
        "\u{202e}".as_bytes(),
    ] {
        for (kind, identity) in [
            (1, IdentityName::EmailAddress),
            (2, IdentityName::DnsName),
            (6, IdentityName::Uri),
        ] {
            let odd = element(tag::primitive(kind), name);
            let sound = element(tag::primitive(kind), "a");
            let find = |names: &[Vec<u8>]| {
                let certificate = HandMade::with_alt_names(names).parse().unwrap();
                identity.find(&certificate)
            };
            assert_eq!(find(std::slice::from_ref(&odd)), None);
            // Beside it, a sound name is no longer the only one.
            assert_eq!(find(&[odd, sound.clone()]), None);
            assert!(find(&[sound]).is_some());
        }
    }
}

#[test]
fn a_name_in_pieces_hides_no_second_spiffe_id() {
    let in_pieces = element(
        tag::constructed(6),
        element(tag::IA5_STRING, "spiffe://a/b"),
    );
    let certificate = HandMade::with_alt_names(&[in_pieces, uri("spiffe://a/c")]);
    let certificate = certificate.parse().unwrap();
    assert_eq!(certificate.spiffe_id(), None);
    assert_eq!(IdentityName::SpiffeId.find(&certificate), None);
}

#[test]
fn alternative_names_that_are_no_list_of_names_are_refused() {
    let universal = element(tag::UTF8_STRING, "name");
    assert_eq!(
        malformed(&HandMade::with_alt_names(&[universal])),
        "a subject alternative name"
    );
    let trailing = [sequence(&[uri("a:b")]), vec![0]].concat();
    let certificate = HandMade::with_extensions(&[extension(SUBJECT_ALT_NAME, trailing)]);
    assert_eq!(malformed(&certificate), "a subject alternative name");
}

#[test]
fn a_key_that_may_not_authenticate_is_rejected_with_the_reason() {
    let of = |bits: &[u8]| {
        let usage = extension(KEY_USAGE, element(tag::BIT_STRING, bits));
        HandMade::with_extensions(&[usage]).der()
    };
    for allowed in [[7, 0x80], [3, 0x08], [0, 0xff]] {
        let state = PeerState::from_leaf(Some(&of(&allowed)));
        assert!(state.certificate().is_some());
    }
    for (refused, names) in [
        ([5, 0x20], "keyEncipherment"),
        ([6, 0x40], "nonRepudiation"),
        ([5, 0x60], "nonRepudiation, keyEncipherment"),
        ([0, 0x00], "nothing"),
    ] {
        let PeerState::Rejected(error) = PeerState::from_leaf(Some(&of(&refused))) else {
            panic!("{names} was let in");
        };
        assert!(error.to_string().contains(&format!("({names})")), "{error}");
    }
    let usage = extension(KEY_USAGE, element(tag::BIT_STRING, [7, 0x80]));
    let twice = HandMade::with_extensions(&[usage.clone(), usage]);
    assert_eq!(malformed(&twice), "it has an extension twice");
}

#[test]
fn dates_before_1970_and_at_the_end_of_time_are_accepted() {
    let validity = sequence(&[
        element(tag::UTC_TIME, "500101000000Z"),
        element(tag::GENERALIZED_TIME, "99991231235959Z"),
    ]);
    let certificate = HandMade {
        validity,
        ..HandMade::default()
    }
    .parse()
    .unwrap();
    assert_eq!(certificate.not_before(), Timestamp::from_millis(0));
    assert_eq!(
        certificate.not_after(),
        Timestamp::from_millis(253_402_300_799_000)
    );
}

#[test]
fn dates_that_are_none_are_refused_by_name() {
    let good = element(tag::UTC_TIME, "250101000000Z");
    let bad = element(tag::UTC_TIME, "250132000000Z");
    for (dates, what) in [
        ([bad.clone(), good.clone()], "the date notBefore"),
        ([good.clone(), bad], "the date notAfter"),
    ] {
        let validity = sequence(&dates);
        assert_eq!(
            malformed(&HandMade {
                validity,
                ..HandMade::default()
            }),
            what
        );
    }
    let validity = sequence(&[good]);
    assert_eq!(
        malformed(&HandMade {
            validity,
            ..HandMade::default()
        }),
        "the validity"
    );
}

#[test]
fn a_field_too_many_is_refused_wherever_it_stands() {
    let tail = element(tag::OCTET_STRING, []);
    let certificate = HandMade {
        tail,
        ..HandMade::default()
    };
    assert_eq!(malformed(&certificate), "something follows the extensions");

    let extension = [extension(UNKNOWN_EXTENSION, []), vec![0]].concat();
    assert_eq!(
        malformed(&HandMade::with_extensions(&[extension])),
        "the extensions"
    );
}

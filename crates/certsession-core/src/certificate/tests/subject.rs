use crate::certificate::element::tag;
use crate::certificate::testing::*;

/// What is shown of a subject with these parts.
fn shown(parts: &[Vec<u8>]) -> String {
    HandMade::with_subject(parts)
        .parse()
        .unwrap()
        .subject()
        .to_owned()
}

/// What is shown of a CN of this type.
fn shown_cn(tag: u8, value: &[u8]) -> String {
    let subject = shown(&[rdn(&[(CN, tag, value)])]);
    subject.strip_prefix("CN=").unwrap().to_owned()
}

#[test]
fn a_subject_is_written_as_rfc_4514_has_it() {
    assert_eq!(shown(&[]), "");
    let country = rdn(&[(&[0x55, 4, 6], tag::PRINTABLE_STRING, b"CH")]);
    let several = rdn(&[
        (CN, tag::UTF8_STRING, b"alice"),
        (O, tag::UTF8_STRING, b"Example"),
    ]);
    assert_eq!(shown(&[country, several]), "CN=alice+O=Example,C=CH");
    let unknown = rdn(&[(&[0x2a, 0x03, 0x04], tag::IA5_STRING, b"x")]);
    assert_eq!(shown(&[unknown]), "1.2.3.4=x");
}

#[test]
fn what_has_a_meaning_in_a_name_is_escaped() {
    for (value, expected) in [
        ("a,b", "a\\,b"),
        ("a+b;c", "a\\+b\\;c"),
        ("<b>\"\\", "\\<b\\>\\\"\\\\"),
        (" a b ", "\\ a b\\ "),
        ("#a#", "\\#a#"),
        ("", ""),
        ("a=b", "a=b"),
    ] {
        assert_eq!(shown_cn(tag::UTF8_STRING, value.as_bytes()), expected);
    }
}

#[test]
fn what_could_deceive_a_reader_is_shown_as_hexadecimal() {
    for (value, expected) in [
        (&b"a\0b"[..], "a\\00b"),
        (b"a\r\nb\x1b[2J\x7f", "a\\0d\\0ab\\1b[2J\\7f"),
        (b"a\xff\xfeb\xc3", "a\\ff\\feb\\c3"),
        ("a\u{202e}b".as_bytes(), "a\\e2\\80\\aeb"),
        (
            "a\u{200b}\u{2066}\u{feff}b".as_bytes(),
            "a\\e2\\80\\8b\\e2\\81\\a6\\ef\\bb\\bfb",
        ),
        (
            "a\u{85}\u{2028}\u{a0}b".as_bytes(),
            "a\\c2\\85\\e2\\80\\a8\\c2\\a0b",
        ),
        ("a\u{e0041}b".as_bytes(), "a\\f3\\a0\\81\\81b"),
    ] {
        for tag in [tag::UTF8_STRING, tag::PRINTABLE_STRING, tag::IA5_STRING] {
            assert_eq!(shown_cn(tag, value), expected);
        }
    }
}

#[test]
fn names_in_all_languages_are_shown_as_they_are() {
    for name in [
        "Müller",
        "Mu\u{308}ller",
        "山田太郎",
        "Иван",
        "שרה",
        "हिन्दी",
        "Zoë 😀",
    ] {
        assert_eq!(shown_cn(tag::UTF8_STRING, name.as_bytes()), name);
    }
}

#[test]
fn strings_of_former_times_are_read_and_others_shown_as_der() {
    assert_eq!(shown_cn(tag::TELETEX_STRING, b"M\xfcller"), "Müller");
    assert_eq!(shown_cn(tag::BMP_STRING, b"\0M\0\xfc"), "Mü");
    assert_eq!(shown_cn(tag::BMP_STRING, b"\xd8\x00"), "\u{fffd}");
    assert_eq!(shown_cn(tag::BMP_STRING, b"\0M\0"), "#1e03004d00");
    // UniversalString.
    assert_eq!(shown_cn(0x1c, b"\0\0\0M"), "#1c040000004d");
}

#[test]
fn a_long_subject_is_cut_off_between_two_characters() {
    let long = shown_cn(tag::UTF8_STRING, "ü".repeat(30_000).as_bytes());
    assert!(long.ends_with("ü…") && long.len() <= 515, "{long}");
    let long = shown_cn(0x1c, &[0; 60_000]);
    assert!(long.ends_with("0…") && long.len() <= 515, "{long}");

    let parts: Vec<_> = (0..5_000)
        .map(|_| rdn(&[(O, tag::UTF8_STRING, b"part")]))
        .chain([rdn(&[(CN, tag::UTF8_STRING, b"alice")])])
        .collect();
    let long = shown(&parts);
    assert!(
        long.starts_with("CN=alice,O=part,") && long.len() <= 515,
        "{long}"
    );
}

#[test]
fn a_subject_that_is_no_name_is_shown_as_der() {
    for part in [
        sequence(&[element(tag::OBJECT_IDENTIFIER, CN)]),
        element(tag::SET, sequence(&[element(tag::OBJECT_IDENTIFIER, CN)])),
    ] {
        assert!(shown(&[part]).starts_with("#30"));
    }
}

#[test]
fn an_attribute_type_that_is_none_or_has_no_end_is_shown_as_der() {
    assert_eq!(shown(&[rdn(&[(&[], tag::UTF8_STRING, b"x")])]), "#0600=x");
    let cut_off = rdn(&[(&[0x80], tag::UTF8_STRING, b"x")]);
    assert_eq!(shown(&[cut_off]), "#060180=x");
    let long = shown(&[rdn(&[(&[1; 200], tag::UTF8_STRING, b"x")])]);
    assert!(long.starts_with("#0681c801"), "{long}");
}

use super::*;
use crate::test_util::SampleRecord;

const HEX: &str = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1eff";

fn bytes() -> [u8; 32] {
    std::array::from_fn(|n| match n {
        31 => 0xff,
        n => u8::try_from(n).unwrap(),
    })
}

fn key(name: &str, first: u8) -> ApplicationKey {
    let mut bytes = bytes();
    bytes[0] = first;
    ApplicationKey::new(name, &bytes).unwrap()
}

fn problem(result: Result<ApplicationKey, ApplicationKeyError>) -> String {
    result.unwrap_err().to_string()
}

#[test]
fn a_key_is_read_from_each_of_its_texts() {
    let url_safe = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHv8=";
    let texts = [
        HEX.to_owned(),
        HEX.to_uppercase(),
        format!(" {HEX}\r\n"),
        url_safe.to_owned(),
        url_safe.trim_end_matches('=').to_owned(),
        Base64::encode_string(&bytes()),
        Base64Unpadded::encode_string(&bytes()),
    ];
    for text in texts {
        let key = ApplicationKey::from_text("k", &text).unwrap();
        assert_eq!(key.secret, bytes(), "{text}");
    }
    // Both alphabets, with the characters in which they differ.
    let mut odd = bytes();
    odd[..3].copy_from_slice(&[0xfb, 0xff, 0xfe]);
    for text in [Base64::encode_string(&odd), Base64Url::encode_string(&odd)] {
        assert_eq!(ApplicationKey::from_text("k", &text).unwrap().secret, odd);
    }
}

#[test]
fn what_is_no_key_is_an_error_that_says_why_and_not_what() {
    let short = ApplicationKey::new("k", &bytes()[1..]);
    assert!(problem(short).contains("has 31 bytes"));
    assert!(problem(ApplicationKey::new("k", &[0; 32])).contains("random"));
    let empty = ApplicationKey::from_text("k", &"00".repeat(32));
    assert!(problem(empty).contains("random"));
    assert!(problem(ApplicationKey::new("", &bytes())).contains("name"));
    assert!(problem(ApplicationKey::new("a b", &bytes())).contains("name"));
    for (text, says) in [
        (String::new(), "has 0 characters"),
        (HEX[1..].to_owned(), "has 63 characters"),
        (HEX.replace('f', "g"), "hexadecimal"),
        (HEX.replace("1e", " e"), "hexadecimal"),
        ("é".repeat(32), "hexadecimal"),
        // 33 bytes, which have no padding.
        (Base64::encode_string(&[7; 33]), "has 33 bytes"),
        ("!".repeat(44), "base64"),
        ("A".repeat(42) + "B", "base64"),
    ] {
        let problem = problem(ApplicationKey::from_text("k", &text));
        assert!(problem.contains(says), "{text:?}: {problem}");
        assert!(text.is_empty() || !problem.contains(&text), "{problem}");
    }
}

#[test]
fn a_key_is_read_from_a_file_and_an_error_names_the_file() {
    let folder = std::env::temp_dir().join(format!("certsession-key-{}", std::process::id()));
    fs::create_dir_all(&folder).unwrap();
    let path = folder.join("key");
    fs::write(&path, format!("{HEX}\n")).unwrap();
    let key = ApplicationKey::from_file("k", &path).unwrap();
    assert_eq!(key.secret, bytes());
    fs::write(&path, bytes()).unwrap();
    let problem = problem(ApplicationKey::from_file("k", &path));
    assert!(problem.contains(path.to_str().unwrap()), "{problem}");
    fs::remove_dir_all(&folder).unwrap();
    assert!(matches!(
        ApplicationKey::from_file("k", &path),
        Err(ApplicationKeyError::File { .. })
    ));
}

#[test]
fn p7_a_key_shows_its_name_alone() {
    let keys = ApplicationKeys::new(key("new", 1));
    let keys = keys.with_older(key("old", 2)).unwrap();
    let expected = "ApplicationKeys { current: ApplicationKey(\"new\", ..), \
                    older: [ApplicationKey(\"old\", ..)] }";
    assert_eq!(format!("{keys:?}"), expected);
}

#[test]
fn a_name_stands_for_one_key() {
    let keys = ApplicationKeys::new(key("a", 1));
    let keys = keys.with_older(key("b", 2)).unwrap();
    for name in ["a", "b"] {
        let again = keys.clone().with_older(key(name, 3));
        assert!(matches!(again, Err(ApplicationKeyError::Duplicate { .. })));
    }
}

#[test]
fn a_record_is_decrypted_by_its_own_key_alone_and_only_as_a_whole() {
    let (old, new) = (key("old", 1), key("new", 2));
    let keys = ApplicationKeys::new(old.clone());
    let sample = SampleRecord::new(1).insert("cart", "[7]");
    let plain = sample.clone().build();
    let sample = sample.insert("name", "\"Zoë\"").encrypt_with(&keys);
    let record = sample.clone().build();
    assert_ne!(record.data().get("cart"), Some(&b"[7]"[..]));

    let rotated = ApplicationKeys::new(new.clone()).with_older(old).unwrap();
    for keys in [&keys, &rotated] {
        let values = keys.decrypt(&record).unwrap();
        let values: Vec<_> = values.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(values, [("cart", "[7]"), ("name", "\"Zoë\"")]);
        assert_eq!(keys.decrypt(&plain).unwrap()["cart"], "[7]");
    }

    let name = "old".to_owned();
    let other = ApplicationKeys::new(key("old", 3));
    let unknown = ApplicationKeys::new(new);
    let failure = |keys: &ApplicationKeys, record: &Record| keys.decrypt(record).unwrap_err();
    assert_eq!(
        failure(&unknown, &record),
        DecryptError::UnknownKey { name: name.clone() }
    );
    assert_eq!(failure(&other, &record), DecryptError::OtherKey { name });
    let tampered = sample.insert("name", "\"Eve\"").build();
    let key = "name".to_owned();
    assert_eq!(failure(&keys, &tampered), DecryptError::Value { key });
}

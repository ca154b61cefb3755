use super::*;
use crate::details::{Details, Device, Elevation, MOST_NAMES, SignInDetails};
use crate::lifetimes::Lifetimes;
use crate::names::{AuthMethod, Role};
use crate::test_util::{SampleBinding, SampleCommit, SampleRecord};
use crate::{Decision, IdentityName, Record};
use proptest::prelude::*;
use std::time::Duration;

/// A record in format 1, as the first version wrote it. It must remain readable for ever.
const FORM_1: &[u8] = include_bytes!("form-1.bin");

/// The content of that record.
fn record_of_format_1() -> Record {
    let began = Timestamp::from_millis(1_764_000_000_000);
    let sample = SampleRecord::new(7).created_at(began).principal("alice");
    let sample = sample.insert("cart", "[7,8]").insert("näme", "\"Zoë\"");
    let mut record = Record::clone(&sample.build());
    record.revision = Revision::from_bytes(*b"revision");
    record.epoch = 300;
    record.previous = Some(PreviousTokenHash {
        token_hash: TokenHash::from_bytes([0xab; TokenHash::LENGTH]),
        until: began + Duration::from_secs(30),
    });
    record
}

#[test]
fn a_record_in_format_1_is_still_read() {
    let record = record_of_format_1();
    assert_eq!(Record::decode(record.handle, FORM_1), Ok(record));
}

#[test]
fn a_record_is_written_in_format_1() {
    assert_eq!(record_of_format_1().encode(), FORM_1);
}

/// A record in format 2: one of format 1 with a trust anchor.
const FORM_2: &[u8] = include_bytes!("form-2.bin");

fn record_of_format_2() -> Record {
    let mut record = record_of_format_1();
    let binding = SampleBinding::new(7).verified_by(1, Some("example.org"));
    record.binding = Some(binding.build());
    record
}

#[test]
fn a_record_in_format_2_is_still_read_and_written() {
    let record = record_of_format_2();
    assert_eq!(record.encode(), FORM_2);
    assert_eq!(Record::decode(record.handle, FORM_2), Ok(record));
}

#[test]
fn a_flag_of_format_2_in_a_record_of_format_1_is_refused() {
    let record = record_of_format_2();
    let mut bytes = record.encode();
    bytes[0] = FIRST;
    let decoded = Record::decode(record.handle, &bytes);
    assert_eq!(decoded, Err(UnreadableRecord::Damaged));
}

/// A record in format 3: one of format 2 with details.
const FORM_3: &[u8] = include_bytes!("form-3.bin");

fn record_of_format_3() -> Record {
    let mut record = record_of_format_2();
    let at = Timestamp::from_millis(1_764_000_060_000);
    let names = |names: &[&str]| names.iter().map(|name| Role::new(*name).unwrap()).collect();
    record.details = Some(Arc::new(Details {
        sign_in: SignInDetails {
            methods: [AuthMethod::PASSWORD, AuthMethod::HARDWARE_KEY].into(),
            roles: names(&["admin", "orders:write"]),
            actor: Some(Principal::new("root").unwrap()),
            lifetimes: Some(Lifetimes::aal3()),
            is_persistent: true,
        },
        elevation: Some(Elevation::new(
            AuthMethod::ONE_TIME_PASSWORD,
            at,
            Duration::from_secs(300),
        )),
        device: Device::new()
            .with_label("laptop")
            .with_agent("Mozilla/5.0")
            .with_address([127, 0, 0, 1].into()),
    }));
    record
}

#[test]
fn a_record_in_format_3_is_still_read_and_written() {
    let record = record_of_format_3();
    assert_eq!(record.encode(), FORM_3);
    assert_eq!(Record::decode(record.handle, FORM_3), Ok(record));
}

/// A record in format 3 with encrypted data.
const FORM_3_SEALED: &[u8] = include_bytes!("form-3-sealed.bin");

fn sealed_record_of_format_3() -> Record {
    let mut record = record_of_format_2();
    record.seal = Some(Arc::new(Seal::Tokens {
        current: WrappedKey::from_bytes([0xc1; WrappedKey::LENGTH]),
        previous: Some(WrappedKey::from_bytes([0xc2; WrappedKey::LENGTH])),
    }));
    record
}

/// Records in formats 5 and 6: with and without a certificate, encrypted under an application key.
const FORM_5: &[u8] = include_bytes!("form-5.bin");
const FORM_6: &[u8] = include_bytes!("form-6.bin");

fn records_under_an_application_key() -> [(Record, &'static [u8]); 2] {
    let forms = [FORM_5, FORM_6];
    let records = [sealed_record_of_format_3(), record_of_format_4()];
    let mut forms = forms.into_iter();
    records.map(|mut record| {
        record.seal = Some(Arc::new(Seal::ApplicationKey {
            name: KeyName::new("2026-07").unwrap(),
            wrapped: WrappedKey::from_bytes([0xc1; WrappedKey::LENGTH]),
        }));
        (record, forms.next().unwrap())
    })
}

#[test]
fn records_in_formats_5_and_6_are_still_read_and_written() {
    for (mut record, form) in records_under_an_application_key() {
        assert_eq!(record.encode(), form);
        assert_eq!(Record::decode(record.handle, form), Ok(record.clone()));
        let summary = SessionSummary::decode(record.handle, form);
        assert_eq!(summary, Some(SessionSummary::from(&record)));
        record.details = record_of_format_3().details;
        let bytes = record.encode();
        assert_eq!(Record::decode(record.handle, &bytes), Ok(record));
    }
}

#[test]
fn the_next_application_key_takes_no_more_room_however_long_its_name() {
    let (mut record, _) = records_under_an_application_key()[0].clone();
    let before = record.size_without_data();
    record.seal = Some(Arc::new(Seal::ApplicationKey {
        name: KeyName::new(&"x".repeat(64)).unwrap(),
        wrapped: WrappedKey::from_bytes([0xc1; WrappedKey::LENGTH]),
    }));
    assert_eq!(record.size_without_data(), before);
    assert!(record.encode().len() <= before + record.data.size());
}

#[test]
fn a_flag_that_has_no_meaning_in_formats_5_and_6_is_refused() {
    for (record, form) in records_under_an_application_key() {
        let flags = form[45];
        // Without the encrypted data, or with a key for the previous token.
        for flags in [flags & !HAS_SEAL, flags | HAS_PREVIOUS_SEAL] {
            let mut bytes = form.to_vec();
            bytes[45] = flags;
            let sum = checksum(record.handle, &bytes[CHECKSUM.end..]);
            bytes[CHECKSUM].copy_from_slice(&sum);
            let decoded = Record::decode(record.handle, &bytes);
            assert_eq!(decoded, Err(UnreadableRecord::Damaged));
        }
    }
}

#[test]
fn an_application_key_without_a_valid_name_is_refused() {
    for (record, form) in records_under_an_application_key() {
        let at = form.windows(7).position(|it| it == b"2026-07").unwrap();
        for (at, byte) in [(at, b' '), (at - 1, 0), (at - 1, 65)] {
            let mut bytes = form.to_vec();
            bytes[at] = byte;
            let sum = checksum(record.handle, &bytes[CHECKSUM.end..]);
            bytes[CHECKSUM].copy_from_slice(&sum);
            let decoded = Record::decode(record.handle, &bytes);
            assert_eq!(decoded, Err(UnreadableRecord::Damaged));
        }
    }
}

/// A record in format 4: one without a certificate.
const FORM_4: &[u8] = include_bytes!("form-4.bin");

fn record_of_format_4() -> Record {
    let mut record = sealed_record_of_format_3();
    record.binding = None;
    record.principal = None;
    record
}

#[test]
fn a_record_in_format_4_is_still_read_and_written() {
    let record = record_of_format_4();
    assert_eq!(record.encode(), FORM_4);
    assert_eq!(Record::decode(record.handle, FORM_4), Ok(record.clone()));
    let summary = SessionSummary::decode(record.handle, FORM_4);
    assert_eq!(summary, Some(SessionSummary::from(&record)));
    assert!(record.size_without_data() + record.data.size() >= FORM_4.len());
}

#[test]
fn a_record_without_a_certificate_has_no_principal() {
    let mut record = record_of_format_4();
    record.principal = Some(Principal::new("alice").unwrap());
    let decoded = Record::decode(record.handle, &record.encode());
    assert_eq!(decoded, Err(UnreadableRecord::Damaged));
}

#[test]
fn an_encrypted_record_in_format_3_is_still_read_and_written() {
    let mut record = sealed_record_of_format_3();
    assert_eq!(record.encode(), FORM_3_SEALED);
    assert_eq!(
        Record::decode(record.handle, FORM_3_SEALED),
        Ok(record.clone())
    );
    assert!(FORM_3_SEALED.len() <= record.size_without_data() + record.data.size());
    record.seal = Some(Arc::new(Seal::Tokens {
        current: WrappedKey::from_bytes([0xc1; WrappedKey::LENGTH]),
        previous: None,
    }));
    record.details = record_of_format_3().details;
    let bytes = record.encode();
    assert_eq!(Record::decode(record.handle, &bytes), Ok(record));
}

#[test]
fn a_flag_of_format_3_in_an_older_record_is_refused() {
    let record = record_of_format_3();
    for version in [FIRST, SECOND] {
        let mut bytes = record.encode();
        bytes[0] = version;
        let decoded = Record::decode(record.handle, &bytes);
        assert_eq!(decoded, Err(UnreadableRecord::Damaged));
    }
}

#[test]
fn details_of_every_kind_read_back_and_fit_into_the_size_without_data() {
    let full = record_of_format_3();
    let all = Details::clone(full.details.as_ref().unwrap());
    let long = "x".repeat(64);
    let with = |change: &dyn Fn(&mut Details)| {
        let mut details = all.clone();
        change(&mut details);
        details
    };
    let nothing = SignInDetails::default();
    for details in [
        with(&|it| it.elevation = None),
        with(&|it| it.sign_in = nothing.clone()),
        with(&|it| it.device = Device::new()),
        with(&|it| it.device = it.device.clone().with_address([7; 16].into())),
        with(&|it| it.device = Device::new().with_agent(&"x".repeat(256))),
        with(&|it| {
            it.sign_in.roles = vec![Role::new(long.as_str()).unwrap(); MOST_NAMES].into();
            it.sign_in.methods = vec![AuthMethod::new(long.as_str()).unwrap(); MOST_NAMES].into();
            let endless = Lifetimes::default().with_grace(Duration::MAX);
            it.sign_in.lifetimes =
                Some(endless.with_idle(Duration::from_millis(u64::MAX)).unwrap());
            let elevation = Elevation::new(AuthMethod::PASSWORD, Timestamp::MAX, Duration::ZERO);
            it.elevation = Some(elevation);
        }),
    ] {
        let mut record = full.clone();
        record.details = Some(Arc::new(details));
        let bytes = record.encode();
        assert!(bytes.len() <= record.size_without_data() + record.data.size());
        let read = Record::decode(record.handle, &bytes).unwrap();
        assert_eq!(read.encode(), bytes);
    }
}

#[test]
fn a_newer_format_is_distinguished_from_damage() {
    let record = record_of_format_1();
    let mut bytes = record.encode();
    bytes[0] = VERSION + 1;
    let error = Record::decode(record.handle, &bytes).unwrap_err();
    assert_eq!(error, UnreadableRecord::Newer { version: 7 });
    assert_eq!(
        error.to_string(),
        "the record has format 7, and this version reads up to 6: update it"
    );
}

#[test]
fn a_record_with_any_flipped_bit_is_refused() {
    let [(encrypted, _), _] = records_under_an_application_key();
    for record in [record_of_format_3(), encrypted] {
        let sound = record.encode();
        for bit in 0..8 * sound.len() {
            let mut bytes = sound.clone();
            bytes[bit / 8] ^= 1 << (bit % 8);
            assert!(Record::decode(record.handle, &bytes).is_err(), "bit {bit}");
        }
    }
}

#[test]
fn a_truncated_or_extended_record_is_refused() {
    let record = record_of_format_1();
    let sound = record.encode();
    for length in 0..sound.len() {
        let cut = Record::decode(record.handle, &sound[..length]);
        assert_eq!(cut, Err(UnreadableRecord::Damaged), "{length} bytes");
    }
    let grown = [&sound[..], b"\0\0"].concat();
    assert!(Record::decode(record.handle, &grown).is_err());
}

#[test]
fn a_record_cannot_be_read_under_another_handle() {
    let bytes = record_of_format_1().encode();
    let other = SampleRecord::new(8).build().handle;
    assert_eq!(
        Record::decode(other, &bytes),
        Err(UnreadableRecord::Damaged)
    );
}

/// A valid checksum over invalid content: a bug in a writer, or an attack.
#[test]
fn invalid_content_with_a_valid_checksum_is_refused() {
    let record = record_of_format_1();
    let sound = record.encode();
    let block = sound.len() - record.data.size();
    for (at, byte) in [(45, 0xff), (45, 0), (block, 0), (block + 1, 0xff)] {
        let mut bytes = sound.clone();
        bytes[at] = byte;
        let sum = checksum(record.handle, &bytes[CHECKSUM.end..]);
        bytes[CHECKSUM].copy_from_slice(&sum);
        let decoded = Record::decode(record.handle, &bytes);
        assert_eq!(decoded, Err(UnreadableRecord::Damaged), "byte {at}");
    }
}

#[test]
fn the_revision_is_at_the_position_that_stores_read() {
    let record = record_of_format_1();
    assert_eq!(
        record.encode()[Record::REVISION_BYTES],
        record.revision.to_bytes()
    );
}

#[test]
fn the_longest_numbers_fit_into_the_size_without_data() {
    let mut record = record_of_format_1();
    let all = |record: &mut Record| {
        let until = Timestamp::MAX;
        let token_hash = record.token_hash;
        record.previous = Some(PreviousTokenHash { token_hash, until });
        record.epoch = u64::MAX;
        record.created_at = until;
        record.token_issued_at = until;
        record.last_seen_at = until;
        record.idle_deadline = until;
        record.absolute_deadline = until;
    };
    all(&mut record);
    assert!(record.encode().len() <= record.size_without_data() + record.data.size());
}

proptest! {
    #[test]
    fn every_record_reads_back(
        number: u32,
        principal in prop::option::of("[a-zé]{1,40}"),
        entries in prop::collection::vec((".{0,12}", ".{0,300}"), 0..6),
        deadline: u64,
        renews: bool,
        anchor in prop::option::of((any::<u32>(), prop::option::of("[a-z]{1,8}"))),
        names in prop::collection::vec("[a-z]{1,8}", 0..4),
    ) {
        let binding = SampleBinding::new(number);
        let named = |binding: SampleBinding, name: &String| binding.name(IdentityName::Uri, name);
        let binding = names.iter().fold(binding, named);
        let binding = match &anchor {
            Some((ca, domain)) => binding.verified_by(*ca, domain.as_deref()),
            None => binding,
        };
        let mut sample = SampleRecord::new(number).bound_to(&binding.build());
        if let Some(principal) = &principal {
            sample = sample.principal(principal);
        }
        for (key, json) in &entries {
            sample = sample.insert(key, json);
        }
        let mut record = sample.build();
        if renews {
            let until = Timestamp::from_millis(deadline);
            let renewal = SampleCommit::on(&record).renew(until).build();
            if let Decision::Apply { record: renewed, .. } = record.apply(&renewal) {
                record = renewed;
            }
        }
        let decoded = Record::decode(record.handle, &record.encode());
        prop_assert_eq!(decoded.as_ref(), Ok(&*record));
    }

    #[test]
    fn decoding_arbitrary_bytes_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let handle = SampleRecord::new(1).build().handle;
        let mut bytes = bytes;
        prop_assert!(Record::decode(handle, &bytes).is_err());
        if bytes.len() > CHECKSUM.end {
            bytes[0] = 1 + bytes[0] % VERSION;
            let sum = checksum(handle, &bytes[CHECKSUM.end..]);
            bytes[CHECKSUM].copy_from_slice(&sum);
            let _ = Record::decode(handle, &bytes);
        }
    }
}

//! Bytes with a valid checksum are either a record that encodes to the same bytes again, or are
//! refused.
#![no_main]

use certsession_core::test_util::SampleRecord;
use certsession_core::{ApplicationKey, ApplicationKeys, Handle, Record, UnreadableRecord};
use certsession_fuzz::plant_seeds;
use libfuzzer_sys::fuzz_target;

fn handle() -> Handle {
    SampleRecord::new(1).build().handle()
}

fn seed() -> Vec<u8> {
    let sample = SampleRecord::new(1).principal("alice");
    sample
        .insert("cart", "[7]")
        .insert("name", "\"Zoë\"")
        .build()
        .encode()
}

fn unbound() -> Vec<u8> {
    let sample = SampleRecord::new(1).unbound();
    sample.insert("cart", "[7]").build().encode()
}

/// A record whose data is encrypted under an application key.
fn encrypted() -> Vec<u8> {
    let bytes: [u8; 32] = std::array::from_fn(|n| n as u8);
    let key = ApplicationKey::new("2026-07", &bytes).expect("it has 32 bytes");
    let sample = SampleRecord::new(1).insert("cart", "[7]");
    let sample = sample.encrypt_with(&ApplicationKeys::new(key));
    sample.build().encode()
}

/// Without this, the checksum alone would detect every change that the fuzzer makes.
fn fix_checksum(bytes: &mut [u8]) {
    if let Some((head, body)) = bytes.split_at_mut_checked(5) {
        let mut crc = crc32fast::Hasher::new();
        crc.update(handle().as_bytes());
        crc.update(body);
        head[1..5].copy_from_slice(&crc.finalize().to_be_bytes());
    }
}

fuzz_target!(init: plant_seeds([
    ("record", seed()),
    ("unbound", unbound()),
    ("encrypted", encrypted()),
]), |bytes: &[u8]| {
    let mut bytes = bytes.to_vec();
    fix_checksum(&mut bytes);
    match Record::decode(handle(), &bytes) {
        Ok(record) => {
            assert!(matches!(bytes[0], 1..=6), "another version was read as one of these");
            assert_eq!(bytes[Record::REVISION_BYTES], record.revision().to_bytes());
            assert_eq!(Record::decode(handle(), &record.encode()), Ok(record));
        }
        Err(UnreadableRecord::Newer { version }) => assert!(version > 6 && bytes[0] == version),
        Err(_) => assert!(bytes.first().is_none_or(|version| *version <= 6)),
    }
});

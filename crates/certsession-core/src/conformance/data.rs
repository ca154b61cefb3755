//! Clauses about the session's data.

use super::Harness;
use super::trial::Trial;
use crate::principal::Principal;
use crate::store::{Outcome, SessionStore};
use crate::test_util::SampleCommit;

/// A session as large as the harness says is kept whole: one value of all of it, and two of half
/// as much each.
pub fn the_largest_session_is_kept<H: Harness>() {
    let trial = Trial::<H>::new();
    let largest = trial.harness.largest_data();
    let value = |length: usize| format!("\"{}\"", "x".repeat(length - FRAME));
    let half = value(largest / 2);
    let created = trial.keep(trial.sample(1).insert("created", &half));
    let written = trial.apply(SampleCommit::on(&created).insert("written", &half));
    assert_eq!(written.data.get("created"), Some(half.as_bytes()));
    assert_eq!(written.data.get("written"), Some(half.as_bytes()));
    trial.assert_active(&written);

    let whole = value(largest);
    let one = SampleCommit::on(&written).retain(&[]).insert("one", &whole);
    let one = trial.apply(one.sign_in(&"a".repeat(Principal::MAX_LENGTH)));
    assert_eq!(one.data.get("one"), Some(whole.as_bytes()));
    assert!(one.data.size() <= largest && largest - one.data.size() < FRAME);
    trial.assert_active(&one);
    let fits = trial.store.max_record_size() >= one.encode().len();
    assert!(fits, "the store says that it cannot keep what it has kept");
}

/// What a value takes besides its text, at the most, in the clause about the largest session:
/// quotes, a name, two lengths.
const FRAME: usize = 2 + 7 + 1 + 4;

/// Five hundred keys are kept, each with its own value.
pub fn five_hundred_keys_are_kept<H: Harness>() {
    let trial = Trial::<H>::new();
    let mut record = trial.keep(trial.sample(1));
    for hundred in 0..5 {
        let mut commit = SampleCommit::on(&record);
        for n in 100 * hundred..100 * (hundred + 1) {
            commit = commit.insert(&format!("key {n}"), &n.to_string());
        }
        record = trial.apply(commit);
    }
    assert_eq!(record.data.iter().count(), 500);
    for n in 0..500 {
        let value = n.to_string();
        let kept = record.data.get(&format!("key {n}"));
        assert_eq!(kept, Some(value.as_bytes()), "key {n}");
    }
    trial.assert_active(&record);
}

/// Names and values of every length are kept, including the lengths at which an encoding needs one
/// more byte for the length.
pub fn names_and_values_of_every_length_are_kept<H: Harness>() {
    let trial = Trial::<H>::new();
    let lengths = [0, 1, 31, 32, 63, 64, 65, 127, 128, 129, 255, 256, 257];
    let lengths = [&lengths[..], &[16_383, 16_384, 16_385, 65_535, 65_536]].concat();
    let record = trial.keep(trial.sample(1));
    let mut commit = SampleCommit::on(&record);
    for length in &lengths {
        // An empty JSON text is invalid, but a store need not know that.
        commit = commit.insert(&"n".repeat(*length), &"1".repeat(*length));
    }
    let written = trial.apply(commit);
    for length in lengths {
        let kept = written.data.get(&"n".repeat(length));
        assert_eq!(kept, Some("1".repeat(length).as_bytes()), "{length} bytes");
    }
    trial.assert_active(&written);
}

/// A key may have any name: an empty one, one that a store uses itself, one with several lines.
pub fn a_key_may_have_any_name<H: Harness>() {
    let trial = Trial::<H>::new();
    let long = "n".repeat(1000);
    let names = [
        "", " ", "\0", "a\0b", "a\r\nb", "ключ", "🗝", "é", "e\u{301}", "handle", "proof", "epoch",
        "__proto__", "{a}", "*", "a:b", "a\"b", "a\\b", "%s", "0", &long,
    ];
    let record = trial.keep(trial.sample(1));
    let mut commit = SampleCommit::on(&record);
    for (n, name) in names.iter().enumerate() {
        commit = commit.insert(name, &n.to_string());
    }
    let written = trial.apply(commit);
    assert_eq!(written.data.iter().count(), names.len());
    for (n, name) in names.iter().enumerate() {
        let value = n.to_string();
        assert_eq!(written.data.get(name), Some(value.as_bytes()), "{name:?}");
    }
    trial.assert_active(&written);

    let mut commit = SampleCommit::on(&record);
    for name in names {
        commit = commit.remove(name);
    }
    let emptied = trial.apply(commit);
    assert_eq!(emptied.data.iter().count(), 0);
    trial.assert_active(&emptied);
}

/// A value is kept byte by byte: a store neither interprets nor rewrites it.
pub fn a_value_is_kept_byte_by_byte<H: Harness>() {
    let trial = Trial::<H>::new();
    let values = [
        "null",
        "\"\"",
        "[]",
        "{}",
        "1.0",
        "1e400",
        "12345678901234567890123",
        "{\"a\":1, \"a\":2}",
        " [ 1 , 2 ] ",
        "\"\\u0000\\n\"",
        "\"кот 🐈\"",
    ];
    let mut sample = trial.sample(1);
    for (n, value) in values.iter().enumerate() {
        sample = sample.insert(&n.to_string(), value);
    }
    let created = trial.keep(sample);
    let mut commit = SampleCommit::on(&created);
    for (n, value) in values.iter().enumerate() {
        commit = commit.insert(&format!("again {n}"), value);
    }
    let record = trial.apply(commit);
    for (n, value) in values.iter().enumerate() {
        let value = Some(value.as_bytes());
        assert_eq!(record.data.get(&n.to_string()), value);
        assert_eq!(record.data.get(&format!("again {n}")), value);
    }
    trial.assert_active(&record);
}

/// A commit that would exceed the session's maximum data size is refused and changes nothing,
/// whatever each request could see when it wrote.
pub fn a_commit_beyond_the_data_limit_changes_nothing<H: Harness>() {
    let trial = Trial::<H>::new();
    let loaded = trial.keep(trial.sample(1));
    let write = |key, length| {
        let commit = SampleCommit::on(&loaded).max_data_size(100);
        commit.insert(key, &"1".repeat(length))
    };
    let written = trial.apply(write("a", 60));
    for refused in [
        write("b", 60),
        write("b", 60).rotate(),
        write("b", 60).sign_in("alice"),
        write("a", 101),
    ] {
        let outcome = trial.commit(refused);
        assert!(
            matches!(outcome, Outcome::TooLarge { size } if size > 100),
            "{outcome:?}"
        );
        trial.assert_active(&written);
    }
    assert_eq!(trial.list(&super::trial::principal("alice")), []);
    // Replaced and dropped values do not count.
    trial.apply(write("a", 90));
    let swapped = trial.apply(write("b", 90).retain(&[]).insert("b", "1"));
    trial.assert_active(&swapped);
}

/// If the limit was lowered, a larger session may shrink and be used, but not grow.
pub fn a_session_beyond_a_lowered_data_limit_may_shrink<H: Harness>() {
    let trial = Trial::<H>::new();
    let big = "1".repeat(200);
    let loaded = trial.keep(trial.sample(1).insert("a", &big).insert("b", &big));
    let limited = SampleCommit::on(&loaded).max_data_size(100);
    trial.apply(limited.clone());
    let grown = trial.commit(limited.clone().insert("c", "1"));
    assert!(matches!(grown, Outcome::TooLarge { .. }), "{grown:?}");
    let shrunk = trial.apply(limited.remove("b"));
    assert_eq!(shrunk.data.iter().count(), 1);
    trial.assert_active(&shrunk);
}
